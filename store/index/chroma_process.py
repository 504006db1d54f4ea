"""A `ChromaFolder` in its own process, `python -m smacs.store.index.chroma_process FOLDER ...`, and the pipe to it.

In a process of its own Chroma's memory is given back when the vectors are out, a damaged file that its native code
trips over ends nothing else, and no two can write at once: the process holds the index lock until its owner closes the
pipe or dies. Requests are pickled `(method, arguments)`, results come back pickled; an error is a result of type
BankError. What the process says on stderr is kept for the error that tells of its end.
"""

import os
import pickle
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, BinaryIO

from smacs.errors import BankError
from smacs.store.index.chroma import BrokenIndexError, ChromaFolder
from smacs.store.index.place import Place
from smacs.store.io.files import cannot_write, check_room
from smacs.store.io.lock import write_lock

# glibc keeps freed memory in pieces that it cannot reuse unless there is one arena and large blocks are mapped.
_MEMORY = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": str(1 << 20)}

_CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE, signal.SIGTRAP)
_ELSEWHERE = (ImportError, MemoryError, OSError, KeyboardInterrupt, SystemExit)


class ChromaProcess:
    """The owner's end. Every method blocks; raises BankLockedError, BrokenIndexError or BankError."""

    def __init__(self, place: Place, *, wait: float) -> None:
        """Wait at most `wait` seconds for another process that uses the folder."""
        self.folder = place.chroma
        arguments = [str(place.folder), place.collection, str(place.dimension), str(os.getpid()), str(wait)]
        self._ready = False
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env=os.environ | _MEMORY,
            start_new_session=True,  # Ctrl-C is the owner's business
        )
        try:
            self._receive()
        except BankError:
            self.close()
            raise
        self._ready = True

    def call(self, method: str, *arguments: Any) -> Any:
        """Call a method of the `ChromaFolder`."""
        assert self._process.stdin is not None
        try:
            pickle.dump((method, arguments), self._process.stdin, protocol=5)
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._ended() from None
        return self._receive()

    def close(self) -> None:
        """End the process; it lets go of the folder first."""
        self._process.communicate()
        self._said.close()

    def _receive(self) -> Any:
        assert self._process.stdout is not None
        try:
            result = pickle.load(self._process.stdout)
        except (EOFError, pickle.UnpicklingError):
            raise self._ended() from None
        if isinstance(result, BrokenIndexError):
            raise self._full() or result
        if isinstance(result, BankError):
            raise result
        return result

    def _ended(self) -> BankError:
        code = self._process.wait()
        if code == -signal.SIGKILL:
            return BankError(f"The process that reads {self.folder} was killed. Is the memory full? Try again.")
        words = f"{self.folder} ended the process that reads it ({_named(code)}).{self._words()}"
        if self._ready and -code in _CRASHES:
            return self._full() or BrokenIndexError(words)
        return self._full() or BankError(f"{words} The index was left as it is; try again.")

    def _words(self) -> str:
        """The last thing that the process said."""
        self._said.seek(0)
        lines = [line.strip() for line in self._said.read().decode(errors="replace").splitlines() if line.strip()]
        return f" It said: {lines[-1][:300]}" if lines else ""

    def _full(self) -> BankError | None:
        """Chroma fails on a full disk as it does on damaged files, which are deleted; here they must be kept."""
        try:
            check_room(self.folder if self.folder.is_dir() else self.folder.parent)
        except OSError as error:
            return cannot_write(self.folder, error)
        return None


def _named(code: int) -> str:
    """An exit status, or the signal that it stands for."""
    return f"code {code}" if code >= 0 else signal.Signals(-code).name


def main(folder: str, collection: str, dimension: str, owner: str, wait: str) -> None:
    """The other end: serve requests until stdin ends."""
    calls, results = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not come between the results
    place = Place(Path(folder), "", collection, int(dimension))
    try:
        _check_chroma(place)
        with write_lock(place.folder, "index", wait=float(wait), pid=int(owner)):
            _send(results, None)
            _serve(ChromaFolder(place), calls, results)
    except BankError as error:
        _send(results, error)


def _serve(store: ChromaFolder, calls: BinaryIO, results: BinaryIO) -> None:
    while True:
        try:
            method, arguments = pickle.load(calls)
        except EOFError:
            return store.close()
        result: Any
        try:
            result = getattr(store, method)(*arguments)
        except BankError as error:
            result = error
        except BaseException as error:  # a panic of Chroma's native code is no Exception
            result = _failed(store.place.chroma, error)
        _send(results, result)


def _failed(folder: Path, error: BaseException) -> BankError:
    """What Chroma raised, as an error of the bank; what its files cannot be the reason of is no BrokenIndexError."""
    words = f"{folder}: {type(error).__name__}: {error}"
    elsewhere = isinstance(error, _ELSEWHERE) and not isinstance(error, FileNotFoundError)
    return BankError(f"{words} The index was left as it is.") if elsewhere else BrokenIndexError(words)


def _check_chroma(place: Place) -> None:
    """Raise BankError, with its own words, where Chroma cannot even be imported."""
    try:
        import chromadb  # noqa: F401
    except BaseException as error:
        raise BankError(
            f"Chroma cannot be imported, which the index of {place.folder} needs: {type(error).__name__}: {error}. "
            "The index was left as it is. Install Chroma again: pip install --force-reinstall chromadb"
        ) from error


def _send(results: BinaryIO, value: Any) -> None:
    pickle.dump(value, results, protocol=5)
    results.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
