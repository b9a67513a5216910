"""Where the project lives on the net: ``[project.urls]`` in pyproject.toml says it once, and all links follow."""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BADGE = "https://colab.research.google.com/assets/colab-badge.svg"


def repository() -> str:
    """Address of the repository: from pyproject.toml in a clone, from the installed package's metadata elsewhere."""
    project = ROOT / "pyproject.toml"
    if project.exists():
        return tomllib.loads(project.read_text(encoding="utf-8"))["project"]["urls"]["Repository"]
    named = dict(entry.split(", ", 1) for entry in metadata.metadata("medigenx").get_all("Project-URL"))
    return named["Repository"]


def colab(path: str) -> str:
    """Address that opens the notebook ``path``, relative to the repository, in Colab."""
    return f"{repository().replace('https://github.com', 'https://colab.research.google.com/github')}/blob/main/{path}"


def badge(path: str) -> str:
    """Markdown of the "Open in Colab" badge for the notebook ``path``."""
    return f"[![Open in Colab]({BADGE})]({colab(path)})"
