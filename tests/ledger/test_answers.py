"""What a ledger answers is what looking through all of its rows finds, on either database, to the very instant."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from itertools import combinations

import pytest

from reminder_kit.model.lifecycle import OPEN, SENT
from reminder_kit.model.records import PriorMessage, Sharing, Traffic, Twin
from reminder_kit.planning.attention import Affected
from reminder_kit.planning.changes import ChangeKind
from reminder_kit.planning.lagging import Unfollowed
from tests.ledger.population import (
    NUMBERS,
    SOURCES,
    hour,
    identity_of,
    instant_of,
    number_of,
    populated,
)

NOW = hour(2)
AT = number_of(NOW)
WORDS_OPEN = {state.value for state in OPEN}
GONE = {"cancelled", "abandoned"}
REACHES = {"creating", "scheduled", "cancelling", "too_late", "sent", "delivered", "unknown"}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request, tmp_path_factory):
    """A ledger with all rows of a population, and the population."""
    with populated(request.param, 7, request, tmp_path_factory) as found:
        yield found


@pytest.fixture
def ask(filled):
    """Return a function that puts a question to the ledger's reader."""
    ledger, _ = filled
    return ledger.read


@pytest.fixture
def rows(filled):
    """The population."""
    return filled[1]


FILTERS = {
    "source": lambda one: one.source == "web",
    "ids": lambda one: one.id in {"A-1", "A-2", "A-3", "A-4", "A-5", "A-6"},
    "rows": lambda one: one.row_id % 2 == 0,
    "ended_after": lambda one: one.dirty or one.next_at is not None or one.ends_at >= AT,
    "dirty_only": lambda one: one.dirty,
}
GIVEN = {
    "source": "web",
    "ids": [f"A-{place}" for place in range(1, 7)],
    "rows": range(2, 99, 2),
    "ended_after": NOW,
    "dirty_only": True,
}


@pytest.mark.few(5)
@pytest.mark.parametrize("count", range(len(FILTERS) + 1))
def test_records_are_those_that_all_filters_let_through(ask, rows, count):
    """Any number of filters together, in the order of rows, read in pages of any size; purged ones are never there."""
    for chosen in combinations(FILTERS, count):
        expected = [
            one.row_id
            for one in rows.here("appointments")
            if one.snapshot and all(FILTERS[name](one) for name in chosen)
        ]
        given = {name: GIVEN[name] for name in chosen}
        for page in (1, 4, 500):
            found = ask(lambda reader, given=given, page=page: list(reader.records(**given, page=page)))
            assert [record.row for record in found] == expected


def test_records_by_identity_are_filtered_too(ask, rows):
    """Unknown identities and repetitions are passed over, and rows filter further."""
    mine = [one for one in rows.here("appointments") if one.snapshot]
    wanted = [identity_of(one) for one in mine[:9]]
    listed = [*wanted, wanted[0], wanted[0]._replace(id="nobody")]
    found = ask(lambda reader: list(reader.records(identities=listed)))
    assert [record.identity for record in found] == wanted
    some = ask(lambda reader: list(reader.records(identities=listed, rows=[mine[1].row_id, mine[20].row_id])))
    assert [record.row for record in some] == [mine[1].row_id]
    dirty = ask(lambda reader: list(reader.records(identities=listed, dirty_only=True)))
    assert [record.row for record in dirty] == [one.row_id for one in mine[:9] if one.dirty]


def test_a_record_has_every_field_its_reminders_and_its_messages(ask, rows):
    """Reminders by key, messages as they were created, without cancelled and abandoned ones."""
    found = ask(lambda reader: list(reader.records()))
    for record in found:
        one = rows.of_row[record.row]
        assert (record.identity, record.snapshot, record.fingerprint) == (
            identity_of(one),
            one.snapshot,
            one.fingerprint,
        )
        assert (record.generation, record.dirty, record.removed, record.planned_with) == (
            one.generation,
            one.dirty,
            one.removed,
            one.planned_with,
        )
        assert (record.next_at, record.start_at, record.recorded_at) == (
            instant_of(one.next_at),
            instant_of(one.starts_at),
            instant_of(one.recorded_at),
        )
        assert (record.revision, record.replied) == ((one.revision_kind, one.revision), one.replied)
        theirs = sorted((each for each in rows.reminders if each.row_id == one.row_id), key=lambda each: each.key)
        assert [
            (
                each.key,
                each.rule,
                each.recipient,
                each.to,
                each.status.value,
                each.reason,
                each.due_at,
                each.send_at,
                each.park_at,
                each.replacing,
                each.error,
                each.blocker,
            )
            for each in record.outcomes
        ] == [
            (
                each.key,
                each.rule,
                each.recipient,
                each.to_number,
                each.stand,
                each.reason,
                instant_of(each.due_at),
                instant_of(each.send_at),
                instant_of(each.park_at),
                each.replacing,
                each.error,
                each.blocker,
            )
            for each in theirs
        ]
        alive = [each.id for each in rows.messages if each.row_id == one.row_id and each.state not in GONE]
        assert [message.id for message in record.messages] == alive


def test_a_message_has_every_field(ask, rows):
    """As its columns have them."""
    known = {each.id: each for each in rows.messages}
    found = [message for record in ask(lambda reader: list(reader.records())) for message in record.messages]
    assert len(found) > 50
    for message in found:
        each = known[message.id]
        draft = message.draft
        assert (draft.to, draft.text, draft.send_at, draft.subject, draft.media_urls, draft.channel) == (
            each.to_number,
            each.text,
            instant_of(each.send_at),
            "",
            (),
            "sms",
        )
        names = ("key", "state", "sender", "provider", "path", "request", "idempotency_key", "provider_id")
        names += ("uncertain", "attempts", "error", "presumed")
        assert [getattr(message, name) for name in names] == [getattr(each, name) for name in names]
        for name in ("due_at", "start_at", "created_at", "next_try_at"):
            assert getattr(message, name) == instant_of(getattr(each, name))
        included = [(one.key, one.start_at) for one in message.includes]
        assert included == [(key, instant_of(at)) for key, at in json.loads(each.told or "[]")]


def test_what_is_recorded_is_known_by_identity(ask, rows):
    """Purged ones too: row, digest, whether it is gone, revision and time of recording."""
    mine = rows.here("appointments")
    asked = [*map(identity_of, mine), identity_of(mine[0])._replace(id="nobody")]
    found = ask(lambda reader: reader.recorded(asked))
    assert {identity: tuple(known) for identity, known in found.items()} == {
        identity_of(one): (
            one.row_id,
            one.fingerprint,
            one.removed,
            one.revision_kind,
            one.revision,
            one.recorded_at,
        )
        for one in mine
    }
    assert ask(lambda reader: reader.rows(asked)) == {identity_of(one): one.row_id for one in mine}
    assert ask(lambda reader: (reader.recorded([]), reader.rows([]))) == ({}, {})


def test_what_was_recorded_later_than_an_instant_is_told(ask, rows):
    """What was recorded at that very instant is not."""
    found = ask(lambda reader: reader.recorded_since(NOW))
    assert {(one.identity, one.fingerprint, one.removed, one.recorded_at) for one in found} == {
        (identity_of(one), one.fingerprint, one.removed, instant_of(one.recorded_at))
        for one in rows.here("appointments")
        if one.recorded_at > AT
    }


@pytest.mark.parametrize("source", [None, *SOURCES])
def test_an_id_leads_to_its_appointments(ask, rows, source):
    """By source, then by start, of one source or occurrence where these are named."""
    for place in range(25):
        mine = [one for one in rows.here("appointments") if one.id == f"A-{place}" and source in (None, one.source)]
        mine.sort(key=lambda one: (one.source, one.starts_at, one.row_id))
        found = ask(lambda reader, place=place: reader.identities(f"A-{place}", source))
        assert found == [identity_of(one) for one in mine]
        for written, name in (("", ""), ("20260212T140000Z", "2026-02-12T14:00:00Z")):
            found = ask(lambda reader, place=place, written=written: reader.identities(f"A-{place}", source, written))
            assert found == [identity_of(one) for one in mine if one.recurrence_id == name]


@pytest.mark.parametrize("source", [*SOURCES, "nowhere"])
def test_a_source_has_its_appointments_its_state_and_its_series(ask, rows, source):
    """What stands, how much there is and when it was written last, and the newest revision of each master."""
    all_of_it = [one for one in rows.here("appointments") if one.source == source]
    standing = [one for one in all_of_it if one.snapshot and not one.removed]
    assert ask(lambda reader: reader.of_source(source)) == [identity_of(one) for one in standing]
    last = max((one.recorded_at for one in all_of_it), default=0)
    assert ask(lambda reader: reader.state_of(source)) == (len(all_of_it), sum(one.removed for one in all_of_it), last)
    masters = defaultdict(list)
    for one in standing:
        is_master = one.revision_kind == "ii" and not one.recurrence_id
        told = one.revision[:42] if one.revision_kind == "m" else one.revision if is_master else ""
        masters[one.id].append(told)
    assert ask(lambda reader: reader.series_of(source)) == {name: max(found) for name, found in masters.items()}


def test_the_parked_are_counted_in_all_by_source_and_by_provider(ask, rows):
    """A provider's cap is for all namespaces; where it has room for all that were ever made, none is counted."""
    parked = [each for each in rows.messages if each.state in WORDS_OPEN]
    mine = [each for each in parked if each.namespace == "default"]
    assert ask(lambda reader: reader.parked()) == len(mine)
    for source in SOURCES:
        theirs = [each for each in mine if (owner := rows.owner(each)) and owner.source == source]
        assert ask(lambda reader, source=source: reader.parked(source)) == len(theirs)
    count = Counter(each.provider for each in parked)
    made = len(rows.messages)
    for provider in ("telnyx", "twilio", "nobody"):
        assert ask(lambda reader, name=provider: reader.parked_everywhere(name)) == count[provider]
        for cap, wanted, left in (
            (made + 5, 5, 5),
            (made + 5, 6, made + 5 - count[provider]),
            (made, 0, 0),
            (made, 1, made - count[provider]),
        ):
            asked = ask(lambda reader, cap=cap, wanted=wanted, name=provider: reader.room(cap, wanted, name))
            assert asked == left


def test_what_went_out_for_an_id_is_known_for_any_occurrence(ask, rows):
    """By source and id, then by rule and recipient, as it was made."""
    sent = {state.value for state in SENT}
    expected = {}
    for each in rows.messages:
        owner = rows.owner(each)
        if owner and owner.namespace == "default" and each.state in sent:
            by_whom = expected.setdefault((owner.source, owner.id), {})
            prior = PriorMessage(each.key, instant_of(each.start_at), instant_of(each.send_at))
            by_whom.setdefault((each.rule, each.recipient), []).append(prior)
    pairs = sorted({(one.source, one.id) for one in rows.appointments} | {("desk", "nobody")})
    assert ask(lambda reader: reader.sent_before_many(pairs)) == expected
    assert ask(lambda reader: reader.sent_before_many([])) == {}
    for one in rows.here("appointments")[:9]:
        found = ask(lambda reader, one=one: reader.sent_before(identity_of(one)))
        assert found == expected.get((one.source, one.id), {})


def test_who_shares_a_number_between_two_instants_is_found(ask, rows):
    """Both instants included; whether it stands at that start, and whether it was worked on since."""
    low, high = hour(1), hour(3)
    expected = [
        Sharing(
            one.row_id,
            identity_of(one),
            each.number,
            instant_of(each.starts_at),
            not one.removed and one.starts_at == each.starts_at,
            not one.dirty,
        )
        for each in sorted(rows.here("phones"), key=lambda each: (each.row_id, each.number, each.starts_at))
        if (one := rows.of_row[each.row_id]).snapshot
        and each.number in NUMBERS[:2]
        and number_of(low) <= each.starts_at <= number_of(high)
    ]
    asked = [(number, low, high) for number in NUMBERS[:2]]
    assert ask(lambda reader: reader.sharing_number(asked)) == expected
    assert ask(lambda reader: reader.sharing_number([])) == []


def test_appointments_have_their_numbers(ask, rows):
    """By row, each with the start it is for."""
    expected = defaultdict(set)
    for each in rows.phones:
        if each.row_id % 2:
            expected[each.row_id].add((each.number, instant_of(each.starts_at)))
    found = ask(lambda reader: reader.phones(list(range(1, 99, 2))))
    assert {row: set(listed) for row, listed in found.items()} == expected
    assert all(len(set(listed)) == len(listed) for listed in found.values())
    assert ask(lambda reader: reader.phones([])) == {}


def test_what_goes_out_to_numbers_is_found(ask, rows):
    """From an instant on, that one included, whatever may reach the person; and about a start, in which words."""
    listed = NUMBERS[:2]
    expected, twins = defaultdict(list), defaultdict(list)
    visits = [(number, hour(count)) for number in listed for count in (1, 2)]
    for each in rows.here("messages"):
        if each.state not in REACHES or each.to_number not in listed:
            continue
        instants = [instant_of(moment) for moment in (each.send_at, each.due_at, each.start_at)]
        if each.send_at >= AT:
            expected[each.to_number].append(Traffic(each.key, *instants))
        owner = rows.owner(each)
        if owner and (visit := (each.to_number, instants[2])) in visits:
            twins[visit].append(Twin(each.key, *instants[:2], each.text, each.rule, owner.source))
    assert ask(lambda reader: reader.traffic(listed, NOW)) == expected
    assert ask(lambda reader: reader.twins([*visits, visits[0]])) == twins
    assert ask(lambda reader: (reader.traffic([], NOW), reader.twins([]))) == ({}, {})


def test_messages_that_tell_of_others_are_found_by_number(ask, rows):
    """Unless they never went out."""
    over = {*GONE, "rejected"}
    expected = [
        each.id
        for each in rows.here("messages")
        if each.told and each.to_number in NUMBERS[:2] and each.state not in over
    ]
    assert [message.id for message in ask(lambda reader: reader.combined(NUMBERS[:2]))] == expected
    assert ask(lambda reader: reader.combined([])) == []


def test_a_reminder_leads_to_its_appointment(ask, rows):
    """With its rule and whom it is for; one whose appointment is not there leads nowhere."""
    expected = {
        each.key: (identity_of(owner), each.rule, each.recipient)
        for each in rows.here("reminders")
        if (owner := rows.owner(each))
    }
    keys = [each.key for each in rows.reminders]
    assert ask(lambda reader: reader.reminder_owners(keys)) == expected
    assert ask(lambda reader: reader.reminder_owners([])) == {}


def test_a_message_is_found_by_our_name_or_the_providers(ask, rows):
    """The last one of several with that name there, by our own name before the provider's."""
    mine = [each for each in rows.here("messages") if rows.owner(each)]
    by_name = {(each.provider, each.provider_id): each for each in mine if each.provider_id}
    for (provider, name), each in by_name.items():
        found = ask(lambda reader, at=provider, name=name: reader.find_message(provider=at, provider_id=name))
        assert (found.message.id, found.identity) == (each.id, identity_of(rows.owner(each)))
        assert (found.rule, found.recipient) == (each.rule, each.recipient)
    first, other = mine[0], next(each for each in mine[1:] if each.provider == mine[0].provider and each.provider_id)
    asked = {"provider": first.provider, "token": first.id, "provider_id": other.provider_id}
    assert ask(lambda reader: reader.find_message(**asked)).message.id == first.id
    assert ask(lambda reader: reader.find_message(**{**asked, "token": "m-?"})).message.provider_id == other.provider_id
    elsewhere = "twilio" if first.provider == "telnyx" else "telnyx"
    assert ask(lambda reader: reader.find_message(provider=elsewhere, token=first.id)) is None
    assert ask(lambda reader: reader.find_message(provider=first.provider)) is None


def test_what_was_sent_to_a_number_is_found_the_latest_first(ask, rows):
    """Up to an instant, that one included, through one provider; fifty at the most."""
    for number in NUMBERS:
        for provider in ("telnyx", "twilio"):
            mine = [
                each
                for each in rows.here("messages")
                if rows.owner(each)
                and (each.provider, each.to_number) == (provider, number)
                and each.send_at <= AT
                and each.state not in ("cancelled", "rejected")
            ]
            mine.sort(key=lambda each: (-each.send_at, -each.serial))
            asked = {"provider": provider, "number": number, "until": NOW}
            found = ask(lambda reader, asked=asked: reader.sent_to(**asked))
            assert [(one.message.id, one.identity, one.rule, one.recipient) for one in found] == [
                (each.id, identity_of(rows.owner(each)), each.rule, each.recipient) for each in mine
            ]


def test_replies_that_wait_are_found_as_they_came(ask, rows):
    """Without what stands in the place of their message's name."""
    waiting = [each for each in rows.here("events") if each.token == "waiting" and not each.matched]
    found = ask(lambda reader: reader.waiting_replies())
    assert [
        (
            one.id,
            one.type,
            one.occurred_at,
            one.provider,
            one.provider_id,
            one.senders,
            one.number,
            one.text,
            one.code,
            one.raw,
        )
        for one in found
    ] == [
        (
            each.id,
            each.type,
            instant_of(each.occurred_at),
            each.provider,
            each.provider_id,
            tuple(json.loads(each.senders or "[]")),
            each.number,
            each.text,
            each.code,
            json.loads(each.raw),
        )
        for each in waiting
    ]
    assert {one.token for one in found} == {None}


def test_counts_are_what_counting_finds(ask, rows):
    """Of appointments, reminders, messages and events, and when something is due next."""
    appointments = rows.here("appointments")
    found = ask(lambda reader: reader.counts())
    reminders = Counter((each.stand, each.reason) for each in rows.here("reminders"))
    unsettled = [
        each.created_at for each in rows.here("messages") if each.state in ("creating", "cancelling", "unknown")
    ]
    expected = {
        "appointments": len(appointments),
        "dirty": sum(one.dirty for one in appointments),
        "removed": sum(one.removed for one in appointments),
        "claimed": sum(one.lease_owner is not None for one in appointments),
        "messages": Counter(each.state for each in rows.here("messages")),
        "reminders": {
            stand: {reason: count for (of_stand, reason), count in reminders.items() if of_stand == stand}
            for stand, _ in reminders
        },
        "next_at": instant_of(min(one.next_at for one in appointments if one.next_at)),
        "oldest_unsettled_at": instant_of(min(unsettled)),
        "unmatched_events": sum(
            not each.matched and (each.provider_id is not None or each.token is not None)
            for each in rows.here("events")
        ),
    }
    assert {name: found[name] for name in expected} == expected


def test_what_waits_for_a_person_is_found(ask, rows):
    """Reminders that can be mended while they or their appointment are to come, or tried again; messages in doubt."""
    mendable = {"waiting_account", "waiting_provider", "restored_ledger", "quarantined"}
    mendable |= {"invalid_number", "template_error", "no_recipient"}
    waiting = [
        (owner.starts_at, each.key, each, owner)
        for each in rows.here("reminders")
        if (owner := rows.owner(each))
        and owner.snapshot
        and not owner.removed
        and each.reason in mendable
        and (each.stand != "parked" or (each.send_at or 0) > AT)
        and (owner.starts_at > AT or (each.due_at or 0) > AT or (each.stand == "held" and each.park_at is not None))
    ]
    waiting.sort(key=lambda one: one[:2])
    found = ask(lambda reader: reader.attention(NOW))
    assert list(found.waiting) == [
        Affected(
            key,
            identity_of(owner),
            each.rule,
            each.to_number,
            instant_of(start),
            each.reason,
            each.error,
            blocker=each.blocker,
            is_parked=each.stand == "parked",
        )
        for start, key, each, owner in waiting
    ]
    doubt = [
        (each, owner)
        for each in rows.here("messages")
        if (owner := rows.owner(each)) and (each.send_at > AT or each.start_at > AT)
    ]

    def told(pairs):
        return [
            Affected(
                each.id,
                identity_of(owner),
                each.rule,
                each.to_number,
                instant_of(each.start_at),
                error=each.error,
                next_try_at=instant_of(each.next_try_at),
            )
            for each, owner in pairs
        ]

    assert list(found.unknown) == told((each, owner) for each, owner in doubt if each.state == "unknown")
    answered = [(each, owner) for each, owner in doubt if each.state == "scheduled" and (each.next_try_at or 0) > 0]
    assert list(found.answered) == told(answered)
    unfollowed = [
        one
        for one in rows.here("appointments")
        if one.unfollowed_at is not None and one.unfollowed_at < AT < one.ends_at and one.snapshot
    ]
    unfollowed.sort(key=lambda one: (one.unfollowed_at, one.row_id))
    numbered = {each.row_id for each in rows.phones}
    assert list(found.unfollowed) == [
        Unfollowed(
            identity_of(one),
            instant_of(one.starts_at),
            instant_of(one.unfollowed_at),
            instant_of(one.next_at),
            not one.removed and '"status":"cancelled"' not in one.snapshot and one.row_id in numbered,
        )
        for one in unfollowed
    ]
    faulty = {each.rule for _, _, each, _ in waiting if each.reason == "template_error"}
    assert found.written == faulty & {each.rule for each in rows.here("messages")}
    assert found.worked_at in {instant_of(line.at) for line in rows.here("history")}
    assert found.has_run is False


def test_the_history_of_an_id_is_told_in_order(ask, rows):
    """Of one source or occurrence where these are named."""
    for one in rows.here("appointments")[:20]:
        mine = [line for line in rows.here("history") if line.id == one.id]
        for source in (None, one.source):
            for occurrence in (None, one.recurrence_id):
                expected = [
                    (instant_of(line.at), line.key)
                    for line in mine
                    if source in (None, line.source) and occurrence in (None, line.recurrence_id)
                ]
                asked = {"id": one.id, "source": source, "recurrence_id": occurrence}
                found = ask(lambda reader, asked=asked: reader.history(**asked))
                assert [(line.at, line.key) for line in found] == expected


# Who looks


def test_a_day_begins_with_its_first_instant_and_ends_before_its_last(ask, rows):
    """In the order of starts, then of rows; from a row on, and so many at the most."""
    day = sorted(
        (one.starts_at, one.row_id)
        for one in rows.here("appointments")
        if one.snapshot and number_of(hour(1)) <= one.starts_at < number_of(hour(3))
    )
    expected = [(row, instant_of(start)) for start, row in day]
    assert ask(lambda reader: reader.looks.day(hour(1), hour(3))) == expected
    assert ask(lambda reader: reader.looks.day(hour(1), hour(3), most=3)) == expected[:3]
    same = [row for start, row in day if start == day[0][0]]
    later = [one for one in expected if one[0] not in same[:2]]
    assert ask(lambda reader: reader.looks.day(hour(1), hour(3), same[1])) == later


@pytest.mark.parametrize("by", ["time", "number", "rows"])
def test_messages_are_told_the_latest_first(ask, rows, by):
    """Between two instants, the first included and the last not, with what was reported of each; erased ones not."""
    given = {"time": {}, "number": {"number": NUMBERS[0]}, "rows": {"rows": range(0, 99, 3)}}[by]
    mine = [
        each
        for each in rows.here("messages")
        if rows.owner(each)
        and number_of(hour(1)) <= each.send_at < number_of(hour(4))
        and each.to_number
        and each.to_number == given.get("number", each.to_number)
        and each.row_id in given.get("rows", [each.row_id])
    ]
    mine.sort(key=lambda each: (-each.send_at, -each.serial))
    given = {name: list(value) if name == "rows" else value for name, value in given.items()}
    found = ask(lambda reader: reader.looks.told(hour(1), hour(4), **given))
    assert [(told.message.id, told.identity, told.rule, told.recipient) for told in found] == [
        (each.id, identity_of(rows.owner(each)), each.rule, each.recipient) for each in mine
    ]
    for told in found:
        said = [each for each in rows.events if each.token == told.message.id]
        said.sort(key=lambda each: (each.occurred_at, each.serial))
        first = {each.type: instant_of(each.occurred_at) for each in reversed(said)}
        assert (told.sent_at, told.delivered_at, told.undelivered_at) == tuple(
            first.get(kind) for kind in ("sent", "delivered", "undelivered")
        )
        codes = [each.code for each in said if each.type == "undelivered"]
        assert told.code == (codes[-1] if codes else "")
    assert len(ask(lambda reader: reader.looks.told(hour(1), hour(4), **given, most=2))) == 2


def test_pages_of_messages_follow_each_other(ask, rows):
    """The latest first, at one instant by their ids: none twice, none left out."""
    mine = [
        each
        for each in rows.here("messages")
        if rows.owner(each) and number_of(hour(1)) <= each.send_at <= number_of(hour(4)) and each.to_number
    ]
    mine.sort(key=lambda each: (each.send_at, each.id), reverse=True)
    until, before, found = hour(4), "n", []
    while page := ask(lambda reader, until=until, before=before: reader.looks.told_before(hour(1), until, before, 7)):
        found += [told.message.id for told in page]
        until, before = page[-1].message.send_at, page[-1].message.id
    assert found == [each.id for each in mine]


def test_what_numbers_wrote_is_told_the_latest_first(ask, rows):
    """Between two instants by the provider's clock; what has no words is no reply."""
    mine = [
        each
        for each in rows.here("events")
        if each.number in NUMBERS[:2]
        and each.text is not None
        and number_of(hour(1)) <= each.occurred_at < number_of(hour(4))
    ]
    mine.sort(key=lambda each: (-each.occurred_at, -each.serial))
    expected = [(each.number, instant_of(each.occurred_at), each.type, each.text) for each in mine]
    found = ask(lambda reader: reader.looks.replies(NUMBERS[:2], hour(1), hour(4)))
    assert [(one.number, one.at, one.kind, one.text) for one in found] == expected
    few = ask(lambda reader: reader.looks.replies(NUMBERS[:2], hour(1), hour(4), 3))
    assert [one.text for one in few] == [text for *_, text in expected[:3]]


def test_replies_and_messages_of_a_time_are_counted(ask, rows):
    """Replies by when they came in, messages by send time, and appointments that were replied to, each once a rule."""

    def in_time(at):
        return number_of(hour(1)) <= at < number_of(hour(4))

    replies = Counter(
        each.type
        for each in rows.here("events")
        if each.type in ("received", "opted_out", "opted_in") and each.raw != "{}" and in_time(each.received_at)
    )
    assert ask(lambda reader: reader.looks.counted_replies(hour(1), hour(4))) == replies
    messages = [each for each in rows.here("messages") if in_time(each.send_at)]
    counted = {}
    for each in messages:
        if each.state not in GONE:
            of_rule = counted.setdefault(each.rule, {})
            of_rule[each.state] = of_rule.get(each.state, 0) + 1
    assert ask(lambda reader: reader.looks.counted(hour(1), hour(4))) == counted
    replied = {(each.rule, each.row_id) for each in messages if (owner := rows.owner(each)) and owner.replied}
    expected = Counter(rule for rule, _ in replied)
    assert ask(lambda reader: reader.looks.counted_keywords(hour(1), hour(4))) == expected


def test_the_last_fifty_looks_at_a_number_are_told(ask, rows):
    """The latest first."""
    mine = [each for each in rows.here("looks") if each.number == NUMBERS[0]][::-1]
    assert len(mine) > 50
    found = ask(lambda reader: reader.looks.looks(NUMBERS[0]))
    assert [(look.who, look.at, look.act, look.number, look.id) for look in found] == [
        (each.who, instant_of(each.at), "looked", NUMBERS[0], "") for each in mine[:50]
    ]


def test_appointments_are_called_by_title_and_names(ask, rows):
    """By identity and by row; purged and unknown ones are left out."""
    mine = rows.here("appointments")
    asked = [*map(identity_of, mine), identity_of(mine[0]), identity_of(mine[0])._replace(id="nobody")]
    found = ask(lambda reader: reader.looks.called(asked))
    standing = {identity_of(one): one for one in mine if one.snapshot}
    assert {identity: called.title for identity, called in found.items()} == {
        identity: f"Visit {one.row_id}" for identity, one in standing.items()
    }
    for identity, one in standing.items():
        assert [found[identity].name(person.phone) for person in one.people] == [person.name for person in one.people]


# What a batch job looks at


@pytest.mark.parametrize("waiting", [False, True])
@pytest.mark.parametrize("settings", ["a", "b", "c", "d"])
def test_what_needs_a_look_is_found(ask, rows, settings, waiting):
    """Dirty, due, in doubt, or decided otherwise and not over; where an account works again, who waits for it."""
    doubtful = {each.row_id for each in rows.here("messages") if each.state in ("creating", "cancelling", "unknown")}
    waits = {each.row_id for each in rows.here("reminders") if each.reason == "waiting_account"}
    expected = {
        one.row_id
        for one in rows.here("appointments")
        if one.dirty
        or (one.next_at is not None and one.next_at <= AT)
        or (one.planned_with != settings and (one.next_at is not None or one.ends_at >= AT))
    }
    expected |= doubtful | (waits if waiting else set())
    assert ask(lambda reader: reader.sweep.needing_a_look(NOW, settings, waiting=waiting)) == sorted(expected)


def test_what_is_dirty_and_what_has_messages_is_found(ask, rows):
    """Messages are counted that can still be taken back: they are parked, and go out later than now."""
    assert ask(lambda reader: reader.sweep.dirty()) == {one.row_id for one in rows.here("appointments") if one.dirty}
    listed = range(1, 99, 2)
    expected = defaultdict(int)
    for each in rows.messages:
        if each.row_id in listed:
            expected[each.row_id] += each.state in WORDS_OPEN and each.send_at > AT
    assert ask(lambda reader: reader.sweep.with_messages(list(listed), NOW)) == expected
    assert ask(lambda reader: reader.sweep.with_messages([], NOW)) == {}


def not_over(one):
    return bool(one.snapshot) and (one.dirty or one.next_at is not None or one.ends_at >= AT)


def test_what_is_not_over_of_a_source_is_told_in_order(ask, rows):
    """Each with its row."""
    expected = [
        (one.row_id, identity_of(one)) for one in rows.here("appointments") if one.source == "web" and not_over(one)
    ]
    assert ask(lambda reader: list(reader.sweep.of_source("web", NOW))) == expected


@pytest.mark.parametrize("looked_at", [[], [*range(1, 30)]], ids=["nothing was looked at", "some were"])
def test_what_is_passed_over_is_counted(ask, rows, looked_at):
    """Appointments that are not over, how their reminders stand, and who has nobody to be reminded."""
    live = {one.row_id: one for one in rows.here("appointments") if not_over(one) and one.row_id not in looked_at}
    parked = {(each.row_id, each.key) for each in rows.messages if each.state in WORDS_OPEN}
    kinds, alone = Counter(), set()
    for each in rows.here("reminders"):
        if each.row_id not in live or live[each.row_id].removed:
            continue
        kept = each.stand == "parked" and (each.row_id, each.key) in parked
        kinds[ChangeKind.KEEP if kept else ChangeKind.HOLD if each.stand == "held" else ChangeKind.SKIP] += 1
        if each.reason == "no_recipient":
            alone.add(each.row_id)
    found = ask(lambda reader: reader.sweep.passed_over(looked_at, NOW))
    assert (found.appointments, found.reminders, found.without_phone) == (len(live), kinds, len(alone))


# One person


def test_a_person_is_found_wherever_the_number_is_kept(ask, rows):
    """Rows of appointments by numbers, reminders and messages; and whose message is, or may be, parked."""
    for number in NUMBERS:
        expected = {each.row_id for each in rows.here("phones") if each.number == number}
        for name in ("reminders", "messages"):
            expected |= {each.row_id for each in rows.here(name) if each.to_number == number}
        assert ask(lambda reader, number=number: reader.people.rows(number)) == sorted(expected)
        parked = {
            identity_of(owner)
            for each in rows.here("messages")
            if each.to_number == number and each.state in WORDS_OPEN and (owner := rows.owner(each))
        }
        found = ask(lambda reader, number=number: reader.people.parked(number))
        assert sorted(found) == sorted(parked)


def test_all_that_is_kept_of_a_person_is_told(ask, rows):
    """Messages, events, history and looks, each in its order and with every column that is shown."""
    number = NUMBERS[0]
    found = ask(lambda reader: reader.people.kept(number))

    def iso(at):
        return instant_of(at).isoformat().replace("+00:00", "Z")

    messages = [each for each in rows.here("messages") if each.to_number == number and rows.owner(each)]
    names = ("rule", "state", "to_number", "text", "subject", "channel", "sender", "provider", "provider_id", "error")
    assert found["messages"] == [
        {
            "appointment": rows.owner(each).id,
            "recurrence_id": rows.owner(each).recurrence_id,
            **{name: getattr(each, name) for name in names},
            "media_urls": [],
            "send_at": iso(each.send_at),
            "created_at": iso(each.created_at),
        }
        for each in messages
    ]
    events = [each for each in rows.here("events") if each.number == number]
    events.sort(key=lambda each: (each.occurred_at, each.serial))
    assert found["events"] == [
        {
            **{name: getattr(each, name) for name in ("type", "provider", "provider_id", "text", "code")},
            "occurred_at": iso(each.occurred_at),
            "received_at": iso(each.received_at),
        }
        for each in events
    ]
    keys = {each.key for each in rows.here("reminders") if each.to_number == number}
    names = ("actor", "event", "source", "id", "recurrence_id", "rule", "message_id", "reason")
    assert found["history"] == [
        {"at": iso(line.at), **{name: getattr(line, name) for name in names}, "detail": {}}
        for line in rows.here("history")
        if line.key in keys
    ]
    assert found["looks"] == [
        {"at": iso(each.at), "who": each.who, "act": each.act, "id": each.id}
        for each in rows.here("looks")
        if each.number == number
    ]
    listed = {each.row_id for each in rows.here("phones") if each.number == number}
    for name in ("reminders", "messages"):
        listed |= {each.row_id for each in rows.here(name) if each.to_number == number}
    theirs = [one for row in sorted(listed) if (one := rows.of_row.get(row)) and one.snapshot]
    assert [one["id"] for one in found["appointments"]] == [one.id for one in theirs]
    for told, one in zip(found["appointments"], theirs, strict=True):
        own = [person for person in one.people if person.phone == number]
        assert [person["phone"] for person in told["recipients"]] == [person.phone for person in own]
        assert told["other_recipients"] == len(one.people) - len(own)
        assert told["starts_at"] == iso(one.starts_at)


# What a transaction asks


def test_a_number_is_crowded_by_whatever_reaches_it_between_two_instants(filled, rows):
    """Neither instant included; the messages of some reminders are left out."""
    ledger, _ = filled
    with ledger.writing() as tx:
        for number in NUMBERS:
            for low in range(5):
                between = [
                    each.key
                    for each in rows.here("messages")
                    if each.to_number == number
                    and each.state in REACHES
                    and number_of(hour(low)) < each.send_at < number_of(hour(low + 2))
                ]
                assert tx.is_crowded(number, between[1:], hour(low), hour(low + 2)) == (between[0] not in between[1:])
                assert not tx.is_crowded(number, between, hour(low), hour(low + 2))
                assert not tx.is_crowded(number, [], hour(low), hour(low + 1))


def test_parked_reminders_of_a_number_are_those_of_each_message_and_of_what_it_includes(filled, rows):
    """A set of keys for each message that is, or may be, parked."""
    ledger, _ = filled
    with ledger.writing() as tx:
        for number in NUMBERS:
            expected = [
                {each.key, *(key for key, _ in json.loads(each.told or "[]"))}
                for each in rows.here("messages")
                if each.to_number == number and each.state in WORDS_OPEN
            ]
            assert sorted(map(sorted, tx.parked_reminders(number))) == sorted(map(sorted, expected))


def test_events_of_a_message_that_was_not_known_are_found_as_they_came(filled, rows):
    """By our name and by the provider's, each once."""
    ledger, _ = filled
    waiting = [each for each in rows.here("events") if not each.matched]
    with ledger.writing() as tx:
        for each in waiting:
            asked = {"token": each.token, "provider_id": each.provider_id}
            by_token = [one.id for one in waiting if each.token and one.token == each.token]
            by_id = [one.id for one in waiting if each.provider_id and one.provider_id == each.provider_id]
            found = [one.id for one in tx.unmatched_events(**asked)]
            assert found == list(dict.fromkeys([*by_token, *by_id]))


def test_who_holds_rows_is_told_once_each(filled, rows):
    """Sorted; nobody for no rows."""
    ledger, _ = filled
    with ledger.writing() as tx:
        for row in (1, 5, 9):
            listed = range(row, row + 4)
            owners = {rows.of_row[one].lease_owner for one in listed} - {None}
            assert tx.holders(list(listed)) == sorted(owners)
        assert tx.holders([]) == []


def test_the_generation_of_a_row_is_told_within_its_namespace(filled, rows):
    """None: there is no such row."""
    ledger, _ = filled
    with ledger.writing() as tx:
        for one in rows.appointments:
            assert tx.generation(one.row_id) == (one.generation if one.namespace == "default" else None)
        assert tx.generation(999) is None
