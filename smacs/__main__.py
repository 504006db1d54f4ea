"""`python -m smacs` is `smacs`."""

from smacs.cli.main import main

main()
