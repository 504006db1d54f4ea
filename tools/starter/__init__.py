"""The scripts that wrote the starter bank."""
