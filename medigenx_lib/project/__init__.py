"""The group project: a team's folder, its submission, unseen cases to score it on, and the board.

``tracks`` says what is asked; ``new`` makes a team's folder; ``unpack`` lets data in and keeps everything else out;
``submission`` knows what must be in it; ``hidden`` are the cases it is scored on; ``score`` scores; ``board`` ranks.
"""
