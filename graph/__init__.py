"""Wiring: state, settings, `build_graph` and the other systems, the graphs of `langgraph.json`, trace and replay."""

from typing import TYPE_CHECKING

from smacs.lazy import lazily

if TYPE_CHECKING:
    from smacs.graph.replay import compare as compare
    from smacs.graph.replay import replay_trace as replay_trace
    from smacs.graph.systems import build_system as build_system
    from smacs.graph.trace import Trace as Trace
    from smacs.graph.trace import read_trace as read_trace

__all__ = ["Trace", "build_system", "compare", "read_trace", "replay_trace"]

__getattr__ = lazily(
    __name__,
    {
        "Trace": "smacs.graph.trace",
        "build_system": "smacs.graph.systems",
        "compare": "smacs.graph.replay",
        "read_trace": "smacs.graph.trace",
        "replay_trace": "smacs.graph.replay",
    },
)
