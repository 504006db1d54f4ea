"""Wiring: state, settings, `build_graph` and the compiled graphs that `langgraph.json` names."""
