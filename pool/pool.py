"""The pool: the LLMs of one pool file, ready to be called."""

import logging
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from reprlib import Repr
from typing import Any

from pydantic import ValidationError

from smacs.errors import EmbedderMismatchError, PoolError, SmacsError
from smacs.pool.calls.llm import LLM
from smacs.pool.calls.urls import shown
from smacs.pool.config import EmbedderSpec, LLMSpec, PoolFile
from smacs.pool.embed import Embedder, EndpointEmbedder, make_embedder
from smacs.pool.launch.table import EMBEDDER
from smacs.progress import Progress
from smacs.visible import one_line

_FEW = 5  # problems that are listed
_CUT = 80  # characters of a key or value
_LINE = 500  # of what is said about it

_brief = Repr()
_brief.maxlist = _brief.maxdict = 8
_brief.maxstring = _CUT

log = logging.getLogger(__name__)


class Pool:
    """The LLMs that may answer, the aggregators in the order in which they are tried, and the settings of the pool.

    Raises PoolError when the file cannot be used; its message names the file and the key.
    """

    def __init__(self, file: PoolFile, *, source: str = "pool") -> None:
        self.file = file
        self.source = source
        self.llms: dict[str, LLM] = {name: LLM(name, spec) for name, spec in file.llms.items()}
        self._embedders: dict[EmbedderSpec, Embedder] = {}
        self._discreet = False

    @classmethod
    def load(cls, name: str | Path = "local") -> "Pool":
        """Load a pool that ships with SMACS by its name, or any pool file by its path."""
        path = find_pool(name)
        try:
            data = tomllib.loads(path.read_text("utf-8"))
        except OSError as error:
            raise PoolError(f"Pool file {path} cannot be read: {error.strerror or error}.") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise PoolError(f"Pool file {path} is no valid TOML: {error}.") from error
        return cls.from_dict(data, source=str(path))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, source: str = "pool") -> "Pool":
        """Make a pool from the content of a pool file."""
        try:
            return cls(PoolFile.model_validate(data), source=source)
        except ValidationError as error:
            raise PoolError(f"Pool file {source}: {describe(error)}") from error

    @property
    def aggregators(self) -> list[LLM]:
        """The aggregator LLMs, first choice first."""
        return [self.llms[name] for name in self.file.aggregators]

    @property
    def settings(self) -> dict[str, Any]:
        """What the pool file says about the graph's settings."""
        return dict(self.file.settings)

    def embedder(self, wanted: EmbedderSpec) -> Embedder:
        """The embedder that a bank was made with, reached the way this pool says.

        Raises EmbedderMismatchError when the pool file names another one, PoolError when nobody says where it is
        served.
        """
        spec = self._merge(wanted)
        if spec not in self._embedders:
            self._embedders[spec] = make_embedder(spec)
            self._hush_embedders()
        return self._embedders[spec]

    def hush(self) -> None:
        """From now on what its users read of failures holds no address, path, key or word of an endpoint: names, kinds
        and HTTP statuses. The log has the details. For servers, whose clients do not own the endpoints.
        """
        self._discreet = True
        for llm in self.llms.values():
            llm.discreet = True
        self._hush_embedders()

    def told(self, error: SmacsError) -> SmacsError:
        """The error as users may read it: without details, once `hush` was called."""
        if not self._discreet or error.public is None or str(error) == error.public:
            return error
        log.error("%s: %s", type(error).__name__, one_line(str(error)))
        return type(error)(error.public)

    def _hush_embedders(self) -> None:
        for embedder in self._embedders.values():
            if isinstance(embedder, EndpointEmbedder):
                embedder.discreet = self._discreet

    def _merge(self, wanted: EmbedderSpec) -> EmbedderSpec:
        own = self.file.embedder
        if own is None:
            if wanted.kind == "openai" and wanted.endpoint is None:
                raise PoolError(
                    f"The bank was embedded with {wanted.model!r} over /v1/embeddings; expected an [embedder] "
                    f"table with its `endpoint` in {self.source}."
                )
            return wanted
        sizes = (own.dimension, wanted.dimension)
        if own.model != wanted.model or (None not in sizes and sizes[0] != sizes[1]):
            raise EmbedderMismatchError(
                f"The bank was embedded with {wanted.model!r} ({wanted.dimension} dimensions), but {self.source} names "
                f"{own.model!r} ({own.dimension or 'unknown'} dimensions). Change [embedder] or use another bank."
            )
        templates = {"query_template": wanted.query_template, "document_template": wanted.document_template}
        return own.model_copy(update={"dimension": wanted.dimension, **templates})

    def part(self, names: Collection[str]) -> "Pool":
        """The pool with the LLMs `names` alone: the very same ones, with the same limits, and the same embedders.

        Raises PoolError when one of them is not in this pool, or none of them is an aggregator.
        """
        unknown = [name for name in names if name not in self.llms]
        aggregators = [name for name in self.file.aggregators if name in names]
        if unknown or not aggregators:
            wrong = f"no LLM {unknown[0]!r}" if unknown else f"no aggregator in {', '.join(names)}"
            have = ", ".join(self.llms)
            raise PoolError(f"{wrong}: {self.source} has {have}; aggregators are {', '.join(self.file.aggregators)}.")
        specs = {name: spec for name, spec in self.file.llms.items() if name in names}
        file = self.file.model_copy(update={"llms": specs, "aggregators": aggregators})
        part = Pool(file, source=self.source)
        part.llms = {name: self.llms[name] for name in specs}
        part._embedders = self._embedders
        return part

    @contextmanager
    def running(self, names: Collection[str] | None = None, *, progress: Progress | None = None) -> Iterator["Pool"]:
        """Start the LLMs (all, or those named) that are launched here and not up yet; stop those again at the end."""
        from smacs.pool.launch.servers import running  # only LLMs of this machine need psutil and the like

        wanted = {name: spec for name, spec in self.launched.items() if names is None or name in (*names, EMBEDDER)}
        with running(wanted, progress=progress) as urls:
            served = _by_llm(wanted, urls)
            try:
                self._connect(served)
                yield self
            finally:
                self._connect(dict.fromkeys(served, ()))

    @property
    def launched(self) -> dict[str, LLMSpec]:
        """What the pool file says how to start: LLMs, and the embedder as if it were one."""
        launched = {name: spec for name, spec in self.file.llms.items() if spec.launch}
        own, launch = self.file.embedder, self.file.embedder_launch
        if own and launch:
            launched[EMBEDDER] = LLMSpec(endpoint=own.endpoint, model=own.model, launch=launch)
        return launched

    def _connect(self, served: Mapping[str, tuple[str, ...]]) -> None:
        """Let the LLMs use these servers of this machine, besides those of the pool file."""
        for name, urls in served.items():
            self.llms[name].endpoints = tuple(dict.fromkeys([*urls, *self.file.llms[name].urls]))

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""
        for llm in self.llms.values():
            await llm.aclose()
        for embedder in self._embedders.values():
            await embedder.aclose()


def _by_llm(llms: Mapping[str, LLMSpec], urls: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """LLM -> base URLs of its servers, from server -> base URL; without the embedder."""
    from smacs.pool.launch.servers import servers_of

    found: dict[str, tuple[str, ...]] = {}
    for server, (llm, _) in servers_of(llms).items():
        if llm != EMBEDDER:
            found[llm] = (*found.get(llm, ()), urls[server])
    return found


def shipped_pools() -> list[str]:
    """Names of the pools that ship with SMACS."""
    folder = resources.files("smacs.pools")
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def find_pool(name: str | Path) -> Path:
    """The path of a pool file; a bare name is one of `shipped_pools()`."""
    if str(name) in shipped_pools():
        return Path(str(resources.files("smacs.pools") / f"{name}.toml"))
    path = Path(name).expanduser()
    if not path.is_file():
        raise PoolError(
            f"No pool file {str(name)!r}: expected the path of a TOML file or one of {', '.join(shipped_pools())}."
        )
    return path


def describe(error: ValidationError) -> str:
    """The first problems of a validation error on one line, each with key, what was expected, what came; and how many
    more there are."""
    problems = error.errors(include_url=False)
    return describe_all(problems, [".".join(map(str, problem["loc"])) or "file" for problem in problems])


def describe_all(problems: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> str:
    """The same for pydantic's problems, under keys that the reader knows."""
    lines = [f"`{key[:_CUT]}`: {_problem(problem)}" for key, problem in zip(keys, problems[:_FEW], strict=False)]
    more = len(problems) - len(lines)
    return "; ".join(lines) + (f"; and {more:,} more problems." if more > 0 else ".")


def _problem(problem: Mapping[str, Any]) -> str:
    came = "" if problem["type"] == "missing" else f", got {_came(problem['input'])!r}"
    return f"{str(problem['msg'])[:_LINE].removeprefix('Value error, ')}{came}"


def _came(value: Any) -> str:
    """The beginning of a value; only that much of a large one is written out."""
    return _hidden(_brief.repr(value) if isinstance(value, list | dict) else str(value))[:_CUT]


def _hidden(text: str) -> str:
    """A value of the pool file without what may be a password; in a malformed URL it may be anywhere before the @."""
    return re.sub(r"://\S*@", "://***@", shown(text))
