"""Making a bank from what exists: logs of other tools, recorded answers, the authors' own bank.

`import_` is the way in. Each format is one file in `formats`.
"""

from smacs.store.imports.importer import import_

__all__ = ["import_"]
