"""Generative adversarial networks for chest radiographs: the DCGAN of the lesson and the strong recipe."""
