"""From what was seen to figures with their targets."""

from collections import Counter
from collections.abc import Sequence
from statistics import mean
from typing import Any

from tools.soak.load import ANSWERS, CLEAN, Ending
from tools.soak.run import Seen
from tools.soak.setting import REQUEST
from tools.speed.figure import Figure

TRIP = 1.0  # seconds that a reply may be on its way on a busy machine
MINUTE = 60.0
WINDOW, STEP = 5.0, 0.5  # seconds over which a throughput is counted, and by which the window moves
BACK = 0.9  # share of the throughput before the faults


def verdict(seen: Seen) -> list[Figure]:
    """All figures, those with a target first."""
    return [*_replies(seen), _memory(seen), *_left(seen), _recovery(seen), *_for_comparison(seen)]


def by_minute(seen: Seen) -> list[dict[str, Any]]:
    """Requests by kind, by the minute they ended in, and the mean memory in MiB."""
    rows = []
    for start in _starts(seen):
        counts = Counter(o.kind for o in seen.outcomes if start <= o.end < start + MINUTE)
        rows.append({"kinds": dict(counts.most_common()), "mib": round(_mean_memory(seen, start) / 2**20, 1)})
    return rows


def _replies(seen: Seen) -> list[Figure]:
    wrong = Counter(outcome.kind for outcome in seen.outcomes if outcome.kind not in CLEAN)
    slowest = max(outcome.seconds for outcome in seen.outcomes)
    details = {"kinds": dict(wrong), "of": len(seen.outcomes)}
    limit = REQUEST + TRIP
    return [
        Figure(
            name="neither an answer nor a clean 429 or 503", value=wrong.total(), unit="", target=0, details=details
        ),
        Figure(name=f"slowest reply, deadline {REQUEST:g} s", value=slowest, unit="s", target=limit),
        _ratio("offered load over what it can take", len(seen.outcomes) / seen.plan.seconds / seen.capacity, 1.9),
        Figure(name="errors in the log", value=len(seen.errors), unit="", target=0, details={"first": seen.errors[:9]}),
    ]


def _memory(seen: Seen) -> Figure:
    """Judged where there are three minutes; the first one is that of the warm-up."""
    means = [_mean_memory(seen, start) for start in _starts(seen)]
    judged = len(means) >= 3
    value = means[-1] / means[1 if judged else 0]
    details = {"mib": [round(mean / 2**20, 1) for mean in means]}
    return Figure(name="memory, last minute over second", value=value, target=1.05 if judged else None, details=details)


def _left(seen: Seen) -> list[Figure]:
    before, after = seen.before, seen.after
    descriptors = {"before": before.descriptors, "after": after.descriptors}
    more = max(after.descriptors - before.descriptors, 0)
    return [
        Figure(name="connections left open", value=max(after.connections - before.connections, 0), unit="", target=0),
        Figure(name="file descriptors more than before", value=more, unit="", target=0, details=descriptors),
        Figure(name="requests that never ended", value=after.requests, unit="", target=0),
    ]


def _recovery(seen: Seen) -> Figure:
    """Seconds from the end of the last fault to the throughput that there was under the same load before the first."""
    calm = throughput(seen.outcomes, seen.began + seen.plan.calm / 3, seen.began + seen.plan.calm)
    end = seen.began + seen.plan.seconds
    window = min(WINDOW, seen.plan.after / 2)
    start = seen.well
    while start + window <= end and throughput(seen.outcomes, start, start + window) < BACK * calm:
        start += STEP
    value = start - seen.well if start + window <= end else float("inf")
    return Figure(name="throughput is back after", value=value, unit="s", target=10, details={"calm": calm})


def _for_comparison(seen: Seen) -> list[Figure]:
    kinds, of = Counter(outcome.kind for outcome in seen.outcomes), len(seen.outcomes)
    ill = throughput(seen.outcomes, seen.began + seen.plan.calm, seen.well)
    answers = sum(kinds[kind] for kind in ANSWERS)
    return [
        Figure(name="answers without faults", value=seen.capacity, unit="/s", details={"offered": seen.offered}),
        Figure(name="answers during the faults", value=ill, unit="/s"),
        Figure(name="of the answers degraded", value=100 * kinds["degraded"] / max(answers, 1), unit="%"),
        Figure(name="of the requests refused", value=100 * kinds["busy"] / of, unit="%", details=dict(kinds)),
    ]


def throughput(outcomes: Sequence[Ending], start: float, end: float) -> float:
    """Answers a second between two moments."""
    return sum(outcome.kind in ANSWERS and start <= outcome.end < end for outcome in outcomes) / (end - start)


def _ratio(name: str, value: float, target: float) -> Figure:
    return Figure(name=name, value=value, target=target, at_least=True)


def _starts(seen: Seen) -> list[float]:
    """When each whole minute of the load began; of a shorter one its beginning."""
    return [seen.began + MINUTE * number for number in range(max(int(seen.plan.seconds / MINUTE), 1))]


def _mean_memory(seen: Seen, start: float) -> float:
    return mean(held for time, held in seen.memory if start <= time < start + MINUTE)
