"""The worker process for a label's own patterns: one can take for ever, and holds the whole process meanwhile."""

import re
import warnings

from smacs.store.graders.match_messages import Match, Matched
from smacs.store.graders.worker import serve


def match(request: Match) -> Matched:
    """Whether the whole text matches."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pattern = re.compile(request.pattern, re.DOTALL)
    except (re.error, RecursionError, OverflowError) as error:
        return Matched(problem=f"{request.pattern[:60]!r} is no regular expression: {error}")
    return Matched(whole=pattern.fullmatch(request.text) is not None)


if __name__ == "__main__":
    serve(Match, match, memory=1 << 30)
