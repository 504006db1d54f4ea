"""Benchmarks, runs over them and their report; how good the prior is; SMACS under Inspect."""
