"""What the nodes of all systems share: a run, its settings, its question, its records."""
