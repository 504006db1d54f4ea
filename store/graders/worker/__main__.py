"""The worker process of a grader, `python -m smacs.store.graders.worker smacs.store.graders.math`: its `work`."""

import sys
from importlib import import_module

if __name__ == "__main__":
    import_module(sys.argv[1]).work()
