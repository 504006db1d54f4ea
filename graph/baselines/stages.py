"""The stages that several of the other systems share."""

from langgraph.graph import END, START

from smacs.graph.frame import Frame, send_aggregators, send_referencers
from smacs.graph.node import NodeFunction
from smacs.nodes.aggregator import aggregator
from smacs.nodes.baselines.references import gather
from smacs.nodes.referencer import referencer
from smacs.nodes.retrieve import retrieve
from smacs.nodes.select import select


def ask(frame: Frame, ranking: NodeFunction) -> None:
    """retrieve -> `ranking` of the LLMs -> referencers: those that the ranking chose, each as often as it says."""
    graph, name = frame.graph, ranking.__name__
    frame.add(retrieve, ranking, referencer)
    graph.add_edge(START, "retrieve")
    graph.add_edge("retrieve", name)
    graph.add_conditional_edges(name, send_referencers, ["referencer"])


def synthesise(frame: Frame) -> None:
    """All references -> one aggregator call -> its candidate is the answer."""
    graph = frame.graph
    frame.add(gather, aggregator, select)
    graph.add_edge("referencer", "gather")
    graph.add_conditional_edges("gather", send_aggregators, ["aggregator", "select"])
    graph.add_edge("aggregator", "select")
    graph.add_edge("select", END)


def answer(frame: Frame, how: NodeFunction) -> None:
    """References -> `how` one of them becomes the answer."""
    frame.add(how)
    frame.graph.add_edge("referencer", how.__name__)
    frame.graph.add_edge(how.__name__, END)
