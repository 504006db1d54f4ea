"""The starter bank that ships with SMACS; `tools.starter` writes its questions."""

import hashlib
import shutil
from importlib import resources
from pathlib import Path

from smacs.errors import BankError
from smacs.paths import home
from smacs.store.io.draft import draft_folder


def starter_folder() -> Path:
    """The starter bank's folder, `home()/banks/starter-<hash of its content>`; the first call copies it there.

    Raises BankError.
    """
    source = Path(str(resources.files("smacs.store.starter") / "bank"))
    files = sorted(path for path in source.rglob("*") if path.is_file() and path.suffix in (".json", ".jsonl"))
    if not files:
        raise BankError(f"The starter bank is missing from the installation ({source}). Install smacs again.")
    target = home() / "banks" / f"starter-{_digest(source, files)}"
    if not target.exists():
        _copy(source, files, target)
    return target


def _digest(source: Path, files: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.relative_to(source).as_posix()}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _copy(source: Path, files: list[Path], target: Path) -> None:
    """Copy beside the target, then rename: a process killed or overtaken in between leaves no half bank."""
    with draft_folder(target.parent, ".starter-") as made:
        draft = made / "bank"
        for path in files:
            copy = draft / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
        try:
            draft.rename(target)
        except OSError:
            if not target.exists():  # else another process was faster, with the same content
                raise
