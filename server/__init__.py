"""The OpenAI-compatible server: every system and every LLM of a pool as a model behind one URL.

app.py           the server, put together; `smacs serve` runs it, `langgraph.json` mounts it on LangGraph's server
guard/           what every request passes first: host, size, key, limits, queue, deadline
chat.py          `/v1/chat/completions`: chat_request.py -> job.py -> engine.py, which runs the graphs -> replies.py
catalogue.py     `/v1/models` and `/v1/settings`
health.py, metrics.py, logs.py, page/    `/health`, `/metrics`, the log, the page at `/`
keyfile.py, settings.py, owners.py       API keys, the operator's settings, who owns what on LangGraph's server
listen.py        the HTTP edge of `smacs serve`
errors.py, lines.py                      OpenAI's error shape, JSON on one line
"""
