"""Making a bank from what exists: logs of other tools, recorded answers, the authors' own bank.

`import_` is the way in. Each format is one file with a `FORMAT` (see `format`), found by listing this package.
"""

from smacs.store.imports.importer import import_

__all__ = ["import_"]
