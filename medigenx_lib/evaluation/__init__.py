"""Scores for images, text and usefulness, each with its source and its pitfalls."""
