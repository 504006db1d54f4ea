"""A run over benchmarks as a report: one page, Markdown, JSON. Every number comes from the run's folder."""
