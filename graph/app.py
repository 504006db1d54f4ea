"""The compiled graphs that `langgraph.json` names, with pool and bank from the environment.

`SMACS_POOL`: name or path of a pool file (default: local). `SMACS_BANK`: folder of a question bank (default: the
starter bank).
"""

import os

from smacs.graph.build import build_graph

smacs = build_graph(
    os.environ.get("SMACS_POOL") or "local",
    os.environ.get("SMACS_BANK") or None,
).compile(name="smacs")
