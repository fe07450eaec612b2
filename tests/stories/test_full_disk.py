"""A full disk, played by a limit on the size of files: what can't be written down is not done, and all goes on."""

from __future__ import annotations

import resource
from contextlib import contextmanager

import pytest

from reminder_kit.errors import LedgerError


@contextmanager
def no_room(folder):
    """Let no file grow further than the ledger's largest is by now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    limit = max(path.stat().st_size for path in folder.glob("reminders.db*"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.few(2)
@pytest.mark.parametrize("verb", ["sync", "record", "resync", "suppress", "withdraw"])
def test_what_can_not_be_written_down_is_not_done(make_kit, sandbox, appointment, tmp_path, verb):
    """Bookings, runs, bars and withdrawals: each ends with an error that says so, and works once there is room."""
    kit = make_kit()
    kit.sync([appointment(f"A-{index}", phone=f"+120255501{index:02}") for index in range(20)])
    kit.record([appointment(f"B-{index}", phone=f"+120255501{index:02}", hours=2) for index in range(20)])
    kit.ledger.close()  # SQLite writes its log into the file then: it has none that is large enough
    new = [appointment(f"N-{index}", phone=f"+120255502{index:02}", data={"note": "x" * 4000}) for index in range(90)]
    deeds = {
        "sync": lambda: kit.sync(new),
        "record": lambda: kit.record(new),
        "resync": lambda: kit.resync(new),
        "suppress": lambda: [kit.suppress(f"+120255503{index:02}", reason="x" * 2000) for index in range(90)],
        "withdraw": lambda: kit.sync(new[:80], "default", complete=True, force=True),
    }
    before = sandbox.write_count
    with no_room(tmp_path), pytest.raises(LedgerError, match="a limit on the size of files"):
        deeds[verb]()
    assert sandbox.write_count == before
    records = {record.identity.id for record in kit.ledger.read(lambda reader: list(reader.records()))}
    assert records == {f"{letter}-{index}" for letter in "AB" for index in range(20)}
    deeds[verb]()
    assert kit.resync().ok


def test_an_answer_that_could_not_be_written_down_is_asked_for_again(make_kit, sandbox, appointment, tmp_path):
    """The disk is full between the intent and its outcome: the next run finds out, and nobody gets a second text."""
    kit = make_kit()
    kit.sync(appointment("A-1", phone="+12025550199"))
    full = no_room(tmp_path)
    accept = sandbox.accept

    def filling(message):
        accept(message)
        full.__enter__()

    sandbox.accept = filling
    try:
        with pytest.raises(LedgerError, match="a limit on the size of files"):
            kit.sync(appointment("A-2"))
    finally:
        full.__exit__(None, None, None)
        sandbox.accept = accept
    assert len(sandbox.parked("+12025550123")) == 1
    sandbox.clock.advance(minutes=10)
    kit.resync()
    assert kit.resync().ok
    assert len(sandbox.parked("+12025550123")) == 1
