"""The unit in docs/deploy.md, as systemd reads it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from smacs.server.settings import ServerSettings

TEXT = (Path(__file__).parents[2] / "docs" / "deploy.md").read_text()
UNIT = "\n".join(re.findall(r"^```ini\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    file = tmp_path / "smacs.service"
    file.write_text(UNIT.replace("/opt/smacs/bin/smacs", "/bin/sh"))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", file], capture_output=True, text=True, check=False)
    assert not [line for line in done.stderr.splitlines() if file.name in line]


def test_it_leaves_time_to_drain() -> None:
    (seconds,) = re.findall(r"^TimeoutStopSec=(\d+)$", UNIT, re.MULTILINE)
    assert float(seconds) > ServerSettings.model_fields["grace"].default + 5
