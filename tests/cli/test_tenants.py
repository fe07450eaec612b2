"""The command line where there are many tenants: a folder of files, or the app's own `Tenants`."""

from __future__ import annotations

import itertools
import json
import sys

import pytest

from reminder_kit.config.json_schema import file_schema
from reminder_kit.errors import ConfigurationError, InvalidInputError
from reminder_kit.kit.faces import ReminderKit
from reminder_kit.kit.tenants import AsyncTenants, Tenants
from reminder_kit.webhook_app import app as app_of_the_environment
from tests.factories import NOW

COMMON = """
default_region = "US"
[provider]
name = "telnyx"
[ledger]
url = "sqlite:///all.db"
[tenants]
folder = "practices"
[[rules]]
id = "day-before"
before = "24 hours"
text = "Hi {{ recipient.name }}, see you {{ when }}."
"""
NORTH = """
timezone = "America/New_York"
[provider]
from = "+12025550110"
"""
SOUTH = """
timezone = "Europe/Berlin"
[provider]
from = "+12025550111"
[[rules]]
id = "two-days"
before = "2 days"
text = "Bis dann, {{ recipient.name }}: {{ when }}."
"""
NAMES = itertools.count(1)


@pytest.fixture
def practices(folder):
    """Two practices, each with a file; returns the folder of their files."""
    (folder / "reminders.toml").write_text(COMMON)
    files = folder / "practices"
    files.mkdir()
    (files / "north.toml").write_text(NORTH)
    (files / "south.toml").write_text(SOUTH)
    return files


@pytest.fixture
def filled(run, telnyx, practices, calendar, event):
    """Both practices with one event each, recorded and parked; the same UID is another event in each."""
    for name in ("north", "south"):
        file = calendar(event("A-1", title=f"Check-up {name}", name=f"{name}-Ada"))
        assert run("import", file, "--tenant", name, "--now", NOW).status == 0
    return practices


def test_a_tenants_file_is_laid_over_what_all_have_in_common(run, telnyx, filled):
    """Sender, zone and rules are its own; the ledger is everybody's, and each sees its own part of it."""
    texts = {(one.from_, one.text) for one in telnyx.parked()}
    assert texts == {
        ("+12025550110", "Hi north-Ada, see you tomorrow at 10:00 AM."),
        ("+12025550111", "Bis dann, south-Ada: Thursday 12 February at 10:00 AM."),
    }
    explained = run("explain", "A-1", "--tenant", "south", "--now", NOW)
    assert (explained.status, "two-days" in explained.out, "north" in explained.out) == (0, True, False)


@pytest.mark.parametrize("command", [["status"], ["resync"], ["attention"], ["rules", "check"], ["ledger", "purge"]])
def test_who_names_no_tenant_is_told_how(run, practices, command):
    """A command that is one tenant's says so, and exits with 2."""
    ran = run(*command)
    assert (ran.status, ran.out) == (2, "")
    assert "--tenant NAME" in ran.err
    assert "resync --all-tenants" in ran.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["status", "--tenant", "west"], "there is no tenant 'west'"),
        (["status", "--tenant", "../practices/north"], "there is no tenant"),
        (["status", "--tenant", ""], "names nothing"),
        (["resync", "--all-tenants", "--tenant", "north"], "give one of them"),
        (["resync", "--all-tenants", "--now", NOW], "goes with --every"),
    ],
)
def test_what_can_not_be_meant_is_refused(run, practices, arguments, said):
    """With 2, and nothing is written."""
    ran = run(*arguments)
    assert (ran.status, said in ran.err) == (2, True)
    assert not (practices.parent / "all.db").exists()


@pytest.mark.parametrize("arguments", [["resync", "--all-tenants"], ["status", "--tenant", "north"]])
def test_who_has_no_tenants_is_told_so(run, folder, arguments):
    """One kit by itself is no tenant of anybody."""
    ran = run(*arguments)
    assert (ran.status, "no tenants" in ran.err) == (2, True)


def test_one_batch_job_serves_all(run, telnyx, filled, folder, machine_now):
    """A line for each and one for all; one whose file is broken is listed, stops no other, and makes the status 1."""
    (filled / "east.toml").write_text("timezone = 3\n")
    ran = run("resync", "--all-tenants", "--json")
    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert ran.status == 1
    assert {line["tenant"]: line["error"] is None for line in lines} == {"north": True, "south": True, "east": False}
    assert "practices/east.toml: timezone must be" in ran.err
    assert {line["tenant"] for line in lines if "summary" in line} == {"north", "south"}
    (filled / "east.toml").unlink()
    ran = run("resync", "--all-tenants")
    assert ran.out.splitlines()[-1].startswith("all: ")
    assert ran.status in (0, 4)


def test_who_looks_at_another_place_is_told_that_there_is_no_ledger(run, practices, filled, folder, monkeypatch):
    """The batch job of a wrong folder would else do nothing, and say nothing."""
    assert "no ledger" not in run("resync", "--all-tenants").err
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    for name in ("reminders.toml", "practices"):
        (elsewhere / name).symlink_to(folder / name)
    assert "there is no ledger at sqlite:///all.db yet" in run("resync", "--all-tenants", "--quiet").err


def test_a_practice_that_is_closed_is_listed_until_nothing_of_it_is_parked(run, telnyx, filled):
    """Its file is gone, and its messages would go out all the same."""
    (filled / "south.toml").rename(filled / "south.toml.closed")
    ran = run("resync", "--all-tenants")
    assert (ran.status, "messages of it are parked" in ran.err) == (1, True)
    (filled / "south.toml.closed").rename(filled / "south.toml")
    assert run("cancel", "A-1", "--tenant", "south", "--now", NOW).status == 0
    (filled / "south.toml").unlink()
    ran = run("resync", "--all-tenants", "--quiet")
    assert ("south" in ran.err, "south" in ran.out) == (False, False)


def test_commands_of_the_whole_ledger_need_no_tenant(run, practices):
    """Tables, checks and copies are everybody's."""
    assert run("ledger", "upgrade").status == 0
    assert (practices.parent / "all.db").exists()
    assert run("ledger", "check").out == "nothing is wrong\n"
    assert run("ledger", "backup", "copy.db").status == 0


def test_the_doctor_says_who_can_be_served(run, telnyx, practices):
    """And examines one that is named as any."""
    assert "[warn" not in run("doctor").out
    (practices / "east.toml").write_text("[provider]\nfrom = 'nonsense sender'\n")
    ran = run("doctor")
    assert (ran.status, "2 of 3 can be served" in ran.out) == (1, True)
    assert "east: practices/east.toml" in ran.out
    ran = run("doctor", "--tenant", "north", "--json")
    assert {entry["check"] for entry in ran.json} >= {"rules", "ledger", "provider"}


@pytest.mark.parametrize(
    "key", ["[ledger]\nurl = 'sqlite:///x.db'\n", "namespace = 'x'\n", "[tenants]\nfolder = 'x'\n"]
)
def test_a_tenants_file_says_nothing_of_what_is_everybodys(run, practices, key):
    """Its ledger, its namespace and further tenants are refused, by the name of its file."""
    (practices / "north.toml").write_text(key)
    ran = run("status", "--tenant", "north")
    assert (ran.status, "practices/north.toml" in ran.err, "common file" in ran.err) == (2, True, True)


def test_an_account_of_its_own_is_in_variables_of_its_own(run, telnyx, practices, monkeypatch):
    """`environment` names what they begin with; the account of all others is never taken for it."""
    (practices / "north.toml").write_text(NORTH.replace("[provider]", '[provider]\nenvironment = "NORTH"'))
    ran = run("status", "--tenant", "north")
    assert (ran.status, "NORTH_TELNYX_API_KEY" in ran.err) == (2, True)
    monkeypatch.setenv("NORTH_TELNYX_API_KEY", "KEY-OF-NORTH")
    assert run("status", "--tenant", "north").status == 0
    (practices / "north.toml").write_text(NORTH.replace("[provider]", '[provider]\nenvironment = "north west"'))
    assert "in capitals" in run("status", "--tenant", "north").err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tenants]\n", "folder is missing"),
        ("[tenants]\nfolder = 'nowhere'\n", "no folder nowhere"),
        ("tenants = 3", "table"),
    ],
)
def test_a_folder_that_can_not_be_is_named(run, folder, text, said):
    """Before anything is done."""
    (folder / "reminders.toml").write_text(text)
    ran = run("resync", "--all-tenants")
    assert (ran.status, said in ran.err) == (2, True)


def test_the_schema_knows_tenants(practices):
    """The common file and each tenant's are valid by the schema of the file, and a slip in either is not."""
    jsonschema = pytest.importorskip("jsonschema")
    import tomllib

    check = jsonschema.Draft202012Validator(file_schema())
    for text in (COMMON, NORTH, SOUTH, NORTH.replace("[provider]", '[provider]\nenvironment = "NORTH"')):
        assert list(check.iter_errors(tomllib.loads(text))) == []
    for text in ("[tenants]\n", "[tenants]\nfolders = 'x'\n", '[provider]\nenvironment = "north"\n'):
        assert list(check.iter_errors(tomllib.loads(text)))


APP = """
from reminder_kit import {face}
from reminder_kit.providers.telnyx import Telnyx


def build(name):
    if name == "broken":
        raise LookupError("no row")
    return {{
        "provider": Telnyx(from_="+12025550110"),
        "rules": [{{"id": "r", "before": "24 hours", "text": name + " {{{{ when }}}}."}}],
        "timezone": "America/New_York",
        "default_region": "US",
    }}


tenants = {face}("sqlite:///app.db", build)
"""


@pytest.fixture(params=["Tenants", "AsyncTenants"])
def app(request, folder, monkeypatch):
    """The name of an app's tenants, of either face."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    (folder / "reminders.toml").unlink()
    name = f"platform_{next(NAMES)}"
    (folder / f"{name}.py").write_text(APP.format(face=request.param))
    return f"{name}:tenants"


def test_an_apps_own_tenants_are_served(run, telnyx, app, calendar, event):
    """`--app module:tenants`: one that is named as any kit, all of them by the batch job."""
    file = calendar(event("A-1"))
    for name in ("north", "south"):
        assert run("import", file, "--app", app, "--tenant", name, "--now", NOW).status == 0
    assert sorted(one.text for one in telnyx.parked()) == ["north tomorrow at 10:00 AM.", "south tomorrow at 10:00 AM."]
    assert json.loads(run("status", "--app", app, "--tenant", "north", "--json").out)["appointments"] == 1
    ran = run("status", "--app", app)
    assert (ran.status, "--tenant NAME" in ran.err) == (2, True)
    ran = run("status", "--app", app, "--tenant", "broken")
    assert (ran.status, "building broken raised LookupError" in ran.err) == (2, True)
    ran = run("resync", "--all-tenants", "--app", app, "--json")
    assert {json.loads(line)["tenant"] for line in ran.out.splitlines()} == {"north", "south"}
    assert run("ledger", "check", "--app", app).status == 0
    assert "2 of 2 can be served" in run("doctor", "--app", app).out
    assert run("ledger", "purge", "--app", app, "--tenant", "north").status == 0


def test_an_app_that_can_not_name_its_tenants_keeps_nobody_from_being_served(run, telnyx, app, calendar, event, folder):
    """Those in the ledger are, also with --every, whose next round may know more; the status says that it failed."""
    assert run("import", calendar(event("A-1")), "--app", app, "--tenant", "north", "--now", NOW).status == 0
    file = folder / f"{app.partition(':')[0]}_down.py"
    file.write_text(
        f"from {app.partition(':')[0]} import *\n\n\ndef names():\n    raise ConnectionError(NAME)\n\n\n"
        'NAME = "+12025550199"\ntenants = type(tenants)("sqlite:///app.db", build, names=names)\n'
    )
    ran = run("resync", "--all-tenants", "--app", f"{file.stem}:tenants", "--json")
    assert (ran.status, [json.loads(line)["tenant"] for line in ran.out.splitlines()]) == (1, ["north"])
    assert "the tenants could not be listed: ConnectionError in names" in ran.err
    assert "+1202" not in ran.err


def test_code_works_with_the_files_as_well(practices, monkeypatch):
    """`Tenants.from_config` has the kits of the folder, of either face; a kit by itself is none of them."""
    with Tenants.from_config("reminders.toml", keep=1) as tenants:
        assert tenants.names() == ["north", "south"]
        assert type(tenants["north"]) is ReminderKit
        assert [rule.id for rule in tenants["south"].rules] == ["two-days"]
        with pytest.raises(InvalidInputError, match="no tenant 'west'"):
            tenants["west"]
    with pytest.raises(ConfigurationError, match=r"Tenants\.from_config"):
        ReminderKit.from_config("reminders.toml")
    (practices.parent / "other.toml").write_text("")
    with pytest.raises(ConfigurationError, match="there are no tenants"):
        Tenants.from_config("other.toml")
    monkeypatch.setenv("REMINDER_KIT_CONFIG", "reminders.toml")
    assert type(app_of_the_environment()._kit) is AsyncTenants
