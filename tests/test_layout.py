"""The house's rules about itself: floors, files that agree, Colab's versions, no outside links in pages."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "medigenx_lib"
FLOORS = [
    {"errors", "settings", "files", "weights"},
    {"cases", "geometry"},
    {"phantom", "datasets", "preprocessing"},
    {"segmentation", "radiomics", "gan", "text"},
    {"evaluation", "interop"},
    {"pipeline", "pages", "demo", "retrain", "doctor", "room", "app", "cache", "course", "project"},
    {"__main__"},
]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
# Published for Colab on 2026-08-19 (Python 3.13), and its older runtime (Python 3.12).
COLAB = {
    "numpy": "2.1.3", "scipy": "1.16.3", "pandas": "2.2.3", "matplotlib": "3.10.0", "pillow": "11.3.0",
    "torch": "2.11.0", "torchvision": "0.26.0", "transformers": "5.15.0", "tokenizers": "0.22.2",
    "scikit-learn": "1.6.1", "ipywidgets": "7.7.1",
}  # fmt: skip


def requirements():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def imported_rooms(path):
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module] + [f"{node.module}.{a.name}" for a in node.names]
        elif isinstance(node, ast.Import):
            names = [a.name for a in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "medigenx_lib" and len(parts) > 1 and parts[1] in FLOOR:
                yield parts[1]


def rooms():
    for path in sorted(LIBRARY.rglob("*.py")):
        room = path.relative_to(LIBRARY).parts[0].removesuffix(".py")
        if room != "__init__":
            yield room, path


@pytest.mark.parametrize("room, path", [pytest.param(r, p, id=str(p.relative_to(LIBRARY))) for r, p in rooms()])
def test_lower_floors_never_import_higher_ones(room, path):
    assert room in FLOOR, f"{room} stands on no floor: add it to FLOORS"
    higher = {other for other in imported_rooms(path) if FLOOR[other] > FLOOR[room]}
    assert not higher
    assert (
        {room, *imported_rooms(path)}.isdisjoint({"gan"})
        or {room, *imported_rooms(path)}.isdisjoint({"text"})
        or (FLOOR[room] > FLOOR["gan"])
    )


def undocumented(body, within="", documented=""):
    """Names of public functions, classes and methods without a docstring; a ``forward`` may rely on its class's."""
    for node in body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        words = ast.get_docstring(node) or ""
        shapes_above = node.name == "forward" and "(B, " in documented
        if not (words or shapes_above or node.name.startswith("_")):
            yield f"{within}{node.name}"
        inner = node.body if isinstance(node, ast.ClassDef) else [n for n in node.body if isinstance(n, ast.ClassDef)]
        yield from undocumented(inner, f"{within}{node.name}.", words)


@pytest.mark.parametrize("room, path", [pytest.param(r, p, id=str(p.relative_to(LIBRARY))) for r, p in rooms()])
def test_whatever_is_public_says_what_it_does(room, path):
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), "the module says nothing of itself"
    assert list(undocumented(tree.body)) == []


def test_one_list_of_requirements():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["tool"]["setuptools"]["dynamic"]["dependencies"] == {"file": ["requirements.txt"]}
    assert "dependencies" in project["project"]["dynamic"]
    environment = (ROOT / "environment.yml").read_text()
    assert "-r requirements.txt" in environment and "-e .[dev]" in environment
    assert f"python{project['project']['requires-python']}" in environment
    assert project["project"]["scripts"] == {"medigenx": "medigenx_lib.__main__:main"}


@pytest.mark.parametrize("name", ["torch", "torchvision", "pyradiomics-bhklab", "SimpleITK", "transformers",
                                  "matplotlib", "ipywidgets"])  # fmt: skip
def test_the_named_packages_are_required(name):
    assert name in {requirement.name for requirement in requirements()}


@pytest.mark.parametrize("requirement", requirements(), ids=lambda r: r.name)
def test_colab_keeps_its_own_versions(requirement):
    installed = {name.lower(): version for name, version in COLAB.items()}.get(requirement.name.lower())
    assert installed is None or Version(installed) in requirement.specifier
    assert requirement.name != "torch" or all(s.operator == ">=" for s in requirement.specifier)


def test_the_licence_is_mit():
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")


def test_the_page_template_loads_nothing_from_outside():
    template = (LIBRARY / "templates" / "page.html").read_text()
    assert not re.search(r"https?:|//[a-z]|@import|<script[^>]+src|<link", template)
