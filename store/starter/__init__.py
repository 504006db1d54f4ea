"""The starter bank that ships with SMACS, and the scripts that write its questions."""
