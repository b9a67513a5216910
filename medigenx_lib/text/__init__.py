"""Text about radiographs: findings to sentences, sentences to findings, and language models in between."""
