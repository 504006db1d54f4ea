"""selectors.json: the settings that were chosen inside this bank for selectors, and how (`smacs bank choose`).

They stay as they are until somebody chooses again: an LLM that is added changes nobody's scores.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import msgspec

from smacs.errors import BankError
from smacs.store.bank import QuestionBank
from smacs.store.io.checksums import ACCEPT, WrongChecksumError, read_document, sealed_document
from smacs.store.io.draft import draft_file
from smacs.store.io.lock import write_lock
from smacs.store.manifest import BankEmbedder

FILE = "selectors.json"
Setting: TypeAlias = int | float | str
Settings: TypeAlias = Mapping[str, Setting]


class Chosen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One selector's settings.

    Their rank score in % and that of the defaults, cross-validated in so many folds over these questions and LLMs; the
    digest of the embedder whose vectors they were chosen for.
    """

    settings: dict[str, Setting]
    rank_score: float | None
    default_rank_score: float | None
    folds: int
    questions: int
    llms: list[str]
    embedder: str
    when: str


def read_chosen(folder: Path) -> dict[str, Chosen]:
    """The whole file by selector; nothing where there is none. Raises BankError."""
    return checked_chosen(folder)[0]


def checked_chosen(folder: Path, *, check: bool = True) -> tuple[dict[str, Chosen], bool]:
    """The whole file, and whether it has a checksum or is not there; `check=False` takes any. Raises BankError."""
    path = folder / FILE
    try:
        return read_document(path.read_bytes(), dict[str, Chosen], check=check)
    except FileNotFoundError:
        return {}, True
    except WrongChecksumError as error:
        what = f": {error}; {ACCEPT}"
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        what = f" is broken: {error}"
    raise BankError(f"{path}{what}. Restore it, or delete it: then the defaults hold.")


def frozen_settings(folder: Path, made_for: BankEmbedder) -> dict[str, Settings]:
    """The settings by selector; those chosen for the vectors of another embedder do not count. Raises BankError."""
    found = read_chosen(folder)
    return {name: chosen.settings for name, chosen in found.items() if chosen.embedder == made_for.digest}


def write_chosen(bank: QuestionBank, new: Mapping[str, Chosen]) -> Path:
    """Put these in the place of what was chosen for the same selectors, in one step. Raises BankError."""
    path = bank.path / FILE
    with write_lock(bank.path):
        kept = {**read_chosen(bank.path), **new}
        with draft_file(path) as file:
            file.write(sealed_document(dict(sorted(kept.items()))))
    return path
