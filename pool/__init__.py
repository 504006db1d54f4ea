"""The LLMs: the pool file, chat and embedding clients, limits and deadlines, and launching servers."""
