"""selectors.json: the settings of selectors that `smacs bank choose` has tuned on a bank, and how.

They are frozen until somebody tunes them again: adding an LLM changes nobody's scores.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import msgspec

from smacs.errors import BankError
from smacs.store.folder import BankFolder
from smacs.store.io.checksums import ACCEPT, WrongChecksumError, read_document, sealed_document
from smacs.store.io.draft import draft_file
from smacs.store.io.lock import write_lock
from smacs.store.manifest import BankEmbedder

FILE = "selectors.json"
SettingValue: TypeAlias = int | float | str
SelectorSettings: TypeAlias = Mapping[str, SettingValue]


class TunedSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One selector's settings, and how they were found.

    The rank scores in %, of these settings and of the defaults, are cross-validated in `folds` folds over `questions`
    questions and these LLMs. `embedder` is the digest of the embedder whose vectors the settings are for.
    """

    settings: dict[str, SettingValue]
    rank_score: float | None
    default_rank_score: float | None
    folds: int
    questions: int
    llms: list[str]
    embedder: str
    when: str


def read_tuned_settings(folder: Path) -> dict[str, TunedSettings]:
    """The whole file by selector; nothing where there is none. Raises BankError."""
    return checked_tuned_settings(folder)[0]


def checked_tuned_settings(folder: Path, *, check: bool = True) -> tuple[dict[str, TunedSettings], bool]:
    """The whole file, and whether it has a checksum or is not there; `check=False` takes any. Raises BankError."""
    path = folder / FILE
    try:
        return read_document(path.read_bytes(), dict[str, TunedSettings], check=check)
    except FileNotFoundError:
        return {}, True
    except WrongChecksumError as error:
        what = f": {error}; {ACCEPT}"
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        what = f" is broken: {error}"
    raise BankError(f"{path}{what}. Restore it, or delete it: then the defaults hold.")


def valid_settings(folder: Path, made_for: BankEmbedder) -> dict[str, SelectorSettings]:
    """The settings by selector; those tuned for the vectors of another embedder do not count. Raises BankError."""
    found = read_tuned_settings(folder)
    return {name: tuned.settings for name, tuned in found.items() if tuned.embedder == made_for.digest}


def write_tuned_settings(bank: BankFolder, new: Mapping[str, TunedSettings]) -> Path:
    """Replace the settings of these selectors, in one step. Raises BankError."""
    path = bank.path / FILE
    with write_lock(bank.path):
        kept = {**read_tuned_settings(bank.path), **new}
        with draft_file(path) as file:
            file.write(sealed_document(dict(sorted(kept.items()))))
    return path
