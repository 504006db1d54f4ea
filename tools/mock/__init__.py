"""A mock of an OpenAI-compatible LLM server in a process of its own, for speed figures and fault tests."""

from tools.mock.process import MockServer

__all__ = ["MockServer"]
