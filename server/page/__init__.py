"""The page at `/`: ask, watch it work, look at past runs; and the same view of one run as a file.

`static/` is what browsers get: a page without a build step, a dependency or an address elsewhere. `files.py` serves it,
`entries.py` writes the script that tells it about the systems, `forms.py` tells it what can be asked, `single.py`
writes a file that holds one run.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI


def install(app: "FastAPI") -> None:
    """Add `/`, `/page/...` and `/v1/settings`, which reads `app.state.engine`."""
    from smacs.server.page import files, forms

    app.include_router(forms.router)
    app.add_api_route("/", files.index, methods=["GET", "HEAD"], include_in_schema=False)
    app.mount("/page", files.PAGE, "page")
