"""Weights for vLLM out of a GGUF file: `python gguf_to_safetensors.py FILE FOLDER`, by the Python that has vLLM.

vLLM serves folders of safetensors. transformers reads GGUF and writes those, as bfloat16; what it remembers of the
quantisation would be wrong from then on, and is dropped.
"""

import sys
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


def main(source: Path, target: Path) -> None:
    """Write the model and its tokenizer; the folder appears when it is complete."""
    partial = target.with_name(f"{target.name}.partial")
    given = {"pretrained_model_name_or_path": str(source.parent), "gguf_file": source.name}
    tokenizer = AutoTokenizer.from_pretrained(**given)
    if not tokenizer.chat_template:
        sys.exit(f"{source} has no chat template: expected the weights of an instruction-tuned LLM.")
    model: Any = AutoModelForCausalLM.from_pretrained(**given, dtype=torch.bfloat16)
    model.is_quantized = False
    model.hf_quantizer = None
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.save_pretrained(partial)
    tokenizer.save_pretrained(partial)
    partial.rename(target)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute())
