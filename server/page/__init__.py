"""The page at `/`: ask, watch it work, look at past runs; and the same view of one run as a file.

`static/` is what browsers get: a page without a build step, a dependency or an address elsewhere. `files.py` serves it,
`single.py` writes a file that holds one run. What can be asked comes from `/v1/models` and `/v1/settings`.
"""
