"""Files that survive a kill and tell when they were damaged."""
