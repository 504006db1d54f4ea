"""Every error that SMACS raises, as one tree.

SmacsError
├── InputError            a question, setting or option that cannot be used
├── PoolError             the pool file, or an LLM named in it
│   ├── ModelFileError    a model file that cannot be fetched or has the wrong hash
│   └── ServerError       a local LLM server that does not start or stop
├── BankError             the question bank on disk
│   ├── BankLockedError   another process is writing to it
│   ├── ChromaServerError the Chroma server that holds its index does not answer
│   └── EmbedderMismatchError   embedded with another embedder or dimension
├── EmbeddingError        the embedder cannot be loaded
│   └── EmbedderDownError   its endpoint does not answer with vectors
├── GradingError          a label, grader or sandbox that cannot be used
└── NoAnswerError         no LLM of the pool gave a usable reply

Each message says what was expected, what came, and what to do. The command line prints it and exits with 2; a server
answers with `status`, and with `public` where an error has one: its own text may hold addresses, paths and what others
said, and goes to the log. A failed LLM call is no error: it is a `Failure` record (see `smacs.pool.calls.replies`).
"""


class SmacsError(RuntimeError):  # LangGraph's server hides the texts of errors that are not one of Python's own
    """Base of every error raised on purpose; its text is meant for the user."""

    status = 503  # of a server that meets it: not the fault of who asks
    public: str | None = "The server cannot answer; its log says why, by the request id."


class InputError(SmacsError):
    """A question, setting or option that cannot be used."""

    status = 400
    public = None  # who asks must see it


class PoolError(SmacsError):
    """The pool file, or an LLM named in it, cannot be used."""

    public = "An LLM of the pool cannot be used; the server's log says why, by the request id."


class ModelFileError(PoolError):
    """A model file cannot be fetched, or its SHA-256 is not the expected one."""


class ServerError(PoolError):
    """A local LLM server did not start or stop."""


class BankError(SmacsError):
    """The question bank on disk is missing, broken or of an unknown format."""

    public = "The question bank cannot be used; the server's log says why, by the request id."


class BankLockedError(BankError):
    """Another process is writing to the bank; the message names its pid."""

    status = 409


class FolderTakenError(BankError):
    """A new bank was to be made in a folder that holds something already; that is left as it is."""

    status = 409


class ChromaServerError(BankError):
    """The Chroma server that holds a bank's index does not answer, or not as expected."""


class EmbedderMismatchError(BankError):
    """The bank was embedded with another embedder or dimension than the one at hand."""


class EmbeddingError(SmacsError):
    """The embedder cannot be loaded."""

    public = "The embedder cannot be used; the server's log says why, by the request id."


class EmbedderDownError(EmbeddingError):
    """The embedder's endpoint does not answer with vectors; a question is answered without it."""

    public = "the embedder's endpoint does not answer with vectors"


class GradingError(SmacsError):
    """A label, grader or sandbox cannot be used."""


class NoAnswerError(SmacsError):
    """No LLM of the pool gave a usable reply; the message lists who failed and why."""

    public = None  # what it lists is for clients already, see `Pool.hush`
