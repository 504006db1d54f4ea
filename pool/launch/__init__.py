"""LLM servers on this machine: started, supervised, found again and stopped."""
