"""What waits for a person: listed in every run by cause, with whom it concerns, until it is mended or seen."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from reminder_kit import Rule
from reminder_kit.errors import InvalidInputError
from reminder_kit.providers.telnyx.provider import Telnyx

DAY = Rule("day-before", before="24 hours", text="See you {{ when }}.")
DISABLED = {"kind": "error", "times": None, "method": "POST", "status": 400, "code": "40312"}


def kinds(items):
    return [(item.kind, len(item.affected), item.seen) for item in items]


def test_where_all_is_well_nothing_waits(kit, appointment):
    """Neither a run nor the list names anything."""
    assert kit.sync(appointment()).attention == ()
    assert kit.attention() == ()
    assert kit.status()["attention"] == {"items": 0, "unseen": 0}


def test_an_account_that_refuses_is_one_item_with_all_who_wait(make_kit, sandbox, appointment):
    """Cause, remedy, since when, the next attempt, and each appointment with its start; no whole number is shown."""
    kit = make_kit([DAY], concurrency=1)
    sandbox.fault(**DISABLED)
    report = kit.sync([appointment("A-1"), appointment("A-2", hours=1)])
    assert report.ok
    assert {(change.kind.value, change.reason.value) for change in report.changes} == {("hold", "waiting_account")}
    (item,) = report.attention
    now = sandbox.now()
    assert (item.kind, item.since, item.next_try_at) == ("account", now, now + timedelta(minutes=5))
    assert "40312" in item.what
    assert "portal" in item.remedy
    assert [(member.identity.id, member.rule) for member in item.affected] == [
        ("A-1", "day-before"),
        ("A-2", "day-before"),
    ]
    assert "+12025550123" not in repr(item) + str(item)
    assert kit.attention() == report.attention


def test_what_is_mended_is_listed_no_more(make_kit, sandbox, appointment):
    """The next run that is due parks it, and nothing waits after that."""
    kit = make_kit([DAY])
    sandbox.fault(**DISABLED)
    kit.sync(appointment())
    sandbox.faults.clear()
    sandbox.clock.advance(minutes=5)
    assert kit.resync().attention == ()
    assert len(sandbox.parked()) == 1


def test_a_number_whose_country_nobody_knows_is_told_apart_from_one_that_is_wrong(make_kit, sandbox, appointment):
    """It is right, and what lacks is its code or the kit's own country: `attention` and `explain` say so.

    Once that is set, the appointment is to be handed in again; nothing wrong is said of the number until then.
    """
    kit = make_kit([DAY], default_region=None)
    national = appointment("A-1", phone="(202) 555-0123")
    report = kit.sync([national, appointment("A-2", phone="12")])
    assert {change.reason for change in report.changes} == {"invalid_number"}
    told = {item.affected[0].identity.id: item for item in report.attention}
    assert {(item.kind, len(item.affected)) for item in told.values()} == {("number", 1)}
    assert "read without a default_region" in told["A-1"].what
    assert 'with its country code (+1 …), or set default_region = "US"' in told["A-1"].remedy
    assert (told["A-2"].what, told["A-2"].remedy) == ("no message can reach the number", "correct the phone number")
    assert "invalid_number (no country code: write it with it, +1 …, or set default_region" in str(kit.explain("A-1"))
    assert "country code" not in str(kit.explain("A-2"))

    kit = make_kit([DAY])
    assert sorted(item.what for item in kit.attention()) == sorted(item.what for item in told.values())
    kit.sync(national)
    assert [message.to for message in sandbox.parked()] == ["+12025550123"]
    assert [item.remedy for item in kit.attention()] == ["correct the phone number"]


def test_what_was_seen_covers_its_members_and_a_new_one_opens_it_again(make_kit, sandbox, appointment):
    """The item of a bad number is seen with one person; the next person's is news, and the first stays seen."""
    kit = make_kit([DAY])
    kit.sync(appointment("A-1", phone="12"))
    (item,) = kit.attention()
    assert (item.kind, item.seen) == ("number", False)
    assert kinds(kit.attention(seen=item.id)) == [("number", 1, True)]
    assert kinds(kit.resync().attention) == [("number", 1, True)]
    (again,) = kit.sync(appointment("A-2", phone="13")).attention
    assert (again.id, again.seen) == (item.id, False)
    assert sorted((member.identity.id, member.seen) for member in again.affected) == [("A-1", True), ("A-2", False)]
    assert again.since == item.since
    assert sandbox.messages() == []


def test_what_was_mended_and_comes_back_is_news(make_kit, appointment):
    """What was seen is forgotten with its cause."""
    kit = make_kit([DAY])
    kit.sync(appointment("A-1", phone="12"))
    kit.attention(seen=kit.attention()[0].id)
    assert kit.sync(appointment("A-1")).attention == ()
    assert kinds(kit.sync(appointment("A-1", phone="14")).attention) == [("number", 1, False)]


def test_a_name_under_which_nothing_waits_is_an_error(kit, appointment):
    """A typing error marks nothing as seen."""
    kit.sync(appointment(phone="12"))
    with pytest.raises(InvalidInputError, match="zzz"):
        kit.attention(seen="zzz")
    assert kinds(kit.attention()) == [("number", 1, False)]


def test_listeners_and_the_log_hear_of_an_item_once(make_kit, appointment, caplog):
    """Once for each cause or person that is new, not in every run."""
    kit, heard = make_kit([DAY]), []
    kit.on("attention", heard.append)
    with caplog.at_level(logging.WARNING, logger="reminder_kit"):
        kit.sync(appointment("A-1", phone="12"))
        kit.resync()
        kit.resync()
    assert kinds(heard) == [("number", 1, False)]
    assert [record.message.split(":")[0] for record in caplog.records] == ["waits for a person"]


def test_a_rule_that_can_be_written_for_nobody_counts_as_a_failure(make_kit, appointment):
    """One person's missing data is theirs alone; a rule that never made a text is broken."""
    room = Rule("room", before="2 hours", text="Room {{ data.room }}.")
    (item,) = make_kit([room], ledger="sqlite://").sync(appointment("A-1")).attention
    assert (item.kind, item.fails) == ("text", True)
    kit = make_kit([room])
    kit.sync(appointment("A-1", data={"room": "5"}))
    (item,) = kit.sync(appointment("A-2")).attention
    assert (item.kind, item.fails, len(item.affected)) == ("text", False, 1)


def test_a_message_refused_for_its_text_is_listed_until_it_changes(make_kit, sandbox, appointment):
    """The refusal is final for these words; with others the reminder is parked."""
    kit = make_kit([Rule("day-before", before="24 hours", text="{{ appointment.title }} {{ when }}")])
    sandbox.fault(**DISABLED | {"code": "40302"})
    assert not kit.sync(appointment(title="A")).ok
    sandbox.faults.clear()
    sandbox.clock.advance(hours=1)
    assert kinds(kit.resync().attention) == [("message", 1, False)]
    assert sandbox.parked() == []
    assert kit.sync(appointment(title="B")).attention == ()
    assert len(sandbox.parked()) == 1


def test_a_message_in_doubt_is_listed_until_the_start(make_kit, sandbox, appointment):
    """It is named while it may still go out, and no longer once the visit has begun."""
    provider = Telnyx("KEY", "+12025550100", endpoint="schedule", webhook_url="https://clinic.example/hook")
    kit = make_kit([DAY], provider=provider, unknown_outcome="prefer_missing")
    sandbox.fault("drop_before", times=None, method="POST")
    kit.sync(appointment())
    assert kinds(kit.attention()) == [("unknown", 1, False)]
    sandbox.clock.advance(days=2, hours=23)
    assert [item.kind for item in kit.attention() if item.kind != "batch_job"] == ["unknown"]
    sandbox.clock.advance(hours=2)
    assert [item.kind for item in kit.attention() if item.kind != "batch_job"] == []


def test_a_batch_job_that_was_not_seen_is_an_item(make_kit, sandbox, appointment):
    """After `expected_every`, whether it never ran or ran long ago; its next run ends that."""
    kit = make_kit([DAY], expected_every=timedelta(hours=2))
    kit.sync(appointment())
    sandbox.clock.advance(hours=2, minutes=1)
    (item,) = kit.attention()
    assert (item.kind, item.affected) == ("batch_job", ())
    assert "never ran" in item.what
    assert kit.resync().attention == ()
    sandbox.clock.advance(hours=3)
    assert ["last ran" in item.what for item in kit.attention()] == [True]


def test_what_nobody_follows_is_an_item_as_soon_as_a_reminder_is_due(make_kit, sandbox, appointment):
    """By name, until it is followed; what is due after the batch job's next run is left to that."""
    kit = make_kit([DAY])
    kit.resync()
    kit.record([appointment("A-1", hours=-47), appointment("A-2", hours=24)])
    assert kit.attention() == ()
    sandbox.clock.advance(hours=5)
    (item,) = kit.attention()
    assert (item.kind, item.since, item.seen) == ("follower", sandbox.now() - timedelta(hours=5), False)
    assert [member.identity.id for member in item.affected] == ["A-1"]
    assert kit.resync(only_dirty=True).attention == ()
    assert len(sandbox.parked()) == 2


@pytest.mark.parametrize(
    "changes",
    [{"status": "cancelled"}, {"recipients": ()}, {"tags": ["internal"]}],
    ids=["cancelled", "for nobody", "for whom the rule is not"],
)
def test_what_nobody_is_to_be_told_of_is_no_item_before_the_batch_job(make_kit, sandbox, appointment, changes):
    """Nothing of it becomes due meanwhile."""
    rule = Rule("day-before", before="24 hours", text="See you {{ when }}.", unless={"tags": ["internal"]})
    kit = make_kit([rule], expected_every=timedelta(days=9))
    kit.resync()
    kit.record(appointment("A-1", hours=-47, **changes))
    sandbox.clock.advance(hours=5)
    assert kit.attention() == ()


def test_a_batch_job_in_shards_lists_nobody_who_is_in_another_one(make_kit, sandbox, appointment):
    """What was written long before is looked at by the shard that has it, in a moment."""
    kit = make_kit([DAY])
    kit.resync()
    sandbox.clock.advance(hours=2)
    kit.record([appointment(f"A-{n}", days=20, phone=f"+1202555012{n}") for n in range(6)])
    sandbox.clock.advance(hours=9)
    parts = kit.shards(2)
    reports = [kit.resync(shard=part) for part in (parts.own, *parts.others)]
    assert len(reports) > 1
    assert [report.attention for report in reports] == [()] * len(reports)


@pytest.mark.parametrize("change", ["moved", "withdrawn"])
def test_what_changed_and_is_not_followed_is_an_item_once_what_it_was_went_out(make_kit, sandbox, appointment, change):
    """The person was told what is no longer true, and nobody has done anything about it."""
    kit = make_kit([DAY], expected_every=timedelta(days=9))
    kit.sync(appointment())
    if change == "moved":
        kit.record(appointment(hours=72))
    else:
        with closing(sqlite3.connect(kit.ledger.url.removeprefix("sqlite:///"))) as connection, connection:
            kit.withdraw("A-1", connection=connection)
    sandbox.clock.advance(days=1)
    assert kit.attention() == ()
    sandbox.clock.advance(days=1, hours=2)
    assert kinds(kit.attention()) == [("follower", 1, False)]
    assert [item.kind for item in kit.resync().attention] == []


def test_a_message_that_a_webhook_tells_of_is_not_what_the_host_wrote(make_kit, sandbox, appointment):
    """Its appointment is looked at again, and nobody has to do anything meanwhile."""
    kit = make_kit([DAY], expected_every=timedelta(days=9))
    kit.sync(appointment())
    kit.ledger.submit(lambda tx: tx.mark_dirty(identities=tx.reader.identities("A-1"))).result()
    sandbox.clock.advance(days=3)
    assert kit.attention() == ()


def test_an_appointment_that_can_not_be_read_is_an_item_until_it_can(make_kit, appointment):
    """What a host's own callable raises concerns that appointment alone, and is named in later lists too."""
    broken = {"A-1"}

    def has_room(visit, _recipient):
        if visit.id in broken:
            raise KeyError("room")
        return True

    kit = make_kit([Rule("day-before", before="24 hours", text="{{ when }}", when=has_room)])
    assert not kit.sync([appointment("A-1"), appointment("A-2", hours=1)]).ok
    (item,) = kit.attention()
    assert (item.kind, [member.key.split("/")[1] for member in item.affected]) == ("unreadable", ["A-1"])
    broken.clear()
    assert kit.sync(appointment("A-1")).attention == ()


def test_a_run_that_finds_nothing_new_writes_nothing(make_kit, sandbox, appointment):
    """What waits is kept once: the same input at the same instant leaves the ledger as it was."""
    kit = make_kit([DAY])
    sandbox.fault(**DISABLED)
    visits = [appointment("A-1"), appointment("A-2", phone="12")]
    kit.sync(visits)
    before = rows(kit)
    kit.sync(visits)
    assert rows(kit) == before


def rows(kit):
    """Return every row of the tables that hold no leases."""
    tables = ("reminders", "messages", "history", "blockers", "attention")

    def read(connection):
        asked = {name: connection.exec_driver_sql(f"SELECT * FROM reminder_kit_{name}").fetchall() for name in tables}
        return {name: sorted(map(repr, found)) for name, found in asked.items()}

    return kit.ledger.ask(read, {})


# Trying now


def test_without_an_id_one_is_tried_and_all_follow(make_kit, sandbox, appointment):
    """A person mended the account: nobody waits for the next attempt that was due."""
    kit = make_kit([DAY], concurrency=1)
    sandbox.fault(**DISABLED)
    visits = [appointment(f"A-{index}", hours=index) for index in range(4)]
    kit.sync(visits)
    assert kit.retry().attention[0].kind == "account"
    assert [request.status for request in sandbox.requests] == [400, 400]  # the first one, and the one that was tried
    sandbox.faults.clear()
    assert kit.retry().attention == ()
    assert len(sandbox.parked()) == 4


def test_only_what_waits_for_a_reason_is_tried(make_kit, sandbox, appointment):
    """An unknown code is the provider's, not the account's; and what nothing waits for is an error."""
    kit = make_kit([DAY])
    sandbox.fault(**DISABLED)
    kit.sync(appointment())
    asked = sandbox.request_count
    kit.retry(reason="waiting_provider")
    assert sandbox.request_count == asked
    kit.retry(reason="waiting_account")
    assert sandbox.request_count == asked + 1
    with pytest.raises(InvalidInputError, match="on_time"):
        kit.retry(reason="on_time")


def test_what_was_refused_for_good_is_tried_with_its_id_only(make_kit, sandbox, appointment):
    """The provider may have changed its mind about a text: a person may say so."""
    kit = make_kit([DAY])
    sandbox.fault(**DISABLED | {"code": "40302"})
    kit.sync(appointment())
    sandbox.faults.clear()
    kit.retry()
    assert sandbox.parked() == []
    assert kit.retry("A-1").attention == ()
    assert len(sandbox.parked()) == 1


def test_a_message_in_doubt_is_made_anew_with_its_id_only(make_kit, sandbox, appointment):
    """Without an id nothing is created that may exist; with one it is, by somebody's decision."""
    provider = Telnyx("KEY", "+12025550100", endpoint="schedule", webhook_url="https://clinic.example/hook")
    kit = make_kit([DAY], provider=provider, unknown_outcome="prefer_missing")
    sandbox.fault("drop_after", times=1, method="POST")
    kit.sync(appointment())
    kit.retry()
    assert len(sandbox.parked()) == 1
    kit.retry("A-1")
    assert len(sandbox.parked()) == 2
    with pytest.raises(InvalidInputError, match="A-9"):
        kit.retry("A-9")


def test_a_status_is_read_like_a_dict(kit):
    """By the names that it has, and no others."""
    status = kit.status()
    assert "appointments" in status
    assert status.get("retry") is None
    with pytest.raises(KeyError, match="retry"):
        status["retry"]
    with pytest.raises(KeyError):
        status["__class__"]
    assert len(list(status)) == len(status) == len(dict(status))


@pytest.mark.parametrize(
    ("region", "what"),
    [("US", "no message can reach the number"), (None, "the number has no country code")],
    ids=["of this country", "of no country"],
)
def test_a_number_that_can_not_be_is_told_from_one_without_a_country(make_kit, appointment, region, what):
    """Where there is a default region a number without a country code is one of that country, and wrong as such."""
    kit = make_kit([DAY], default_region=region)
    kit.sync(appointment(phone="202555012"))
    (item,) = kit.attention()
    assert item.kind == "number"
    assert item.what.startswith(what)
