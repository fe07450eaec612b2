"""Tenants are apart: no verb, command or page of one sees, changes or reveals what is another's, but for a STOP.

Every public verb of a kit, every command and every address of the page is looked up, so that a new one that is not told
here fails the test until it is.
"""

from __future__ import annotations

import inspect
from datetime import timedelta
from importlib import import_module

import attrs
import click
import pytest
import sqlalchemy as sa

from reminder_kit import Appointment, AsyncReminderKit, Recipient, ReminderKit, Tenants
from reminder_kit.cli import main
from reminder_kit.cli.app import _COMMANDS
from reminder_kit.errors import ReminderKitError
from reminder_kit.ledger.sql.tables import tables_of
from reminder_kit.page.actions import ACTS
from reminder_kit.page.asked import Asked
from reminder_kit.page.desk import Desk
from reminder_kit.page.guard import Visitor, csrf_of
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.sandbox import Sandbox, SandboxTransport, serve
from reminder_kit.transport.blocking import run_blocking
from tests.factories import NUMBER, START

SENDER, ALONE = {"north": "+12025550110", "south": "+12025550111"}, "+12025550187"
"""What each writes from, and the number of somebody whom south alone knows."""
SECRETS = ("SOUTHNAME", "SOUTHTITLE", "SOUTHTEXT", "SOUTHWORD", "southsource", "S-ONLY", ALONE, ALONE[1:])
"""Words that only south may ever say."""
CALENDAR = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nEND:VCALENDAR\r\n"


def visits_of(name):
    """Return a tenant's appointments: A-1 with Ada is in both, in the same source, with other words; more in south."""
    word = name.upper()
    known = {"starts_at": START + timedelta(days=3), "location": f"{word}TITLE"}
    same = Appointment("A-1", recipients=[Recipient(NUMBER, name=f"{word}NAME")], title=f"{word}TITLE", **known)
    if name == "north":
        return [same]
    alone = [Recipient(ALONE, name="SOUTHNAME")]
    return [same, Appointment("S-ONLY", recipients=alone, title="SOUTHTITLE", source="southsource", **known)]


def arguments(name, sandbox, **options):
    text = f"{name.upper()}TEXT {{{{ recipient.name }}}} {{{{ when }}}}"
    return {
        "provider": Telnyx("KEY", SENDER[name], public_key=sandbox.public_key),
        "rules": [{"id": "day", "before": "24 hours", "text": text}],
        "timezone": "America/New_York",
        "default_region": "US",
        "clock": sandbox.clock,
        "transport": SandboxTransport(sandbox),
        "replies": {"confirm": ["C"]},
        **options,
    }


@pytest.fixture
def tenants(sandbox, tmp_path):
    """North and south, who share an account, a ledger, and Ada; a day before their visits all has gone out."""
    with Tenants(f"sqlite:///{tmp_path / 'all.db'}", lambda name: arguments(name, sandbox)) as made:
        for name in ("south", "north"):
            made[name].sync(visits_of(name))
        sandbox.clock.advance(days=2, hours=1)
        for name in ("south", "north"):
            made[name].resync()
            again = [Recipient(NUMBER, name=f"{name.upper()}NAME")]
            made[name].sync(Appointment(f"A-2 {name}", START + timedelta(days=6), recipients=again))
        made["south"].suppress(ALONE, "SOUTHWORD")
        made["south"].note_look(ALONE, "SOUTHWORD")
        south = sandbox.inbound(NUMBER, "SOUTHWORD", to=SENDER["south"])
        made.receive(*south.as_sent(sandbox.now()))
        yield made


def rows_of(tenants, name):
    """Return all rows of a tenant, to the last column."""
    tables = [table for table in tables_of(None).metadata.tables.values() if "namespace" in table.c]

    def ask(connection):
        whose = {table: sa.select(table).where(table.c.namespace == name) for table in tables}
        return {table.name: sorted(map(tuple, connection.execute(rows)), key=repr) for table, rows in whose.items()}

    return tenants.ledger.ask(ask, {})


def parked_by(sandbox, name):
    return sorted((one.id, one.text) for one in sandbox.parked() if one.from_ == SENDER[name])


def said(value):
    """Return all that a value says, through attrs classes, mappings and lists, fields that reprs leave out included."""
    if attrs.has(type(value)):
        return " ".join(said(getattr(value, each.name)) for each in attrs.fields(type(value)))
    if isinstance(value, dict):
        return " ".join(said(part) for pair in value.items() for part in pair)
    if isinstance(value, list | tuple | set | frozenset):
        return " ".join(map(said, value))
    return str(value)


def refused(verb, *given, **options):
    """Return what a verb returns, or the error of ours that it raises."""
    try:
        return verb(*given, **options)
    except ReminderKitError as error:
        return error


def by_id(verb):
    """Ask a verb for an id that both have, for one that only south has, and for that with south's source."""
    meant = (("A-1",), ("S-ONLY",), ("S-ONLY", "southsource"))
    return lambda kit, _: [refused(verb(kit), *names) for names in meant]


def by_number(verb):
    return lambda kit, _: [refused(verb(kit), number) for number in (NUMBER, ALONE)]


def shown_rows(tenants):
    """Return the rows of south's appointments, all of them due for another look."""
    return tenants["south"].ledger.read(lambda reader: [record.row for record in reader.records()])


def strange_rows(shards, tenants):
    """Say which of the rows that are to be worked on are south's: none may be."""
    rows = {row for part in (shards.own or (), *shards.others) for row in part}
    assert rows
    return "SOUTHWORD" * len(rows & set(shown_rows(tenants)))


def forged(kit, tenants):
    """Hand north a report about south's message, and a reply to south's sender: genuine, since the account is one."""
    house = kit._io._given._sandbox
    hooks = [hook for hook in house.hooks.sent if hook.payload.get("from", {}).get("phone_number") == SENDER["south"]]
    hooks.append(house.inbound(ALONE, "C", to=SENDER["north"]))
    return [refused(kit.receive, *hook.as_sent(house.now())) and None for hook in hooks]


VERBS = {
    "allow": by_number(lambda kit: kit.allow),
    "apply": lambda kit, _: kit.apply(kit.plan([], complete=True), force=True),
    "attention": lambda kit, _: [kit.attention(), refused(kit.attention, seen="suppressed")],
    "by_clock": lambda kit, _: kit.by_clock(kit.now).__enter__(),
    "close": lambda kit, _: kit.close(),
    "consent": by_number(lambda kit: kit.consent),
    "erase": by_number(lambda kit: kit.erase),
    "explain": by_id(lambda kit: kit.explain),
    "forecast": lambda kit, _: kit.forecast(kit.plan_resync()),
    "from_config": None,  # makes a kit, of which no tenant has anything to see
    "import_calendar": lambda kit, _: refused(kit.import_calendar, CALENDAR, "southsource", complete=True, force=True),
    "io_of": lambda kit, _: kit.io_of(kit.provider) and None,
    "messages": lambda kit, _: [
        kit.messages(),
        *(kit.messages(to=number) for number in (NUMBER, ALONE)),
        kit.messages(name="SOUTHNAME"),
        kit.messages(since=START - timedelta(days=9)),
    ],
    "note_look": lambda kit, _: [kit.note_look(number, "north") for number in (NUMBER, ALONE)] and None,
    "now": lambda kit, _: kit.now(),
    "on": lambda kit, _: kit.on("*", print),
    "person": lambda kit, _: [kit.person(NUMBER), kit.person(ALONE)["appointments"], kit.person(ALONE)["events"]],
    "plan": lambda kit, _: kit.plan([], "southsource", complete=True, force=True),
    "plan_calendar": lambda kit, _: refused(kit.plan_calendar, CALENDAR, "southsource", complete=True, force=True),
    "plan_resync": lambda kit, _: kit.plan_resync(),
    "receive": forged,
    "reconcile_opt_outs": lambda kit, _: refused(kit.reconcile_opt_outs),
    "record": lambda kit, _: kit.record(visits_of("north"), "northsource"),
    "resync": lambda kit, tenants: [
        kit.resync(shard=shown_rows(tenants)),
        kit.resync(),
        kit.resync([], complete=True, force=True),
        kit.resync(only_dirty=True),
    ],
    "retry": lambda kit, _: [kit.retry(), refused(kit.retry, "A-1"), refused(kit.retry, "S-ONLY")],
    "send_again": lambda kit, _: [refused(kit.send_again, one, "day") for one in ("A-1", "S-ONLY")],
    "shards": lambda kit, tenants: (kit.record(visits_of("north"), "more"), strange_rows(kit.shards(1), tenants))[1],
    "standing_at": lambda kit, _: kit.standing_at(kit.now()).__enter__(),
    "status": lambda kit, _: kit.status(),
    "suppress": by_number(lambda kit: kit.suppress),
    "sync": lambda kit, _: [
        kit.sync([], "southsource", complete=True, force=True),
        kit.sync([], complete=True, force=True),
    ],
    "warm": lambda kit, _: kit.warm(),
    "withdraw": by_id(lambda kit: kit.withdraw),
}
"""What is done with north's kit, in every way in which south's could be meant."""


TAKES = {"apply", "close", "erase", "import_calendar", "resync", "suppress", "sync", "withdraw"}
"""The verbs that take what north has away: they are called once the others had something to reveal."""
BY_SOURCE = {"explain", "import_calendar", "plan", "plan_calendar", "sync", "withdraw"}
"""The verbs that are asked by the name of south's source, and may repeat it."""


@pytest.mark.parametrize("face", [ReminderKit, AsyncReminderKit])
def test_every_verb_is_told_here(face):
    """A verb that is new is to be shown to keep tenants apart."""
    public = {name for name, _ in inspect.getmembers(face, callable) if not name.startswith("_")}
    assert public == set(VERBS)


def test_no_verb_sees_changes_or_reveals_what_is_anothers(tenants, sandbox):
    """South's rows are the same to the last column, what is parked for it stays, and none of its words comes out."""
    before, parked, heard = rows_of(tenants, "south"), parked_by(sandbox, "south"), []
    assert sum(map(len, before.values())) > 10
    assert len(parked) == 1
    tenants["south"].on("*", heard.append)
    tenants["south"].on("run", heard.append)
    for verb in sorted(set(VERBS) - {"from_config"}, key=TAKES.__contains__):
        words = said(VERBS[verb](tenants["north"], tenants))
        for asked in ("S-ONLY", ALONE, *(["southsource"] if verb in BY_SOURCE else [])):
            words = words.replace(asked, "")
        assert (verb, [secret for secret in SECRETS if secret in words]) == (verb, [])
        assert (verb, rows_of(tenants, "south")) == (verb, before)
        assert (verb, parked_by(sandbox, "south"), heard) == (verb, parked, [])


def test_a_stop_is_shared_by_those_who_write_from_that_sender_and_only_that_it_was_said(tenants, sandbox):
    """South's own sender is no other's: north goes on. Where they share one, north sees that, and no more."""
    stop = sandbox.inbound(NUMBER, "stop", to=SENDER["south"])
    tenants.receive(*stop.as_sent(sandbox.now()))
    tenants.resync(only_dirty=True)
    assert (parked_by(sandbox, "south"), len(parked_by(sandbox, "north"))) == ([], 1)
    assert tenants["north"].consent(NUMBER).bars == ()
    stop = sandbox.inbound(NUMBER, "stop", to=SENDER["north"])
    tenants.receive(*stop.as_sent(sandbox.now()))
    tenants.resync(only_dirty=True)
    assert parked_by(sandbox, "north") == []


def test_the_guard_counts_a_tenants_own_reminders(tenants):
    """What others have parked does not make it harmless that all of a tenant's would go."""
    day = START + timedelta(days=6)
    many = [Appointment(f"B-{n}", day, recipients=[Recipient(f"+120255502{n:02}", name="Ada")]) for n in range(60)]
    tenants["south"].sync(many)
    kit = tenants["north"]
    kit.sync(many[:25], "feed")
    assert not kit.plan_resync().is_unsafe
    kit.record([attrs.evolve(one, status="cancelled", source="feed") for one in many[:25]])
    assert kit.plan_resync().is_unsafe


# The command line

TOML = """
timezone = "America/New_York"
default_region = "US"
[provider]
name = "telnyx"
from = "{sender}"
[[rules]]
id = "day"
before = "24 hours"
text = "{word}TEXT {{{{ recipient.name }}}} {{{{ when }}}}"
"""

COMMANDS = {
    "plan": ["plan", "clinic.ics", "--source", "southsource", "--complete"],
    "import": ["import", "clinic.ics", "--source", "southsource", "--complete", "--force"],
    "resync": ["resync", "--force"],
    "explain": ["explain", "S-ONLY"],
    "messages": ["messages", "--to", ALONE],
    "status": ["status"],
    "attention": ["attention"],
    "retry": ["retry"],
    "report": ["report", "-o", "report.html"],
    "export": ["export", "--format", "ics"],
    "cancel": ["cancel", "S-ONLY", "--source", "southsource", "--force"],
    "suppress": ["suppress", NUMBER],
    "allow": ["allow", ALONE],
    "person": ["person", NUMBER, "--export"],
    "rules check": ["rules", "check"],
    "ledger purge": ["ledger", "purge", "--older-than", "1 minute"],
    "doctor": ["doctor"],
}
"""Each command of one tenant, in the way in which another's could be meant."""
NOT_A_TENANTS = {
    "init", "appointments", "guide", "sandbox", "demo", "rules schema",  # see no ledger
    "serve", "webhook serve",  # servers: the page and the webhooks have tests of their own
    "ledger upgrade", "ledger check", "ledger adopt", "ledger backup", "ledger restore",  # the operator's, of all
}  # fmt: skip


def leaves():
    """Yield the name of every command, those of groups as two words."""
    for name, (where, _) in _COMMANDS.items():
        module, _, attribute = where.partition(":")
        command = getattr(import_module(f"reminder_kit.cli.{module}"), attribute)
        yield from (f"{name} {each}" for each in command.commands) if isinstance(command, click.Group) else (name,)


def test_every_command_is_told_here():
    """A command that is new is one of a tenant, shown to keep apart, or is said not to be."""
    assert set(leaves()) == set(COMMANDS) | NOT_A_TENANTS


@pytest.fixture
def filled(tmp_path, monkeypatch):
    """A folder with two tenants' files and a ledger that both have filled, and the server that has their messages."""
    (tmp_path / "files").mkdir()
    (tmp_path / "clinic.ics").write_bytes(CALENDAR)
    (tmp_path / "reminders.toml").write_text('[ledger]\nurl = "sqlite:///all.db"\n[tenants]\nfolder = "files"\n')
    for name, sender in SENDER.items():
        (tmp_path / "files" / f"{name}.toml").write_text(TOML.format(sender=sender, word=name.upper()))
    house = Sandbox(clock=START, key="KEY")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TELNYX_API_KEY", "KEY")
    with serve(house) as server, Tenants("sqlite:///all.db", lambda name: arguments(name, house)) as made:
        monkeypatch.setenv("TELNYX_BASE_URL", server.base_url)
        for name in ("south", "north"):
            made[name].sync(visits_of(name))
        made["south"].suppress(ALONE, "SOUTHWORD")
        yield tmp_path, house, made


def test_no_command_sees_changes_or_reveals_what_is_anothers(filled, capsys):
    """For north, with south's ids, sources and numbers: as with the verbs, in what is printed and in files."""
    folder, house, made = filled
    before, parked = rows_of(made, "south"), parked_by(house, "south")
    assert (sum(map(len, before.values())) > 5, len(parked)) == (True, 1)
    for command, arguments in COMMANDS.items():
        main([*arguments, "--tenant", "north"])
        out, err = capsys.readouterr()
        told = out + err + ((folder / "report.html").read_text() if command == "report" else "")
        assert "unexpected" not in err, command
        words = [secret for secret in SECRETS if secret in told and secret not in " ".join(arguments)]
        assert (command, words) == (command, [])
        assert (command, rows_of(made, "south"), parked_by(house, "south")) == (command, before, parked)


# The page


def test_no_page_sees_or_reveals_what_is_anothers(tenants, sandbox):
    """Every address, south's rows and people by their own addresses, searches, and every action with south's names."""
    before, parked = rows_of(tenants, "south"), parked_by(sandbox, "south")
    desk = Desk(tenants["north"], lambda _: Visitor("north", may_act=True), "secret", actions=True)
    rows = [row[0] for row in before["reminder_kit_appointments"]]
    tokens = [row[2] for row in before["reminder_kit_messages"]]
    pages = ["/", "/attention", "/health", "/rules", "/day/2026-02-13", "/day/2026-02-16"]
    pages += [f"/person/{row}.{place}" for row in rows for place in (0, 1)]
    shown = [run_blocking(desk.answer(Asked("GET", path))).body.decode() for path in pages]
    csrf = csrf_of("secret", "north")
    forms = [("/search", {"q": words}) for words in ("SOUTHNAME", ALONE, "South")]
    for name in ACTS:
        forms += [("/act", {"act": name, "row": str(row), "words": "north"}) for row in rows]
        forms += [("/act", {"act": name, "message": token, "provider": "telnyx"}) for token in tokens]
    for path, form in forms:
        body = "&".join(f"{key}={value.replace('+', '%2B')}" for key, value in {**form, "csrf": csrf}.items())
        kind = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
        shown.append(run_blocking(desk.answer(Asked("POST", path, headers=kind, body=body.encode()))).body.decode())
    told = "".join(shown)
    assert [
        secret for secret in ("SOUTHTITLE", "SOUTHTEXT", "SOUTHWORD", "southsource", "S-ONLY") if secret in told
    ] == []
    assert rows_of(tenants, "south") == before
    assert parked_by(sandbox, "south") == parked
