"""`guide`: the pages that come with the package."""

from __future__ import annotations

import pytest

from reminder_kit.cli import main
from reminder_kit.cli.guide import pages


def test_the_pages_are_listed_in_the_order_in_which_one_reads_them(capsys, tmp_path, monkeypatch):
    """Without a configuration; each with its title, the start first."""
    monkeypatch.chdir(tmp_path)
    assert main(["guide"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["start", "Start"]
    assert lines[-1] == "reminder-kit guide TOPIC shows a page"
    assert len(lines) == len(pages()) + 2


@pytest.mark.parametrize("topic", ["money", "how-it-works", "HOW_IT", "errors.md"])
def test_a_page_is_shown_as_it_is(capsys, topic):
    """Part of a name is enough where only one page has it."""
    assert main(["guide", topic]) == 0
    name = {"money": "money", "errors.md": "errors"}.get(topic, "how_it_works")
    assert capsys.readouterr().out == pages()[name]


@pytest.mark.parametrize("topic", ["nothing-like-it", "e"])
def test_a_page_that_is_not_there_is_named_with_others(capsys, topic):
    """Neither one that does not exist, nor a part that several have."""
    assert main(["guide", topic]) == 2
    assert "there is no page" in capsys.readouterr().err
