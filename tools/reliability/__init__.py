"""Kills: evaluate, index, import and re-embed a bank in processes that are killed at random moments."""
