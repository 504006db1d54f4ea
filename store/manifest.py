"""manifest.json: the format version of a bank, when it was made, its embedder, and where its index is."""

import hashlib
import os
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, Self

import msgspec
from pydantic import ValidationError

from smacs.errors import BankError, EmbedderMismatchError
from smacs.pool.config import EmbedderSpec
from smacs.store.io.checksums import ACCEPT, WrongChecksumError, read_document, sealed_document

FORMAT = 1
FILE = "manifest.json"
DEFAULT_EMBEDDER = EmbedderSpec(dimension=384)  # of a new bank where nobody names one


class BankEmbedder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What decides the vectors of a bank. Where the embedder runs (endpoint, key) belongs to the pool."""

    kind: Literal["sentence-transformers", "openai"]
    model: str
    query_template: str
    document_template: str
    dimension: Annotated[int, msgspec.Meta(gt=0, le=1_000_000)]

    @classmethod
    def of(cls, spec: EmbedderSpec) -> Self:
        """From the pool's spec, which must name a dimension. Raises BankError."""
        if spec.dimension is None:
            raise BankError(
                f"A bank fixes its embedder's dimension; the spec of {spec.model!r} has none. Set `dimension`."
            )
        return cls(
            kind=spec.kind,
            model=spec.model,
            query_template=spec.query_template,
            document_template=spec.document_template,
            dimension=spec.dimension,
        )

    def spec(self) -> EmbedderSpec:
        """As the pool's spec."""
        return EmbedderSpec.model_validate(msgspec.to_builtins(self))

    @property
    def digest(self) -> str:
        """Eight hex digits that say which vectors these are: another embedder gives others."""
        parts = (self.model, self.document_template, str(self.dimension))
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:8]

    def check(self, spec: EmbedderSpec) -> None:
        """Raise EmbedderMismatchError where `spec` would give other vectors; `kind` only says how it is run."""
        same = (
            _same_model(self.model, spec.model)
            and (self.query_template, self.document_template) == (spec.query_template, spec.document_template)
            and spec.dimension in (None, self.dimension)
        )
        if not same:
            came = msgspec.structs.replace(self, **{k: getattr(spec, k) for k in self.__struct_fields__})
            raise EmbedderMismatchError(
                f"The bank was embedded with {self}; the embedder at hand is {came}. Use the bank's embedder, or "
                "make a bank with the other one."
            )

    def __str__(self) -> str:
        templates = f"query {self.query_template!r}, document {self.document_template!r}"
        return f"{self.model!r} (dimension {self.dimension}, {templates})"


class Manifest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The whole file. `chroma` is the URL of the Chroma server that holds the index; empty: it is in the folder.

    `uid` tells this bank from others on the same server.
    """

    format: int
    created: str
    embedder: BankEmbedder
    uid: str = ""
    chroma: str = ""


def new_manifest(spec: EmbedderSpec) -> Manifest:
    """A manifest of today for a bank embedded with `spec`."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Manifest(format=FORMAT, created=now, embedder=BankEmbedder.of(spec), uid=uuid.uuid4().hex[:12])


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write it readable, in one step: a reader sees the old one or the new one. A folder without it is no bank."""
    draft = folder / f".{FILE}.new"
    with draft.open("wb") as file:
        file.write(sealed_document(manifest))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / FILE)


def read_manifest(folder: Path) -> Manifest:
    """Read and check it. Raises BankError."""
    return checked_manifest(folder)[0]


def checked_manifest(folder: Path, *, check: bool = True) -> tuple[Manifest, bool]:
    """The manifest, and whether it has a checksum; `check=False` takes any. Raises BankError."""
    path = folder / FILE
    if not folder.is_dir():
        raise BankError(f"No question bank at {folder}: there is no such folder. Check the path, or create the bank.")
    try:
        body = path.read_bytes()
        version = read_document(body, _Versioned, check=check)[0].format
        if version != FORMAT:
            raise BankError(f"{path} says format {version}; this version of smacs reads format {FORMAT}. Update smacs.")
        found = read_document(body, Manifest, check=check)
        found[0].embedder.spec()
    except FileNotFoundError:
        raise BankError(f"{folder} is no question bank: expected {FILE} in it. Check the path.") from None
    except WrongChecksumError as error:
        raise BankError(f"{path}: {error}; {ACCEPT}. Else restore it; the rest of the bank is unharmed.") from None
    except ValidationError as error:
        what = "; ".join(problem["msg"] for problem in error.errors())
        raise BankError(f"{path} is broken: {what}. Restore it; the rest of the bank is unharmed.") from error
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BankError(f"{path} is broken: {error}. Restore it; the rest of the bank is unharmed.") from error
    return found


class _Versioned(msgspec.Struct):
    format: int


def _same_model(one: str, other: str) -> bool:
    """Equal names; a hub owner that only one of them gives is left out."""
    one, other = one.casefold(), other.casefold()
    return one == other or (("/" in one) != ("/" in other) and one.rpartition("/")[2] == other.rpartition("/")[2])
