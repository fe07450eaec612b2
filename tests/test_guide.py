"""The guide is true: each page's Python is run and prints what the page says, and its commands exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reminder_kit.cli import main

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "reminder_kit" / "guide").glob("*.md"))

GROUPS = {"ledger", "rules", "webhook"}
"""The commands that have commands of their own."""


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_python_of_a_page_prints_what_the_page_says(page, tmp_path, monkeypatch, capsys):
    """All blocks of a page are one program; what it prints stands in the block of text that follows."""
    monkeypatch.chdir(tmp_path)
    names = {}
    for number, block in enumerate(blocks(page, "python"), 1):
        exec(compile(block, f"{page.name} block {number}", "exec"), names)
    if "kit" in names:
        names["kit"].close()
    assert capsys.readouterr().out == "".join(blocks(page, "text"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_a_page_names_exists(page, capsys):
    """Each `reminder-kit` command of a page answers to `--help`, and knows the options that stand behind it."""
    for line in "".join(blocks(page, "bash")).splitlines():
        said = line.partition("#")[0]
        names, options = said.split()[1:3], re.findall(r"--[a-z-]+", said)
        command = names if names[0] in GROUPS and len(names) > 1 else names[:1]
        assert main([*command, "--help"]) == 0, line
        shown = capsys.readouterr().out
        assert all(option in shown for option in options), line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_rehearsal_stays_at_its_own_time(page):
    """Where one command of a block says --now, those that would take the machine's clock say it too."""
    for block in blocks(page, "bash"):
        if " --now " in block:
            for line in block.splitlines():
                if line.split()[1] in ("plan", "import", "resync", "explain"):
                    assert " --now " in line, line


def test_the_table_of_reasons_is_complete():
    """Every code with its words and its remedy, as the page and the code have them."""
    from reminder_kit.model.reason_words import REASON_WORDS

    rows = "\n".join(f"| `{reason}` | {words.short} | {words.remedy} |" for reason, words in REASON_WORDS.items())
    assert rows in (ROOT / "reminder_kit" / "guide" / "reasons.md").read_text(encoding="utf-8")


def test_the_table_of_errors_is_complete():
    """Every class there is has a row, and no row is of another one."""
    from reminder_kit import errors

    page = (ROOT / "reminder_kit" / "guide" / "errors.md").read_text(encoding="utf-8")
    classes = {name for name, value in vars(errors).items() if isinstance(value, type) and name.endswith("Error")}
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) | {"ReminderKitError"} == classes


def test_every_page_begins_with_its_title_and_has_its_place():
    """What `guide` lists are titles; whoever writes a page says where one reads it."""
    from reminder_kit.cli.guide import ORDER

    for page in PAGES:
        assert page.read_text(encoding="utf-8").startswith("# "), page.name
        assert page.stem in ORDER, f"{page.stem}: give it a place in ORDER of cli/guide.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_and_file_a_page_names_exists(page):
    """Links lead somewhere: pages of the guide, examples, modules."""
    text = page.read_text(encoding="utf-8")
    for path in re.findall(r"`((?:reminder_kit/guide|examples)/[\w/.-]+)`", text):
        assert (ROOT / path).exists(), path
    for path in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert (page.parent / path).exists(), path


def test_units_and_jobs_accept_that_something_waits_for_a_person():
    """Status 4 is no failure of the batch job: the service and the job in the examples say so."""
    deploy = ROOT / "examples" / "deploy"
    assert "SuccessExitStatus=4" in (deploy / "reminder-kit.service").read_text(encoding="utf-8")
    assert "[ $s = 4 ]" in (deploy / "cronjob.yaml").read_text(encoding="utf-8")
