"""Weights from the hub: a quick check whether it has the file, then a download that can be resumed.

`HF_ENDPOINT` names another hub, `HF_HUB_OFFLINE=1` switches it off, and the token of `hf auth login` is used.
"""

import os
import queue
import re
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from smacs.errors import ModelFileError
from smacs.pool.launch.table import ModelFile
from smacs.progress import FileProgress

if TYPE_CHECKING:
    from huggingface_hub import HfFileMetadata

PROBE = 3.0
STALL = 30.0
PAUSES = (0.5, 2.0, 5.0)
SHA256 = re.compile(r"[0-9a-f]{64}")


def fetch_from_hub(file: ModelFile, work: Path, progress: FileProgress) -> tuple[list[Path], str]:
    """Fetch `file` into the folder `work`, going on where an earlier download stopped.

    Returns the one part, and what to call this source in a message.

    Raises:
        ModelFileError: the hub is switched off, not reachable, or it has another file.
        OSError: the disk is full or not writable.
    """
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
        raise ModelFileError("the hub is switched off by HF_HUB_OFFLINE")
    url = _url(file)
    source = f"the hub ({url})"
    progress(0, "asking the hub")
    etag = _probe(file, url, source)
    part = work / f"hub.{re.sub(r'[^A-Za-z0-9]', '', etag)}.part"
    for attempt, pause in enumerate((*PAUSES, None)):
        problem = _go_on(file, url, part, progress)
        if problem is None:
            return [part], source
        if pause is not None:
            progress(_size(part), f"connection lost, try {attempt + 2}")
            time.sleep(pause)
    raise ModelFileError(f"{source} broke off after {_size(part)} of {file.size} bytes: {problem}")


def _url(file: ModelFile) -> str:
    from huggingface_hub import hf_hub_url

    assert file.hub
    endpoint = os.environ.get("HF_ENDPOINT") or None
    return hf_hub_url(file.hub, file.hub_file or file.name, revision=file.revision, endpoint=endpoint)


def _probe(file: ModelFile, url: str, source: str) -> str:
    """The etag of the file, or an error within `PROBE` seconds; a wrong file is seen before it is downloaded."""
    try:
        about = _metadata(url)
    except Exception as error:  # whatever is wrong with the hub, the wheels are still there
        raise ModelFileError(f"{source} is not reachable or lacks the file: {_brief(error)}") from error
    etag = about.etag or "none"
    if about.size not in (None, file.size):
        raise ModelFileError(f"{source} has a file of {about.size} bytes, expected {file.size}: not downloaded")
    if SHA256.fullmatch(etag) and etag != file.sha256:
        raise ModelFileError(f"{source} has a file with SHA-256 {etag}, expected {file.sha256}: not downloaded")
    return etag


def _metadata(url: str) -> "HfFileMetadata":
    """`get_hf_file_metadata` in a thread that is left alone after `PROBE` seconds: name look-ups know no timeout."""
    from huggingface_hub import get_hf_file_metadata, get_token

    answers: queue.SimpleQueue[HfFileMetadata | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(get_hf_file_metadata(url, token=get_token(), timeout=PROBE))
        except Exception as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=PROBE)
    except queue.Empty:
        raise TimeoutError(f"no answer within {PROBE:.0f} s") from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _go_on(file: ModelFile, url: str, part: Path, progress: FileProgress) -> Exception | None:
    """Download what is missing of `part`; the connection's error, if it breaks."""
    import httpx2
    from huggingface_hub import get_token

    done = _size(part)
    if done >= file.size:
        return None
    token = get_token()
    headers = {"Range": f"bytes={done}-", "Accept-Encoding": "identity"}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with httpx2.stream("GET", url, headers=headers, follow_redirects=True, timeout=STALL) as reply:
            reply.raise_for_status()
            resumed = reply.status_code == httpx2.codes.PARTIAL_CONTENT
            done = done if resumed else 0
            with part.open("ab" if resumed else "wb") as out:
                for block in reply.iter_bytes(1 << 20):
                    out.write(block)
                    done += len(block)
                    progress(done, "from the hub")
    except httpx2.HTTPError as error:
        return error
    return None if done >= file.size else EOFError("the connection ended early")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _brief(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else 'no details'}"
