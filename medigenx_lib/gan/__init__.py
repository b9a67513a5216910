"""Generative adversarial networks for chest radiographs: the DCGAN of the lesson and the strong recipe.

``recipes`` says what is trained and how, ``networks``, ``losses``, ``augment`` and ``steps`` are its parts,
``state`` and ``training`` run it and survive interruptions, ``sampling`` makes films. Importing this package
alone costs nothing; its modules import torch.
"""
