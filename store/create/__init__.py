"""Making a bank from questions that somebody has already: files or hub data sets with any column names."""

from typing import TYPE_CHECKING

from smacs.lazy import lazily

if TYPE_CHECKING:
    from smacs.store.create.create import create_bank as create_bank
    from smacs.store.create.sources import Source as Source

__all__ = ["Source", "create_bank"]

__getattr__ = lazily(__name__, {"Source": "smacs.store.create.sources", "create_bank": "smacs.store.create.create"})
