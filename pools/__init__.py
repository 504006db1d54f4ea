"""Pool files that ship with SMACS."""
