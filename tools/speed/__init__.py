"""What SMACS itself costs, as ratios against doing the same by hand: `python -m tools.speed`."""
