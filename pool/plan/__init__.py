"""Which LLM is served on which GPUs: memory by arithmetic, fitting, groups where not all fit, and forms to run it."""
