"""README is true, and what it leads to: its Python is run against a local Telnyx, TOML is loaded, commands exist."""

from __future__ import annotations

import re
import shutil
import sys
import tomllib
from pathlib import Path

import pytest

from reminder_kit.errors import ConfigurationError
from reminder_kit.sandbox import Sandbox, serve

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDE = ROOT / "reminder_kit" / "guide"
DEVELOPING = (GUIDE / "developing.md").read_text(encoding="utf-8")
RULES = (GUIDE / "rules.md").read_text(encoding="utf-8")
INSTANT = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00:00"


def blocks(language, text=README):
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty folder with the examples in it, and a local Telnyx at the real time."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    sandbox = Sandbox(key="KEY", strict=True)
    with serve(sandbox) as server:
        monkeypatch.setenv("TELNYX_API_KEY", "KEY")
        monkeypatch.setenv("TELNYX_BASE_URL", server.base_url)
        yield sandbox


@pytest.fixture
def run(place):
    """Return what runs blocks of Python one after another, all in one module; its kit is closed in the end."""
    names = {}

    def run(*chosen):
        for number, block in enumerate(chosen, 1):
            exec(compile(block, f"README.md block {number}", "exec"), names)

    yield run
    names["kit"].close()


def test_the_python_blocks_run_in_order_and_park_what_they_say(place, run, capsys):
    """Read from top to bottom the blocks are one program, and it prints and parks what README says."""
    run(*blocks("python"))
    printed, (said,) = capsys.readouterr().out.splitlines()[0], re.findall(r"# (parked .*)", README)
    assert re.sub(INSTANT, "…", printed) == re.sub(INSTANT, "…", said)
    assert place.parked("+12025550123")[0].text == "Hi Ada, see you tomorrow at 10:00 AM."


def test_cron_works_with_the_kit_of_the_first_example(place, monkeypatch, capsys):
    """Its kit in a module of its own, the visit in the app: the batch job of README finds all as it should be."""
    from reminder_kit.cli import main

    kit, visit = blocks("python")[0].split("visit = ")
    (command,) = re.findall(r"<!-- cron -->\n```bash\n.*/reminder-kit (.*--app (.*):kit)\n```", README)
    module = Path(*command[1].split(".")).with_suffix(".py")
    module.parent.mkdir()
    module.write_text(kit, encoding="utf-8")
    monkeypatch.setattr(sys, "path", [".", *sys.path])
    exec(f"from {command[1]} import *\nvisit = {visit}", {})
    before = place.parked("+12025550123")
    for _ in range(2):
        capsys.readouterr()
        assert main(command[0].split()) == 0
        assert capsys.readouterr() == ("1 appointment: 1 kept.\n", "")
    assert (place.parked("+12025550123"), place.write_count) == (before, 1)


def test_the_first_example_says_what_failed_and_why(place, run, monkeypatch, capsys):
    """With a wrong key the example prints one line: the failure, its status and the variable to set."""
    monkeypatch.setenv("TELNYX_API_KEY", "another")
    run(blocks("python")[0])
    (line,) = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"failed waiting_account None telnyx.* 401 .*TELNYX_API_KEY.*", line, re.IGNORECASE)
    assert place.parked() == []


def test_the_first_example_says_that_there_is_no_key(place, run, monkeypatch, capsys):
    """Without a key the example raises an error that names the variable, and asks the provider nothing."""
    monkeypatch.delenv("TELNYX_API_KEY")
    with pytest.raises(ConfigurationError, match="TELNYX_API_KEY"):
        run(blocks("python")[0])
    assert (capsys.readouterr().out, place.request_count) == ("", 0)


def test_the_tests_of_a_host_pass(pytester):
    """The block of tests that a host may copy passes as it stands."""
    pytest.importorskip("cryptography")
    page = (GUIDE / "testing.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"<!-- host tests -->\n```python\n(.*?)```", page, re.DOTALL)
    pytester.makepyfile(block)
    pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider").assert_outcomes(passed=2)


def test_the_configuration_is_one_the_library_takes(tmp_path):
    """The first TOML block loads, and so does each later one added to it, without a warning."""
    from reminder_kit.config.loading import load

    block, *more = blocks("toml", RULES)
    assert tomllib.loads(block)["guard"]["max_cancel_ratio"] == 0.5
    (tmp_path / "reminders.toml").write_text(block, encoding="utf-8")
    arguments = load(tmp_path / "reminders.toml").arguments()
    assert [rule.id for rule in arguments["rules"]] == ["day-before", "two-hours"]
    for number, addition in enumerate(more):
        path = tmp_path / f"{number}.toml"
        path.write_text(f"{block}\n{addition}", encoding="utf-8")
        assert not load(path).warnings
        assert load(path).rules != arguments["rules"]


def test_a_runnable_example_stands_before_line_thirty():
    """A reader meets code that runs within the first thirty lines."""
    assert "```python" in README.splitlines()[:30]


def test_every_command_it_names_exists(capsys):
    """Each `reminder-kit` command in the text answers to `--help`."""
    from reminder_kit.cli import main

    for name in sorted(set(re.findall(r"reminder-kit ([a-z]+)\b", README))):
        if name in {"is", "and"}:
            continue
        assert main([name, "--help"]) == 0, (name, capsys.readouterr().err)


def test_the_filters_and_conditions_it_lists_are_those_there_are():
    """The table of filters is complete and has none too many, and every key of conditions is named."""
    from reminder_kit.rules.conditions import KEYS
    from reminder_kit.text.filters import filters

    (table,) = re.findall(r"^\| filter \|(?:.*\n)+?\n", RULES, re.MULTILINE)
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(filters())
    (sentence,) = re.findall(r"`only` and `unless` say whom.*?;", RULES)
    assert set(KEYS) <= set(re.findall(r"`(\w+)`", sentence))


def test_the_picture_shows_every_package_there_is():
    """The picture of the rooms and the line below it name each package of `reminder_kit`, and no other."""
    (picture,) = blocks("txt", DEVELOPING)
    shown = set(re.findall(r"\b([a-z_]+)/", picture + DEVELOPING.partition(picture)[2].partition("\n|")[0]))
    assert shown == {path.parent.name for path in (ROOT / "reminder_kit").glob("*/__init__.py")}


def test_the_rooms_it_names_are_there():
    """The table of ten changes, and the text around it, name modules and tests that exist."""
    rows = [line.strip("|").split("|") for line in re.findall(r"^\| .* \|$", DEVELOPING, re.MULTILINE)]
    assert len(rows) == 1 + 10
    for _change, rooms, tests in rows:
        for folder, cell in (("reminder_kit", rooms), ("tests", tests)):
            for path in re.findall(r"`([\w/]+(?:\.py)?)`", cell):
                assert (ROOT / folder / path).exists() or (ROOT / path).exists(), path
    for path in re.findall(r"\btests/[\w/]+(?:\.py)?", DEVELOPING):
        assert (ROOT / path).exists(), path


def test_its_table_of_ways_to_say_when_is_that_of_the_rules():
    """Key by key, in the same words, and with what becomes of `at`."""
    from reminder_kit.rules.offset_keys import OFFSET_KEYS, At

    at = {At.NEEDED: "needed", At.POSSIBLE: "possible", At.REFUSED: ""}
    rows = [f"| `{row.key}` | {row.words} | {at[row.at]} |" for row in OFFSET_KEYS]
    assert "\n".join(rows) in RULES


def test_it_is_the_front_door():
    """Two hundred lines at most, and it leads to every page of the guide."""
    assert len(README.splitlines()) <= 200
    linked = set(re.findall(r"\]\(reminder_kit/guide/(\w+)\.md\)", README))
    assert linked == {path.stem for path in GUIDE.glob("*.md")}
