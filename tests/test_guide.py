"""The guide is true: each page's Python is run and prints what the page says, and its commands exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reminder_kit.cli import main

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "reminder_kit" / "guide").glob("*.md"))


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_python_of_a_page_prints_what_the_page_says(page, tmp_path, monkeypatch, capsys):
    """All blocks of a page are one program; what it prints stands in the block of text that follows."""
    monkeypatch.chdir(tmp_path)
    names = {}
    for number, block in enumerate(blocks(page, "python"), 1):
        exec(compile(block, f"{page.name} block {number}", "exec"), names)
    names["kit"].close()
    assert capsys.readouterr().out == "".join(blocks(page, "text"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_a_page_names_exists(page, capsys):
    """Each `reminder-kit` command of a page answers to `--help`, and knows the options that stand behind it."""
    for line in "".join(blocks(page, "bash")).splitlines():
        name, options = line.split()[1], re.findall(r"--[a-z-]+", line.partition("#")[0])
        assert main([name, "--help"]) == 0
        shown = capsys.readouterr().out
        assert all(option in shown for option in options), line


def test_units_and_jobs_accept_that_something_waits_for_a_person():
    """Status 4 is no failure of the batch job: the service and the job in the examples say so."""
    deploy = ROOT / "examples" / "deploy"
    assert "SuccessExitStatus=4" in (deploy / "reminder-kit.service").read_text(encoding="utf-8")
    assert "[ $s = 4 ]" in (deploy / "cronjob.yaml").read_text(encoding="utf-8")
