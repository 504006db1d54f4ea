"""How long a user waits before anything happens: `import smacs` and `smacs --help` in fresh processes."""

import subprocess
import sys
import time
from statistics import median

from tools.speed.figure import Figure

RUNS = 7
IMPORT = "import time; start = time.perf_counter(); import smacs; print(time.perf_counter() - start)"
HELP = "import sys; from smacs.cli.main import main; sys.argv = ['smacs', '--help']; main()"


def measure() -> list[Figure]:
    """Seconds, medians; targets 0.3 and 0.5. The first runs only fill the system's file cache."""
    imports = [float(python(IMPORT)) for _ in range(RUNS + 1)][1:]
    helps = [timed(HELP) for _ in range(RUNS + 1)][1:]
    return [
        Figure(name="import smacs", value=median(imports), unit="s", target=0.3, details={"seconds": imports}),
        Figure(name="smacs --help", value=median(helps), unit="s", target=0.5, details={"seconds": helps}),
    ]


def python(code: str) -> str:
    """What a fresh process prints."""
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def timed(code: str) -> float:
    """How long a fresh process takes from its start to its end, in seconds."""
    start = time.perf_counter()
    python(code)
    return time.perf_counter() - start
