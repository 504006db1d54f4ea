"""What the paper reports (arXiv 2507.14200): other LLMs, another pool and more questions than a run here.

Shares in %. `AVERAGE` is over all eight benchmarks, at 8,192 output tokens.
"""

SOURCE = "arXiv 2507.14200"
# Table 1
AVERAGE = {
    "smacs": 76.78,
    "self_consistency": 72.47,
    "self_moa": 72.18,
    "symbolic_moe": 71.64,
    "moa": 70.51,
    "simple_router": 68.40,
    "majority_voting": 65.38,
}
BENCHMARKS = {
    "smacs": {
        "aime2024": 73.33,
        "math500": 92.60,
        "mbpp": 82.80,
        "livecodebench": 52.58,
        "gpqa_diamond": 65.15,
        "mmlu_pro": 82.02,
        "ifeval": 90.00,
        "medmcqa": 75.75,
    }
}
BEST_SINGLE = {"best closed LLM (o3-mini)": 71.50, "best open LLM (GLM-Z1-32B)": 70.67}
# Table 3, pairwise ranking score
RANKING = {
    "smacs": {"math500": 74.46, "mbpp": 70.61, "medmcqa": 65.17, "livecodebench": 68.19, "aime2024": 86.50},
    "symbolic_moe": {"math500": 73.54, "mbpp": 70.20, "medmcqa": 64.62, "livecodebench": 48.64, "aime2024": 60.64},
}
# Table 5, 32,768 output tokens
LONG_OUTPUT = {"smacs": 81.01}
# Fig. 3, read off the plot: accuracy on MMLU-Pro by the number of LLMs in the pool
POOL_SIZE = {5: 77.0, 10: 80.0, 15: 82.0}
