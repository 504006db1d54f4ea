"""The question bank: records on disk, the Chroma index, exact retrieval, evaluation."""
