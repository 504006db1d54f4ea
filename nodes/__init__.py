"""The seven steps of the algorithm, one node a file: the node (state in, update out) and the pure function it rests on.

`shared/` is what the nodes of all systems share, `baselines/` has the nodes of the systems that SMACS is compared with,
`selectors/` the ways to rank LLMs before they are called, `vote/` the ways to count their answers.
"""

from typing import TYPE_CHECKING

from smacs.lazy import lazily

if TYPE_CHECKING:
    from smacs.nodes.hybrid_score import hybrid_scores as hybrid_scores
    from smacs.nodes.hybrid_score import mutual_similarity as mutual_similarity
    from smacs.nodes.prior_drop import draw_subsets as draw_subsets
    from smacs.nodes.prior_score import prior_scores as prior_scores
    from smacs.nodes.retrieve import support_set as support_set

__all__ = ["draw_subsets", "hybrid_scores", "mutual_similarity", "prior_scores", "support_set"]

__getattr__ = lazily(
    __name__,
    {
        "draw_subsets": "smacs.nodes.prior_drop",
        "hybrid_scores": "smacs.nodes.hybrid_score",
        "mutual_similarity": "smacs.nodes.hybrid_score",
        "prior_scores": "smacs.nodes.prior_score",
        "support_set": "smacs.nodes.retrieve",
    },
)
