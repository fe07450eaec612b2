"""`only_to`: a staging system writes to nobody else, and leaves alone what is parked for others."""

from __future__ import annotations

import pytest

from reminder_kit.config.loading import load
from reminder_kit.errors import ConfigurationError
from reminder_kit.kit.faces import ReminderKit
from tests.factories import summed

OURS, THEIRS = "+12025550123", "+12025550199"


def did(report):
    return sorted((change.to, change.kind.value, change.reason.value) for change in report.changes)


def test_only_those_numbers_are_written_to(make_kit, sandbox, appointment):
    """Numbers, or how they begin; who is outside is skipped with a reason of its own."""
    kit = make_kit(only_to=["+1 (202) 555-012"])
    report = kit.sync([appointment("A-1"), appointment("A-2", phone=THEIRS)])
    assert did(report) == [(OURS, "schedule", "on_time"), (THEIRS, "skip", "outside_only_to")]
    assert [message.to for message in sandbox.parked()] == [OURS]
    assert summed(kit.resync()) == {"keep": 1, "skip": 1}
    assert "outside_only_to" in str(kit.explain("A-2"))


def test_nobody_at_all(make_kit, sandbox, appointment):
    """An empty list is a fence around everybody."""
    assert did(make_kit(only_to=[]).sync(appointment())) == [(OURS, "skip", "outside_only_to")]
    assert sandbox.messages() == []


@pytest.mark.parametrize(
    "work",
    [
        lambda kit, appointment: kit.resync(),
        lambda kit, appointment: kit.withdraw("A-1"),
        lambda kit, appointment: kit.suppress(THEIRS),
        lambda kit, appointment: kit.sync(appointment("A-1", phone=THEIRS, hours=3)),
    ],
    ids=["resync", "withdrawn", "suppressed", "moved"],
)
def test_what_is_parked_for_others_stays(make_kit, sandbox, appointment, work):
    """The ledger may be a copy with the same key: nothing of other people's is withdrawn or replaced."""
    make_kit().sync(appointment("A-1", phone=THEIRS))
    writes = sandbox.write_count
    kit = make_kit(only_to=[OURS])
    work(kit, appointment)
    kit.resync()
    assert sandbox.write_count == writes
    assert [message.to for message in sandbox.parked()] == [THEIRS]


def test_who_takes_the_place_of_another_is_written_to(make_kit, sandbox, appointment):
    """Of a visit whose number changes into the fence only the new one is touched."""
    make_kit().sync(appointment("A-1", phone=THEIRS))
    report = make_kit(only_to=[OURS]).sync(appointment("A-1", phone=OURS))
    assert did(report) == [(OURS, "schedule", "on_time"), (THEIRS, "keep", "outside_only_to")]
    assert sorted(message.to for message in sandbox.parked()) == [OURS, THEIRS]


def test_an_open_request_to_others_is_not_repeated(make_kit, sandbox, appointment):
    """What a crash of the original left open is not finished by the copy, and its second run writes nothing."""
    sandbox.fault("drop_before", times=None, method="POST")
    make_kit().sync(appointment("A-1", phone=THEIRS))
    sandbox.faults.clear()
    sandbox.clock.advance(minutes=30)
    kit, requests = make_kit(only_to=[OURS]), sandbox.request_count
    written = []
    for _ in range(3):
        assert did(kit.resync()) == [(THEIRS, "keep", "outside_only_to")]
        with kit.ledger._database.writing() as connection:
            written.append(connection.exec_driver_sql("SELECT * FROM reminder_kit_appointments").all())
    assert sandbox.request_count == requests
    assert written[1] == written[2]


def test_without_the_fence_all_follow(make_kit, sandbox, appointment):
    """Taking the fence away is all it needs."""
    make_kit(only_to=[]).sync(appointment())
    make_kit().resync()
    assert len(sandbox.parked()) == 1


@pytest.mark.parametrize("value", ['"+1202555…"', '["+1202555"]', '["+1 202-555"]'])
def test_the_file_takes_numbers_and_beginnings(tmp_path, value):
    """One, or a list; blanks and dashes mean nothing."""
    path = tmp_path / "reminders.toml"
    path.write_text(f'[provider]\nname = "telnyx"\nfrom = "+12025550100"\nonly_to = {value}\n')
    assert load(path, environ={}).options["only_to"] == ("+1202555",)


@pytest.mark.parametrize("value", ["202 555 0123", "", "+", "everybody", 12025550123])
def test_what_is_no_number_is_refused_by_name(value):
    """A fence that can't be meant is none: the key is named, and what would be right."""
    from reminder_kit.providers.telnyx.provider import Telnyx

    with pytest.raises(ConfigurationError, match=r"only_to .*write \[\"\+1202555\"\]"):
        ReminderKit(Telnyx(api_key="KEY", from_="+12025550100"), [], only_to=[value])
