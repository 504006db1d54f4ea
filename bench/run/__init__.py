"""Running systems over benchmarks: `smacs bench run`."""
