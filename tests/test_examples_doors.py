"""README and examples use the public doors only: what they import is there for everybody, and stays."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOORS = {
    "reminder_kit": "model rules text config kit ledger transport errors ports webhook_app testing sandbox calendars",
    "reminder_kit.providers": "telnyx twilio vonage answers replies signatures",
    "reminder_kit.testing": "provider_contract ledger_contract live live_contract",
    "reminder_kit.integrations": "celery django flask opentelemetry sqlalchemy starlette",
}
PUBLIC = {"reminder_kit", *(f"{package}.{name}" for package, names in DOORS.items() for name in names.split())}
TEXTS = [ROOT / "README.md", *sorted((ROOT / "examples").rglob("*.md"))]


def sources():
    """Yield where code stands, and the code: each example, and each block of Python in a text."""
    for path in sorted((ROOT / "examples").rglob("*.py")):
        yield pytest.param(path.read_text(encoding="utf-8"), id=str(path.relative_to(ROOT)))
    for path in TEXTS:
        for number, block in enumerate(re.findall(r"```python\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)):
            yield pytest.param(block, id=f"{path.relative_to(ROOT)}, block {number + 1}")


def imported(code):
    """Yield the modules of ours that code imports from, each with the names it takes from there (none: the whole)."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and node.module.partition(".")[0] == "reminder_kit":
            yield node.module, [alias.name for alias in node.names]
        if isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names if alias.name.partition(".")[0] == "reminder_kit")


@pytest.mark.parametrize("code", [*sources()])
def test_every_import_goes_through_a_public_door(code):
    """README, guides and examples import only modules we promise to keep, and names of their `__all__`."""
    for module, names in imported(code):
        assert module in PUBLIC
        assert {name for name in names if f"{module}.{name}" not in PUBLIC} <= set(import_module(module).__all__)


def test_every_door_opens_and_says_what_is_behind_it():
    """Each public module can be imported, and its `__all__` is not empty."""
    for door in PUBLIC:
        assert import_module(door).__all__, door


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_name_a_text_speaks_of_is_behind_a_public_door(text):
    """But for `reminder_kit.providers` itself: the name of the group in which packages announce their providers."""
    said = re.findall(r"`(reminder_kit(?:\.\w+)+)", text.read_text(encoding="utf-8"))
    for name in {*said} - {"reminder_kit.providers"} - PUBLIC:
        module, _, what = name.rpartition(".")
        assert module in PUBLIC, name
        assert what in import_module(module).__all__, name


def test_a_provider_needs_the_port_alone():
    """Its own module imports nothing else of ours; its house for tests also takes parts of our sandbox."""
    code = (ROOT / "examples" / "provider_plugin" / "sinch_sms" / "__init__.py").read_text(encoding="utf-8")
    assert [*imported(code)] == [("reminder_kit", ["ports"])]
