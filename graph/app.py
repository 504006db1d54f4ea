"""The compiled graphs that `langgraph.json` names, with pool and bank from the environment.

`SMACS_POOL`: name or path of a pool file (default: local). `SMACS_BANK`: folder of a question bank (default: the
starter bank). All graphs share both, and so the limits of calls in flight.
"""

import os
from typing import Any

from smacs.graph.frame import open_bank, open_pool
from smacs.graph.gated import compile_gated
from smacs.graph.systems import SYSTEMS

pool = open_pool(os.environ.get("SMACS_POOL") or "local")
pool.hush()  # who asks LangGraph's server does not own the endpoints
bank = open_bank(os.environ.get("SMACS_BANK") or None)


def _compiled(name: str) -> Any:
    return compile_gated(SYSTEMS[name](pool, bank), name)


smacs = _compiled("smacs")
simple_router = _compiled("simple_router")
majority_voting = _compiled("majority_voting")
self_consistency = _compiled("self_consistency")
self_moa = _compiled("self_moa")
moa = _compiled("moa")
symbolic_moe = _compiled("symbolic_moe")
single_llm = _compiled("single_llm")
