"""One call of an LLM: what is sent, over which connection, and what comes back."""
