"""The index of a question bank: its vectors in Chroma, and the memory-mapped arrays that retrieval reads."""
