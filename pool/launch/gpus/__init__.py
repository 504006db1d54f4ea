"""GPUs: how much memory a server needs, which servers fit together, and who gets which GPU of this machine."""
