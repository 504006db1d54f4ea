"""The prior, measured: how well selectors rank the LLMs on questions whose grades are already in a bank."""
