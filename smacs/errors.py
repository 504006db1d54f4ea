"""Every error that SMACS raises on purpose, as one tree. [room]: defined and handled in that room.

SmacsError
├── InputError                      a question, setting or option that cannot be used
│   ├── CeilingError                more is asked for than the operator allows
│   ├── TooLargeError               more comes out of a file than is allowed [store]
│   └── UnusableError               a record that cannot be imported [store]
│       └── UnscoredError           a sample without a grade [store]
├── PoolError                       the pool file, or an LLM named in it, cannot be used
│   ├── ModelFileError              a model file that cannot be downloaded, or has the wrong hash
│   └── ServerError                 a local LLM server that does not start or stop
├── BankError                       the question bank on disk
│   ├── BankLockedError             another process is writing to it
│   ├── FolderTakenError            a new bank's folder holds something already
│   ├── BrokenIndexError            Chroma fails with the files of its index [store]
│   ├── ChromaServerError           the Chroma server that holds its index does not answer
│   └── EmbedderMismatchError       it was embedded with another embedder or dimension
├── EmbeddingError                  the embedder cannot be loaded
│   └── EmbedderDownError           its endpoint does not answer with vectors
├── GradingError                    a label, grader or sandbox that cannot be used
├── NoAnswerError                   no LLM of the pool gave a usable reply
├── GateError                       a key may not begin one more run
└── ApiError                        a request that the server cannot answer [server]
    └── HungUpError                 its client is gone [server]

Each message says what was expected, what came, and what to do. The command line prints it and exits with 2. A server
answers with `status`, and with `public` where an error has one: the error's own text may hold addresses, paths and what
others said, and goes to the log. A failed LLM call is not an error but a record: `smacs.pool.calls.replies.Failure`.
"""


class SmacsError(RuntimeError):  # LangGraph's server hides the texts of errors that are not one of Python's own
    """Base of every error raised on purpose; its text is meant for the user."""

    status = 503  # what a server answers: not the client's fault
    public: str | None = "The server cannot answer; its log says why, by the request id."  # None: its own text is


class InputError(SmacsError):
    """A question, setting or option that cannot be used."""

    status = 400
    public = None  # the client must see it


class CeilingError(InputError):
    """More is asked for than the operator allows; `setting` is the one that asks for it, None: several do."""

    def __init__(self, message: str, setting: str | None = None) -> None:
        super().__init__(message)
        self.setting = setting


class PoolError(SmacsError):
    """The pool file, or an LLM named in it, cannot be used."""

    public = "An LLM of the pool cannot be used; the server's log says why, by the request id."


class ModelFileError(PoolError):
    """A model file cannot be downloaded, or its SHA-256 is not the expected one."""


class ServerError(PoolError):
    """A local LLM server did not start or stop."""


class BankError(SmacsError):
    """The question bank on disk is missing, broken or of an unknown format."""

    public = "The question bank cannot be used; the server's log says why, by the request id."


class BankLockedError(BankError):
    """Another process is writing to the bank; the message names its pid."""

    status = 409


class FolderTakenError(BankError):
    """The folder for a new bank holds something already, which is left as it is."""

    status = 409


class ChromaServerError(BankError):
    """The Chroma server that holds a bank's index does not answer, or not as expected."""


class EmbedderMismatchError(BankError):
    """The bank was embedded with another embedder, or in another dimension, than the one at hand."""


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

    public = None  # its text is safe for clients, see `Pool.hush`


class GateError(SmacsError):
    """A run on LangGraph's server must not begin: its key is no longer valid, or past a limit."""

    status = 429
