"""A kit in a Flask application: transactions that record, webhooks, and the command."""

from __future__ import annotations

import json
import sqlite3

import pytest

flask = pytest.importorskip("flask")

from reminder_kit import AsyncReminderKit  # noqa: E402
from reminder_kit.errors import InvalidInputError  # noqa: E402
from reminder_kit.integrations.flask import Reminders  # noqa: E402
from reminder_kit.testing import TELNYX_PUBLIC_KEY, signed_event  # noqa: E402
from tests.factories import NUMBER, parked_texts  # noqa: E402


@pytest.fixture
def kit(make_kit):
    from reminder_kit.providers.telnyx import Telnyx

    made = make_kit(provider=Telnyx("KEY", "+12025550100", public_key=TELNYX_PUBLIC_KEY))
    made.ledger.upgrade()
    return made


@pytest.fixture
def reminders(kit):
    return Reminders(kit)


@pytest.fixture
def app(reminders):
    made = flask.Flask("clinic")
    reminders.init_app(made)
    return made


@pytest.fixture
def db(kit):
    connection = sqlite3.connect(kit.ledger.url.removeprefix("sqlite:///"))
    connection.execute("CREATE TABLE bookings (id TEXT PRIMARY KEY)")
    yield connection
    connection.close()


def recorded(kit):
    return [
        record.identity.id for record in kit.ledger.read(lambda reader: list(reader.records())) if not record.removed
    ]


def booked(db, id="A-1"):
    db.execute("INSERT INTO bookings VALUES (?)", (id,))


def test_what_is_saved_commits_with_the_booking_and_is_followed(reminders, kit, db, appointment, sandbox):
    """The block's end commits both; nobody can record on the wrong side of the commit."""
    with reminders.transaction(db) as tx:
        booked(db)
        tx.saved(appointment())
        assert recorded(kit) == []
    assert (recorded(kit), db.in_transaction) == (["A-1"], False)
    reminders.follower.wait()
    assert len(parked_texts(sandbox)) == 1
    with reminders.transaction(db) as tx:
        db.execute("DELETE FROM bookings")
        tx.gone("A-1")
    reminders.follower.wait()
    assert (recorded(kit), parked_texts(sandbox)) == ([], [])


def test_what_raises_rolls_both_back(reminders, kit, db, appointment):
    """The error is the host's own, and nothing of either is kept."""

    def fails():
        with reminders.transaction(db) as tx:
            booked(db)
            tx.saved([appointment(), appointment("A-2")])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert (recorded(kit), db.execute("SELECT count(*) FROM bookings").fetchone()) == ([], (0,))


def test_a_booking_that_breaks_a_rule_of_the_database_is_the_hosts(reminders, kit, db, appointment):
    """What the database refuses rolls the record back."""
    with reminders.transaction(db) as tx:
        booked(db)
        tx.saved(appointment())

    def once_more():
        with reminders.transaction(db) as tx:
            tx.saved(appointment("A-2"))
            booked(db)

    with pytest.raises(sqlite3.IntegrityError):
        once_more()
    reminders.follower.wait()
    assert recorded(kit) == ["A-1"]


def test_what_can_t_be_recorded_fails_no_booking(make_kit, appointment, tmp_path, caplog):
    """The booking is committed; the failure is logged, and listed where a ledger can be reached."""
    other = make_kit(ledger=f"sqlite:///{tmp_path / 'other.db'}")
    reminders = Reminders(other, follow=False)
    db = sqlite3.connect(tmp_path / "app.db")
    db.execute("CREATE TABLE bookings (id TEXT)")
    with reminders.transaction(db) as tx:
        booked(db)
        tx.saved(appointment())
    assert db.execute("SELECT count(*) FROM bookings").fetchone() == (1,)
    db.close()
    assert "keep the ledger in the host's own database" in caplog.text
    (item,) = other.attention()
    assert "A-1" in item.what


@pytest.mark.parametrize("id", ["A-2", None], ids=["of two sources", "none"])
def test_what_can_t_be_recorded_takes_nothing_along(reminders, kit, db, appointment, caplog, id):
    """Beside an id that can't be told to be gone, a booking that was moved is told at its new time."""
    kit.record([appointment("A-2", source="web"), appointment("A-2"), appointment(title="Before")])
    with reminders.transaction(db) as tx:
        tx.saved(appointment(title="Moved"))
        tx.gone(id)
        tx.saved(appointment("A-3"))
    reminders.follower.wait()
    found = kit.ledger.read(lambda reader: [record.appointment.title for record in reader.records()])
    assert sorted(found) == ["Check-up A-2", "Check-up A-2", "Check-up A-3", "Moved"]
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert [line.partition(":")[0] for line in errors] == [f"appointment '{id}' could not be recorded"]


def test_a_ledger_that_takes_nothing_at_all_fails_no_booking(reminders, kit, db, appointment, caplog):
    """Nothing can be recorded there, nor listed: the log says both, and the booking is committed."""
    db.execute("DROP TABLE reminder_kit_phones")
    db.execute("DROP TABLE reminder_kit_attention")
    db.commit()
    with reminders.transaction(db) as tx:
        booked(db)
        tx.saved(appointment())
    assert db.execute("SELECT count(*) FROM bookings").fetchone() == (1,)
    assert "appointment 'A-1' can't be listed" in caplog.text
    reminders.follower.wait()


@pytest.mark.parametrize("said", ["gone, then saved", "saved, then gone", "saved twice"])
def test_what_is_said_last_counts(reminders, kit, db, appointment, said):
    """A booking that is made anew in the transaction which deleted it is there, and the other way round."""
    kit.record(appointment(title="Before"))
    with reminders.transaction(db) as tx:
        for word in {"saved twice": ["saved", "saved"]}.get(said, said.split(", then ")):
            if word == "gone":
                tx.gone("A-1")
            else:
                tx.saved(appointment(title=f"Floss {len(tx.rows)}"))
    assert recorded(kit) == ([] if said.endswith("gone") else ["A-1"])
    reminders.follower.wait()
    found = kit.ledger.read(lambda reader: [record.appointment.title for record in reader.records()])
    assert found == {"gone, then saved": ["Floss 1"], "saved twice": ["Floss 1"]}.get(said, found)


def test_a_connection_that_commits_by_itself_is_refused(reminders, kit, db, appointment):
    """Nothing could be rolled back on it, until the host has begun a transaction."""
    alone = sqlite3.connect(kit.ledger.url.removeprefix("sqlite:///"), isolation_level=None)

    def fails():
        with reminders.transaction(alone) as tx:
            booked(alone)
            tx.saved(appointment())
            raise ZeroDivisionError

    with pytest.raises(InvalidInputError, match=r"autocommit.*begin a transaction on it first"):
        fails()
    alone.execute("BEGIN")
    with pytest.raises(ZeroDivisionError):
        fails()
    assert alone.execute("SELECT count(*) FROM bookings").fetchone() == (0,)
    alone.close()


def test_a_session_is_taken_as_a_connection_is(reminders, kit, appointment):
    """SQLAlchemy's session, a scoped one, and whatever has one as `session` (Flask-SQLAlchemy's db)."""
    import sqlalchemy as sa
    from sqlalchemy.orm import scoped_session, sessionmaker

    engine = sa.create_engine(kit.ledger.url)
    scoped = scoped_session(sessionmaker(engine))

    class Extension:
        session = scoped

    for number, db in enumerate((scoped(), scoped, Extension())):
        with reminders.transaction(db) as tx:
            tx.saved(appointment(f"A-{number}"))
    scoped.remove()
    engine.dispose()
    reminders.follower.wait()
    assert recorded(kit) == ["A-0", "A-1", "A-2"]


def test_webhooks_come_in_below_the_prefix(app, reminders, kit, appointment, sandbox):
    """A signed STOP is stored and followed; what is not signed is a 401, another provider a 404; GET and HEAD do."""
    kit.sync(appointment())
    client = app.test_client()
    headers, body = signed_event("telnyx", "opted_out", number=NUMBER, now=sandbox.clock())
    assert client.post("/hooks/telnyx", headers=headers, data=body).status_code == 200
    reminders.follower.wait()
    assert parked_texts(sandbox) == []
    assert client.post("/hooks/", data=body).status_code == 401
    assert client.post("/hooks/pigeon", headers=headers, data=body).status_code == 404
    assert (client.get("/hooks/").status_code, client.head("/hooks/telnyx").status_code) == (200, 200)
    assert client.put("/hooks/").status_code == 405


def test_protection_against_forged_forms_is_told_of_the_endpoint(reminders):
    """Flask-WTF's CSRFProtect exempts the blueprint."""
    exempted = []

    class Protection:
        exempt = exempted.append

    app = flask.Flask("clinic")
    app.extensions["csrf"] = Protection
    reminders.init_app(app, url_prefix="/telnyx")
    assert [blueprint.name for blueprint in exempted] == ["reminder_kit"]


@pytest.fixture
def command(app, capsys):
    def run(*arguments):
        capsys.readouterr()
        ran = app.test_cli_runner().invoke(args=["reminders", *arguments])
        return ran.exit_code, ran.stdout

    return run


def test_flask_reminders_is_the_command_with_the_apps_kit(command, kit, appointment):
    """Each command of reminder-kit answers from the application's kit."""
    kit.record(appointment())
    status, out = command("resync", "--json")
    assert (status, json.loads(out)["summary"]["schedule"]) == (0, 1)
    assert json.loads(command("status", "--json")[1])["appointments"] == 1
    assert command("explain", "A-9")[0] == 1
    assert "Commands" in command()[1]


def test_resync_hands_in_what_is_live_first(app, command, reminders, kit, appointment, sandbox):
    """What no view told is found; what would withdraw too much is refused with 3, until it is forced."""
    rows = [appointment(f"A-{number}", phone=f"+120255501{number:02}") for number in range(12)]
    reminders.live = lambda: iter(rows)
    assert command("resync")[0] == 0
    assert len(sandbox.parked()) == 12
    del rows[2:]
    assert command("resync")[0] == 3
    assert len(sandbox.parked()) == 12
    assert command("resync", "--force")[0] == 0
    assert len(sandbox.parked()) == 2


def test_resync_ends_with_1_where_what_is_live_failed(command, reminders, appointment, sandbox):
    """Whatever else waits for a person: 4 is for jobs in which all was done."""
    reminders.live = lambda: iter([appointment()])
    sandbox.fault("error", times=None, method="POST", status=400, code="40302")
    assert command("resync")[0] == 1
    assert command("resync")[0] == 4


def test_an_async_kit_is_refused(make_kit):
    """Flask's views block."""
    with pytest.raises(InvalidInputError, match="give a ReminderKit"):
        Reminders(make_kit(kind=AsyncReminderKit))


def test_the_example_books_moves_and_cancels(make_kit, sandbox, tmp_path):
    """Flask on sqlite3, driven by its own addresses, over two starts of its process."""
    import sys
    from datetime import timedelta
    from importlib.util import module_from_spec, spec_from_file_location
    from pathlib import Path

    place = Path(__file__).parents[2] / "examples" / "flask_app.py"
    spec = spec_from_file_location("flask_app", place)
    sys.modules["flask_app"] = example = module_from_spec(spec)
    spec.loader.exec_module(example)

    def started():
        kit = make_kit(rules=example.RULES, ledger=f"sqlite:///{tmp_path / 'clinic.db'}")
        return kit, example.application(kit, tmp_path / "clinic.db")

    def at(hours):
        return (sandbox.clock() + timedelta(days=3, hours=hours)).isoformat()

    kit, app = started()
    client = app.test_client()
    assert client.post("/bookings", data={"name": "Ada", "phone": NUMBER, "starts_at": at(0)}).json == {"id": 1}
    kit.close()  # which waits for what follows
    assert parked_texts(sandbox) == ["Hi Ada, see you tomorrow at 9:00 AM."]
    kit, app = started()
    client = app.test_client()
    assert client.put("/bookings/1", data={"starts_at": at(2)}).status_code == 204
    assert client.put("/bookings/9", data={"starts_at": at(2)}).status_code == 404
    kit.close()
    assert parked_texts(sandbox) == ["Hi Ada, see you tomorrow at 11:00 AM."]
    assert client.delete("/bookings/1").status_code == 204
    kit.close()
    assert parked_texts(sandbox) == []


def test_what_twilio_signs_is_the_configured_address_with_the_query_that_came(make_kit, sandbox):
    """Several addresses lead here, told apart by their query; a header names none, nor does another host."""
    from reminder_kit.providers.twilio import Twilio
    from reminder_kit.testing import WEBHOOK_SECRET

    url = "https://clinic.example/hooks/twilio"
    kit = make_kit(provider=Twilio("AC" + "1" * 32, WEBHOOK_SECRET, "MG" + "2" * 32, webhook_url=url))
    client = flask.Flask("clinic")
    Reminders(kit, client, follow=False)
    for query in ("", "?desk=2&x=%20"):
        headers, body = signed_event("twilio", "received", url=url + query)
        assert client.test_client().post(f"/hooks/twilio{query}", data=body, headers=headers).status_code == 200
    headers, body = signed_event("twilio", "received", url="https://clinic.example/other")
    said = {**headers, "x-reminder-kit-url": "https://clinic.example/other", "host": "clinic.example"}
    assert client.test_client().post("/hooks/twilio", data=body, headers=said).status_code == 401
