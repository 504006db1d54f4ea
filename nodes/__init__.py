"""One node per file: the node (state in, update out) and the pure function it rests on."""
