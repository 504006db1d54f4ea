"""The forms of a plan, one a file: a new file with a `FORM` is a new value of `--form`."""
