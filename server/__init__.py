"""The OpenAI-compatible server: every system and every LLM of a pool as a model behind one URL.

`app.py` puts it together, `engine.py` runs the graphs, `chat.py` is `/v1/chat/completions`. Alone it is started by
`smacs serve`; `langgraph.json` mounts the same app on LangGraph's server.
"""
