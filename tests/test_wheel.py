"""The wheel: built, installed into an empty environment, and imported next to foreign modules of the same names."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from build import ProjectBuilder

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
SETUP = PYPROJECT["tool"]["setuptools"]
FOLDERS: dict[str, str] = {"smacs": "smacs", **SETUP["package-dir"]}  # import name -> folder
OUTSIDE = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "SMACS_"))}

# Imports every module of the wheel, and the foreign ones; prints where each came from.
IMPORT = """
import importlib, json, pkgutil, sys
assert not any("__editable__" in getattr(finder, "__module__", "") for finder in sys.meta_path), sys.meta_path
import graph, nodes, smacs
found = {module.name for module in pkgutil.walk_packages(smacs.__path__, "smacs.")}
modules = [graph, nodes, smacs]
modules += [importlib.import_module(name) for name in sorted(found) if not name.endswith("__main__")]
print(json.dumps({module.__name__: module.__file__ for module in modules}))
"""


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """The stdout of a command that ends well."""
    done = subprocess.run(command, cwd=cwd, env=OUTSIDE | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def packages() -> Iterator[tuple[str, Path]]:
    """Every package of the source tree: import name and folder."""
    for name, folder in FOLDERS.items():
        for init in sorted((ROOT / folder).rglob("__init__.py")):
            below = init.parent.relative_to(ROOT / folder).parts
            yield ".".join([name, *below]), init.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of a copy of the source: a build leaves its files where it is done."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for folder in FOLDERS.values():
        shutil.copytree(
            ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__", "chroma", "*.lock")
        )
    for file in ("pyproject.toml", PYPROJECT["project"]["readme"], *PYPROJECT["project"]["license-files"]):
        shutil.copy(ROOT / file, source / file)
    isolation = [] if ProjectBuilder(source).check_dependencies("wheel") else ["--no-isolation"]
    run(sys.executable, "-m", "build", "--wheel", *isolation, "--outdir", out, ".", cwd=source)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of an environment that has the wheel, and sees the dependencies of this one.

    A path in a .pth file is only searched: the .pth files there, such as that of an editable SMACS, do nothing.
    """
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python)]
    run(*pip, "install", "--no-deps", "--no-index", wheel, cwd=folder)
    own = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip()
    here = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (Path(own) / "dependencies.pth").write_text("\n".join(sorted(here)))
    return folder / "bin"


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """Somebody's own project, with modules called `graph` and `nodes`."""
    for name in ("graph", "nodes"):
        (tmp_path / f"{name}.py").write_text(f"OWNER = 'the user of {name}'\n")
    return tmp_path


def test_every_package_of_the_source_is_listed() -> None:
    assert sorted(name for name, _ in packages()) == sorted(SETUP["packages"])


def test_the_wheel_has_every_module_and_nothing_beside_smacs(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        members = set(archive.namelist())
    modules = {f"{name.replace('.', '/')}/{file.name}" for name, folder in packages() for file in folder.glob("*.py")}
    assert {member for member in members if member.endswith(".py")} == modules
    assert {member.split("/")[0].partition("-")[0] for member in members} == {"smacs"}
    assert not {part for member in members for part in member.split("/")} & {"tools", "tests", "examples"}


@pytest.mark.parametrize(
    ("package", "pattern"),
    [(package, pattern) for package, patterns in SETUP["package-data"].items() for pattern in patterns],
)
def test_the_wheel_has_the_data_of_every_package(wheel: Path, package: str, pattern: str) -> None:
    folder = dict(packages())[package]
    files = [file.relative_to(folder).as_posix() for file in folder.glob(pattern) if file.is_file()]
    expected = {f"{package.replace('.', '/')}/{name}" for name in files}
    with ZipFile(wheel) as archive:
        assert expected and expected <= set(archive.namelist())


def test_every_module_imports_from_the_wheel_beside_foreign_ones(environment: Path, foreign: Path) -> None:
    home = foreign / "home"
    files = json.loads(run(environment / "python", "-c", IMPORT, cwd=foreign, SMACS_HOME=str(home)))
    assert files.pop("graph") == str(foreign / "graph.py")
    assert files.pop("nodes") == str(foreign / "nodes.py")
    assert set(SETUP["packages"]) <= set(files)
    assert [file for file in files.values() if not file.startswith(str(environment.parent))] == []
    assert list(home.glob("banks/starter-*/questions.jsonl")), "smacs.graph.app opens the starter bank of the wheel"


def test_the_command_works(environment: Path, foreign: Path) -> None:
    assert "Usage: smacs" in run(environment / "smacs", "--help", cwd=foreign)
    assert "smollm2-135m" in run(environment / "smacs", "models", "list", cwd=foreign, SMACS_HOME=str(foreign))
