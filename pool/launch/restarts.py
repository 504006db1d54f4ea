"""When a server that died is started again: soon, then later and later, then not any more."""

FIRST_PAUSE = 1.0  # seconds before the first restart in a row; twice as long before each further one
LONGEST_PAUSE = 60.0
MOST = 5  # restarts in a row
STEADY = 600.0  # seconds: a server that has served for so long starts a new row


def in_row(restarts: int, served: float) -> int:
    """How many restarts in a row there were, when a server dies that was restarted so often and served so long."""
    return 0 if served >= STEADY else restarts


def pause(restarts: int) -> float | None:
    """Seconds to wait after so many restarts in a row; None: it is given up."""
    return min(FIRST_PAUSE * 2**restarts, LONGEST_PAUSE) if restarts < MOST else None
