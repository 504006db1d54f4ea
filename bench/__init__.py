"""Benchmarks: a mock endpoint, speed ratios."""
