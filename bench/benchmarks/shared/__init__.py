"""What the benchmarks share: what one is, its two parts, its tables, leaks into banks, and banks made of them."""
