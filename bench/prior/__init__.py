"""How good the prior is: how well selectors rank the LLMs on questions whose grades are in a bank already."""
