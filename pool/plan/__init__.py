"""Plans which LLM is served on which GPUs, and writes the plan as something to run."""
