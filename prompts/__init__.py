"""Prompt templates that ship with SMACS, one file per task."""
