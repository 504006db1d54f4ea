"""The command line: one file for each command, with what it shows; `main.py` is the entry.

Files of commands import little at their top, so that `smacs --help` stays fast: a command imports what it needs when it
runs. `console.py` prints, `options.py` has the options that several commands share.
"""
