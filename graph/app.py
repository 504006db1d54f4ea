"""The compiled graphs that `langgraph.json` names, one for each system, with pool and bank from the environment.

`SMACS_POOL`: name or path of a pool file (default: local). `SMACS_BANK`: folder of a question bank (default: the
starter bank). All graphs share both, and so the limits of calls in flight.
"""

import os

from smacs.graph.compiled import compile_gated
from smacs.graph.system import open_bank, open_pool
from smacs.graph.systems import systems

pool = open_pool(os.environ.get("SMACS_POOL") or "local")
pool.hush()  # who asks LangGraph's server does not own the endpoints
bank = open_bank(os.environ.get("SMACS_BANK") or None)

graphs = {name: compile_gated(system.build(pool, bank), name) for name, system in systems().items()}
globals().update(graphs)
