"""The seven steps of the algorithm, one node a file: the node (state in, update out) and the pure function it rests on.

`shared/` is what the nodes of all systems share, `baselines/` has the nodes of the systems that SMACS is compared with,
`selectors/` the ways to rank LLMs before they are called, `vote/` the ways to count their answers.
"""
