"""What developers run, and no wheel holds."""
