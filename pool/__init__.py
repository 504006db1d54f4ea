"""The LLMs: the pool file, calls of chat models and embedders, servers on this machine, and plans for GPUs."""
