"""docs/prior.md, written from a report: `python -m tools.prior_document REPORT.json docs/prior.md`.

Every figure and every verdict in it comes from the report.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from smacs.bench.prior.report import Report, read_json
from smacs.bench.prior.tables import headline, markdown_table, overview, tables
from smacs.bench.prior.targets import checked

TEXT = """\
# The prior, measured

Written by `make prior-docs` from a run of `smacs bank rank`; edits are lost.

{headline}

## Targets

All are gains over Simple Router (per data set, the LLM that was best on the bank) in the same splits, in points. "Best"
is the best of everything measured here on the same test questions, which flatters it a little; the tables show it all.
RPS should give what was known from four other splits: reproduced means within the noise of both.

{targets}

![What each selector and each answer gains over Simple Router]({figure})

{repeats}## What is measured

- Rank score: pairwise ranking score, eq. 8 of the paper. Of all pairs of a right and a wrong LLM on a test question,
  the share that the selector ranks in that order; equal scores count half; the pairs of all test questions are pooled.
- Top-1: accuracy of the LLM ranked first. One of {k} right: share of questions with a right LLM among the first {k}.
- {k} vote: accuracy of the answer that the first {k} LLMs elect with their recorded replies. A reply without an answer
  elects nobody; where nobody is elected, the answer is wrong.
- Stop early: the same LLMs are called one after another until the vote is decided. The rule's threshold is the one that
  takes {calls:g} calls on average in the bank part; `calls` says how many it took in the test part.
- Selectors, rules and thresholds are fitted on the bank part alone. What a rule learns about priors comes from
  selectors fitted without the question ({inner} folds inside the bank part).
- Settings that have candidates are chosen in each split anew, by cross-validation inside its bank part ({choice} folds,
  questions with the same text in one of them): a selector's by rank score, a rule's by the accuracy of the {k} vote
  with the paper's prior. Ties go to the defaults. The test part has no say. "Settings chosen inside the bank part"
  below lists candidates and choices. `rps` and `cluster_ranks` keep their papers' values; `ridge` chooses in its fit.
- What has no candidates, and which candidates there are, was settled with the recorded MMLU-Pro set at hand: the terms
  of `shaped_kernel` and the constant in its logarithm, how strongly `knn_shrinkage` shrinks, the signals that
  `reliability` can read and its penalties. Expect a little less elsewhere.
- `reliability` also learns from the form of the option that a reply chose: its length, its likeness to the others.
  That says how a benchmark's wrong options were written, not what LLMs know. It is learned in the bank, and fades where
  it is no help.
- Test questions are embedded as bank questions are, and come with their data set and subject. A live question has
  neither: the live gain is the gain in rank score without them.
- Missing cells are left out and counted (`left_out` in the JSON), never taken as wrong.
- Intervals: {level:g} % percentile bootstrap with {draws:,} seeded draws over questions. A question that several splits
  test is drawn as one, with all that was measured on it; a gain is computed within each draw. They say how far figures
  move with other questions of the same kind. That splits share bank questions is not in them: see "splits ahead" too.

## Figures

{tables}

## Selectors

{selectors}

## Vote rules

{rules}

## Do it again

FOLDER is the recorded set: `questions.parquet` and the files beside it.

```
smacs bank import FOLDER --bank mmlu-bank
smacs bank rank --bank mmlu-bank {options} --json prior.json --figure prior.svg
```

On a bank of your own, `smacs bank rank --bank DIR` cross-validates in five folds; `--test DIR` tests on another bank.
"""


REPEATS = """\
## The same with repeats left in

{headline}

A bank question with the text of a test question gives its grades away. Splits that nobody cleans have such pairs:
these figures compare with other people's, the ones above say what to expect of new questions.

{targets}

{ranking}

"""


def document(report: Report, figure: str, repeats: Report | None = None) -> str:
    """The whole text; `figure` is the link of the figure, `repeats` a report of `smacs bank rank --repeats`."""
    setup = report.setup
    return TEXT.format(
        headline=headline(setup),
        targets=markdown_table(checked(report)),
        figure=figure,
        repeats=_repeats(repeats) if repeats else "",
        k=setup.k,
        calls=setup.calls,
        inner=setup.inner_folds,
        choice=setup.choice_folds,
        level=100 * setup.level,
        draws=setup.draws,
        tables=tables(report),
        selectors=_list(report.selectors),
        rules=_list(report.rules),
        options=setup.options,
    )


def _repeats(report: Report) -> str:
    ranking = markdown_table(overview(report))
    return REPEATS.format(headline=headline(report.setup), targets=markdown_table(checked(report)), ranking=ranking)


def _list(summaries: Mapping[str, str]) -> str:
    return "\n".join(f"- `{name}`: {summary}" for name, summary in summaries.items())


def main(arguments: list[str] | None = None) -> int:
    """Write the document."""
    parser = argparse.ArgumentParser("python -m tools.prior_document", description=__doc__)
    parser.add_argument("report", type=Path, help="what `smacs bank rank --json` wrote")
    parser.add_argument("out", type=Path, help="the Markdown file; the figure is expected beside it, as .svg")
    parser.add_argument("--repeats", type=Path, metavar="REPORT", help="the same of `smacs bank rank --repeats`")
    given = parser.parse_args(arguments)
    repeats = read_json(given.repeats) if given.repeats else None
    text = document(read_json(given.report), given.out.with_suffix(".svg").name, repeats)
    given.out.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
