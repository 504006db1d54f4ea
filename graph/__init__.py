"""Wiring: state, settings, `build_graph` and the other systems, the graphs of `langgraph.json`, trace and replay."""
