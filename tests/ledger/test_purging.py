"""What is purged is gone: from the tables, from the free space of the file, and from the log."""

from __future__ import annotations

import random
import re
import resource
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.errors import LedgerError
from reminder_kit.model.appointments import Recipient
from reminder_kit.model.lifecycle import State
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.model.records import HistoryEntry, Release
from reminder_kit.testing.ledger_contract import LEASE, NOW, incoming, message, outcome
from reminder_kit.testing.ledger_stage import START

LATER = NOW + timedelta(days=9)
OVER, COMING = range(120), range(120, 200)  # appointments that are over by then, and others


def number(index):
    return f"+1212555{index:04}"


def remains(folder):
    """Return whose numbers are in the files of a folder, and which texts of those that are over."""
    content = b"".join(path.read_bytes() for path in folder.iterdir())
    numbers = {int(found) for found in re.findall(rb"\+1212555(\d{4})", content)}
    return numbers, set(re.findall(rb"(?:text|reply|title) of (\d+) that is over", content))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "ledger").mkdir()
    return tmp_path / "ledger"


def filled(ledger, indexes=(*OVER, *COMING)):
    """Fill a ledger with appointments, messages, history and events of many lengths, in no order."""
    chance = random.Random(5)
    order = list(indexes)
    chance.shuffle(order)
    with ledger.writing() as transaction:
        for index in order:
            record(transaction, index, chance)


def record(transaction, index, chance):
    over = index in OVER
    starts_at = START if over else START + timedelta(days=300)
    title = f"title of {index} that is {'over' if over else 'coming'}{'x' * chance.randint(0, 300)}"
    given = incoming(f"A-{index}", starts_at=starts_at, title=title, recipients=(Recipient(number(index)),))
    transaction.record([given], NOW)
    (row,) = transaction.reader.rows([given.identity]).values()
    claim = transaction.claim([row], "one", NOW, LEASE)[row]
    draft = evolve(message().draft, to=number(index), text=f"text of {index} that is {'over' if over else 'coming'}")
    for rule in ("day", "hour"):
        made = message(f"m-{index}-{rule}", f"k-{index}-{rule}", draft=draft, state=State.DELIVERED)
        made = evolve(made, request=draft.text.encode() + b"y" * chance.randint(0, 200), start_at=starts_at)
        transaction.create_message(claim, made, rule=rule, recipient=number(index))
        transaction.keep_outcomes(claim, [outcome(made.key, recipient=number(index), to=number(index))])
    entry = HistoryEntry(NOW, "sync", "schedule", given.identity, detail={"to": number(index)})
    transaction.note([entry, entry])
    reply = f"reply of {index} that is over"
    event = DeliveryEvent(f"e-{index}", "received", NOW, "telnyx", number=number(index), text=reply, raw={"t": reply})
    transaction.store_event(event, NOW if over else LATER)
    transaction.release([Release(claim, 1, True, "s", None)])
    transaction.reply(given.identity, "confirm")


def test_nothing_of_it_is_left_in_any_file(folder, ledgers):
    """Numbers, texts, replies and titles are nowhere in file and log, while the kit has both open; others stay."""
    ledger = ledgers(f"sqlite:///{folder / 'ledger.db'}")
    ledger.upgrade()
    filled(ledger)
    assert remains(folder)[0] >= {*OVER, *COMING}
    purged = ledger.purge(LATER, LATER)
    assert (purged.count, purged.is_gone) == (len(OVER), True)
    numbers, texts = remains(folder)
    assert numbers == {*COMING}
    assert texts <= {str(index).encode() for index in COMING}
    with closing(sqlite3.connect(folder / "ledger.db")) as connection:
        assert connection.execute("PRAGMA freelist_count").fetchone() == (0,)
        replied = "SELECT snapshot != '', replied, count(*) FROM reminder_kit_appointments GROUP BY 1, 2 ORDER BY 1"
        assert connection.execute(replied).fetchall() == [(0, "", len(OVER)), (1, "confirm", len(COMING))]


def test_while_a_reader_holds_the_log_it_says_so_and_the_next_purge_finishes(folder, ledgers, monkeypatch):
    """The log holds what is gone until the reader is done; a second purge has nothing to purge, and cuts it."""
    ledger = ledgers(f"sqlite:///{folder / 'ledger.db'}", busy_timeout=0.05)
    ledger.upgrade()
    filled(ledger)
    with closing(sqlite3.connect(folder / "ledger.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM reminder_kit_messages").fetchone()
        purged = ledger.purge(LATER, LATER)
        assert (purged.count, purged.is_gone) == (len(OVER), False)
        assert remains(folder)[0] > {*COMING}
        assert ledger.purge(LATER, LATER).is_gone is False
    purged = ledger.purge(LATER, LATER)
    assert (purged.count, purged.is_gone) == (0, True)
    assert remains(folder)[0] == {*COMING}


def test_with_nothing_to_purge_nothing_is_written_anew(folder, ledgers):
    """A daily purge costs nothing while nobody's time is over."""
    ledger = ledgers(f"sqlite:///{folder / 'ledger.db'}")
    ledger.upgrade()
    filled(ledger)
    ledger.purge(LATER, LATER)
    with ledger.writing() as transaction:
        transaction.forget_reminders(["none"])
    ledger.close()
    before = (folder / "ledger.db").read_bytes()
    assert ledger.purge(LATER, LATER).count == 0
    ledger.close()
    assert (folder / "ledger.db").read_bytes() == before


def test_a_hosts_own_file_is_not_written_anew(folder, ledgers):
    """It is the host's: its free space stays as it is, and so does its journal mode."""
    path = folder / "host.db"
    with closing(sqlite3.connect(path)) as host:
        host.execute("CREATE TABLE bookings (note TEXT)")
        host.execute("INSERT INTO bookings VALUES (?)", ["the host's own " + "z" * 4_000_000])
        host.execute("DELETE FROM bookings")
        host.commit()
    ledger = ledgers(f"sqlite:///{path}")
    ledger.upgrade()
    filled(ledger)
    assert ledger.purge(LATER, LATER).is_gone
    ledger.close()
    with closing(sqlite3.connect(path)) as host:
        assert host.execute("PRAGMA freelist_count").fetchone() > (500,)
        assert host.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_on_a_full_disk_it_says_what_is_left_to_do(folder, ledgers):
    """A limit on the size of files plays the full disk: what was purged stays so, and the next purge finishes."""
    ledger = ledgers(f"sqlite:///{folder / 'ledger.db'}")
    ledger.upgrade()
    filled(ledger)
    with ledger.writing() as transaction:
        assert transaction.purge(LATER, LATER) == len(OVER)
    ledger.close()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        with pytest.raises(LedgerError, match=r"may still stand in free space: .*a limit on the size of files"):
            ledger.purge(LATER, LATER)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert len(ledger.read(lambda reader: list(reader.records()))) == len(COMING)
    assert ledger.purge(LATER, LATER).is_gone
    assert remains(folder)[0] == {*COMING}


def test_a_purge_is_done_on_either_database(ledger):
    """The same call works on PostgreSQL, whose server overwrites what was freed."""
    filled(ledger, [0, 1, 2, 150])
    purged = ledger.purge(LATER, LATER)
    assert (purged.count, purged.is_gone) == (3, True)
    assert ledger.purge(LATER, LATER).count == 0
