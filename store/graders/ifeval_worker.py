"""The worker process of the grader of IFEval: the benchmark's own checks, as lm-eval carries them."""

import random
import tempfile
from pathlib import Path
from typing import Any

from smacs.store.graders.ifeval_messages import Checks, Outcome
from smacs.store.graders.worker import serve


def offer_sentence_model(folder: Path) -> None:
    """Write NLTK's English sentence model where NLTK looks, so that nothing is downloaded."""
    import nltk
    import punkt
    from nltk.tokenize.punkt import PunktParameters, save_punkt_params

    model, parameters = punkt.load_model("english"), PunktParameters()
    parameters.abbrev_types = model.abbrev_types
    parameters.collocations = model.collocations
    parameters.sent_starters = model.sent_starters
    parameters.ortho_context.update(model.ortho_context)
    target = folder / "tokenizers" / "punkt_tab" / "english"
    target.mkdir(parents=True)
    nltk.data.path.insert(0, str(folder))
    save_punkt_params(parameters, dir=str(target))


def official_checks() -> Any:
    """The module with the strict test; langdetect draws by chance unless it is given a seed."""
    import langdetect
    from lm_eval.tasks.ifeval import utils

    langdetect.DetectorFactory.seed = 0
    return utils


def check(official: Any, request: Checks) -> Outcome:
    """The instructions that the strict test finds broken."""
    label = request.label
    # For a letter that is none, "#" or "!", the check draws one: two prompts of the benchmark.
    random.seed(0)
    example = official.InputExample(0, label.instruction_id_list, request.prompt, label.kwargs)
    try:
        result = official.test_instruction_following_strict(example, request.response)
    except Exception as error:
        return Outcome([], f"{type(error).__name__}: {error}")
    followed = zip(label.instruction_id_list, result.follow_instruction_list, strict=True)
    return Outcome([name for name, holds in followed if not holds])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="smacs-") as name:
        offer_sentence_model(Path(name))
        official_module = official_checks()
        serve(Checks, lambda request: check(official_module, request), memory=8 << 30)
