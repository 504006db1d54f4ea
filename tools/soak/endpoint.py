"""An endpoint that can fall ill: a mock LLM server in a process of its own, at a port that it keeps."""

import signal
from typing import Any

from tools.mock import MockServer
from tools.soak.spells import Kind
from tools.speed.world import DIMENSION

USUAL = {"latency": 0.1, "jitter": 0.1, "tokens": 100, "dimension": DIMENSION}
SLOW = {"latency": 2.0, "jitter": 2.0}


class Endpoint:
    """The mock; `start` and `stop` may come several times."""

    def __init__(self) -> None:
        self._mock = MockServer()
        self._running = False

    @property
    def url(self) -> str:
        """Base URL for a pool file; it stays when the endpoint is started again."""
        return self._mock.url

    def start(self) -> None:
        """Start it, in good health."""
        self._mock = MockServer(port=self._mock.port)
        self._mock.__enter__()
        self._running = True
        self._serve(USUAL)

    def stop(self) -> None:
        """Stop it where it runs, and so close all of its connections."""
        if self._running:
            self._mock.process.send_signal(signal.SIGCONT)  # a stopped process does not end
            self._mock.__exit__(None, None, None)
        self._running = False

    def fall_ill(self, kind: Kind) -> None:
        """Begin to die, freeze, hang, ..."""
        match kind:
            case "die":
                self._mock.process.kill()
                self.stop()
            case "freeze":
                self._mock.process.send_signal(signal.SIGSTOP)
            case "slow":
                self._serve(USUAL | SLOW)
            case _:
                self._serve(USUAL | {"fault": kind})

    def recover(self, kind: Kind) -> None:
        """Be well again."""
        match kind:
            case "die":
                self.start()
            case "freeze":
                self._mock.process.send_signal(signal.SIGCONT)
            case _:
                self._serve(USUAL)

    def _serve(self, plan: dict[str, Any]) -> None:
        self._mock.set("*", **plan)
