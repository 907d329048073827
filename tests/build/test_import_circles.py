"""scripts/import_circles.py over small trees: what counts as a circle, and what does not."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "import_circles.py"
spec = importlib.util.spec_from_file_location("import_circles", SCRIPT)
assert spec and spec.loader
circles = importlib.util.module_from_spec(spec)
spec.loader.exec_module(circles)


@pytest.fixture
def told(tmp_path: Path):
    def of(**texts: str) -> list[str]:
        for name, text in {"p/__init__": "", **texts}.items():
            path = tmp_path / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return circles.problems(tmp_path)

    return of


TYPES = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    "


def test_modules_that_load_each_other_are_a_circle(told):
    (problem, _) = told(**{"p/a": "from p.b import B", "p/b": "from p import c", "p/c": "import p.a"})
    assert "when they are loaded: p.a → p.b; p.b → p.c; p.c → p.a." in problem


def test_relative_imports_count(told):
    assert len(told(**{"p/a": "from .b import B", "p/b": "from . import a"})) == 2


def test_a_package_that_loads_a_module_that_asks_the_package_is_a_circle(told):
    (problem, _) = told(**{"p/__init__": "from p.a import A", "p/a": "from p import A"})
    assert "p → p.a; p.a → p." in problem


def test_an_import_in_a_function_waits_and_is_no_circle(told):
    assert told(**{"p/a": "from p.b import B", "p/b": "def f():\n    from p.a import A"}) == []


def test_an_import_in_a_class_or_under_try_runs_at_once(told):
    texts = {"p/a": "try:\n    import p.b\nexcept ImportError:\n    pass", "p/b": "class B:\n    import p.a"}
    assert len(told(**texts)) == 2


def test_types_of_each_other_are_told_apart_from_loading(told):
    (problem,) = told(**{"p/a": "from p.b import B", "p/b": TYPES + "from p.a import A"})
    assert "name each other's types: p.a → p.b; p.b → p.a." in problem


def test_types_may_be_mutual_in_a_package_that_says_so(told, monkeypatch):
    monkeypatch.setitem(circles.MUTUAL, "p.q", "here it is so")
    texts = {"p/q/__init__": "", "p/q/a": "from p.q.b import B", "p/q/b": TYPES + "from p.q.a import A"}
    assert told(**texts) == []


def test_our_own_modules_form_no_circle():
    assert circles.problems(SCRIPT.parents[1] / "src") == []
