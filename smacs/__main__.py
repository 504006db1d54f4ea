"""`python -m smacs` is `smacs`."""

from smacs.cli import main

main()
