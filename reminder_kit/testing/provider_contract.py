"""What every provider must do, as tests: subclass `ProviderContract` and hand it a provider on its stage.

Never looks inside an adapter: it speaks to a provider through its port, over a transport.

    class TestMine(ProviderContract):
        @pytest.fixture
        def stage(self):
            house = MyHouse("2026-02-10T09:00:00Z", receiver)
            return Stage(MyProvider(...), house, house.transport(), webhooks)

A test that needs what the provider declares that it cannot do is skipped, and so is what its documents leave open
(`Stage`: an edge that it does not refuse, a number that it takes at first).
"""
# ruff: noqa: S101 - its assertions are the contract

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from attrs import frozen

from reminder_kit.errors import (
    InvalidNumberError,
    MessageNotFoundError,
    MistimedError,
    OptedOutError,
    ProviderError,
    RateLimitedError,
    RefusedCredentialError,
    RejectedError,
    TooLateToCancelError,
    TransientError,
    UnknownOutcomeError,
    UnknownRefusalError,
    WebhookError,
)
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.ports import NoAnswerError, Receipt, Response
from reminder_kit.testing.provider_stage import Held, ProviderSandbox, Stage, read_by
from reminder_kit.webhooks.verification import verified_events

__all__ = ["Held", "ProviderContract", "ProviderSandbox", "Stage"]

_SECOND = timedelta(seconds=1)
_STATUSES = {"scheduled", "sent", "delivered", "undelivered", "cancelled", "unknown"}
_EVENTS = {"scheduled", "sent", "delivered", "undelivered", "cancelled", "received", "opted_out", "opted_in", "unknown"}


@frozen
class _Needs:
    """What a test needs of a provider; a test is skipped where the provider declares that it cannot do so."""

    scheduling: bool = False
    cancelling: bool = False
    keys: bool = False
    reading: bool = False
    finding: bool = False
    listing: bool = False
    opt_outs: bool = False

    def check(self, stage: Stage) -> None:
        """Skip the test where the provider on the stage lacks something."""
        able = stage.provider.capabilities
        lacks = {
            "scheduling": self.scheduling and able.window.max_lead <= timedelta(0),
            "cancelling": self.cancelling and not able.cancels,
            "idempotency keys": self.keys and able.key_life is None,
            "reading": self.reading and able.lookup_age is None,
            "finding": self.finding and not able.finds,
            "list of messages": self.listing and not able.lists,
            "list of opt-outs": self.opt_outs and not able.lists_opt_outs,
        }
        if missing := [name for name, lacking in lacks.items() if lacking]:
            pytest.skip(f"{stage.provider.name} has no {', '.join(missing)}")


def _raised(act: Any) -> ProviderError:
    with pytest.raises(ProviderError) as found:
        act()
    return found.value


class ProviderContract:
    """The facts that hold for every provider. Override the fixture `stage`; never the tests."""

    @pytest.fixture
    def stage(self) -> Stage:
        """Return a fresh provider on a fresh sandbox."""
        pytest.skip("the subclass brings the stage")

    # What is asked for

    def test_the_same_draft_gives_the_same_bytes(self, stage: Stage) -> None:
        """A stored request can be replayed: nothing in it depends on when it was built."""
        draft = stage.draft()
        assert stage.request(draft) == stage.request(draft)

    def test_requests_hold_no_credentials(self, stage: Stage) -> None:
        """A request as the ledger stores it opens no account."""
        request = stage.request()
        for value in stage.provider.headers().values():
            secret = value.split(" ")[-1]
            assert secret not in str(dict(request.headers)) or secret.startswith("application/")
            assert secret.encode() not in request.body

    def test_what_can_never_be_sent_is_refused_before_the_call(self, stage: Stage) -> None:
        """An empty text, and half a character, are refused without a request."""
        for text in ("", "  \n", "half a \ud83d"):
            with pytest.raises(RejectedError):
                stage.request(stage.draft(text=text))

    def test_it_can_be_reached(self, stage: Stage) -> None:
        """The ping is harmless and answered."""
        assert stage.send(stage.provider.ping()).status < 400
        assert not stage.sandbox.parked()

    # Parking

    def test_a_message_is_parked_as_it_was_drafted(self, stage: Stage) -> None:
        """Number, text and second of sending arrive unchanged."""
        _Needs(scheduling=True).check(stage)
        draft = stage.draft(text="Grüße, 8:30 — “café” 👍 100%&+=#\nnew line")
        receipt = stage.create(draft)
        assert receipt.status == "scheduled"
        (held,) = stage.sandbox.parked()
        assert (held.id, held.to, held.text, held.send_at) == (
            receipt.provider_id,
            draft.to,
            draft.text,
            draft.send_at,
        )

    def test_the_declared_window_is_the_providers(self, stage: Stage) -> None:
        """A send time at either edge with its margin is taken; one beyond a bare edge is refused for certain.

        `MistimedError` says it best, since the message is then placed anew; an adapter whose provider gives no code of
        its own for it may raise `UnknownRefusalError` or `RejectedError`. Edges that are not the provider's (`edges` of
        the stage) are not asked for: nothing is ever posted beyond them.
        """
        _Needs(scheduling=True).check(stage)
        window = stage.provider.capabilities.window
        stage.create(stage.draft(window.min_lead + window.margin), "near")
        stage.create(stage.draft(window.max_lead - window.margin), "far")
        assert len(stage.sandbox.parked()) == 2
        beyond = {"near": window.min_lead - _SECOND, "far": window.max_lead + _SECOND}
        for edge in stage.edges:
            error = _raised(lambda edge=edge: stage.create(stage.draft(beyond[edge]), f"beyond {edge}"))
            assert isinstance(error, MistimedError | UnknownRefusalError | RejectedError)
        assert len(stage.sandbox.parked()) == 2

    def test_a_wrong_number_is_an_invalid_number(self, stage: Stage) -> None:
        """The error is never retried, and names no number."""
        if not stage.wrong:
            pytest.skip(f"{stage.provider.name} refuses no number at once")
        error = _raised(lambda: stage.create(stage.draft(to=stage.wrong)))
        assert isinstance(error, InvalidNumberError)

    def test_a_number_that_opted_out_is_told_apart(self, stage: Stage) -> None:
        """Creating a message for it raises `OptedOutError`, where the provider says so at once."""
        _Needs(scheduling=True).check(stage)
        stage.sandbox.inbound(stage.to, "STOP")
        try:
            stage.create()
        except ProviderError as problem:
            error = problem
        else:
            pytest.skip(f"{stage.provider.name} takes it at first: its webhooks tell")
        assert isinstance(error, OptedOutError)
        assert stage.to not in str(error)

    def test_who_opted_out_is_on_the_list(self, stage: Stage) -> None:
        """A number that said STOP is on the list, where there is one; START takes it off again."""
        _Needs(scheduling=True, opt_outs=True).check(stage)
        stage.create()
        assert stage.opt_outs() == []
        stage.sandbox.inbound(stage.to, "STOP")
        assert stage.to in stage.opt_outs()
        stage.sandbox.inbound(stage.to, "START")
        assert stage.opt_outs() == []

    # What goes wrong

    def test_a_dropped_answer_is_settled_by_the_same_bytes(self, stage: Stage) -> None:
        """One message is parked, whichever of the two answers was lost."""
        _Needs(keys=True).check(stage)
        request = stage.request()
        stage.sandbox.fault("drop_after")
        with pytest.raises(NoAnswerError):
            stage.send(request)
        receipt = stage.provider.parse_created(stage.send(request))
        assert receipt.replayed
        assert [item.id for item in stage.sandbox.parked()] == [receipt.provider_id]

    def test_a_dropped_request_is_settled_by_the_same_bytes(self, stage: Stage) -> None:
        """The first request did nothing, so that the second one parks the message."""
        _Needs(keys=True).check(stage)
        request = stage.request()
        stage.sandbox.fault("drop_before")
        with pytest.raises(NoAnswerError):
            stage.send(request)
        assert not stage.provider.parse_created(stage.send(request)).replayed
        assert len(stage.sandbox.parked()) == 1

    def test_a_lost_message_is_found_at_last_and_no_other(self, stage: Stage) -> None:
        """A message of unknown id, parked or sent, is found by number and text, or by our token."""
        _Needs(finding=True).check(stage)
        draft, other = stage.draft(), stage.draft(text="Something else")
        stage.create(other, "2")
        assert stage.find(draft) == ()
        stage.sandbox.fault("drop_after")
        with pytest.raises(NoAnswerError):
            stage.create(draft)
        before = stage.find(draft)
        stage.sandbox.clock.set(draft.send_at + timedelta(hours=1))
        (receipt,) = stage.find(draft)
        assert receipt.certain
        assert "delivered" in {receipt.status, stage.read(receipt.provider_id).status}
        assert [receipt.provider_id for receipt in before] in ([], [receipt.provider_id])
        assert (receipt.provider_id,) != tuple(receipt.provider_id for receipt in stage.find(other, "2"))

    def test_what_was_made_for_a_number_is_listed(self, stage: Stage) -> None:
        """What was sent is on the list; what is parked, too, where `listed_within` says that the list is complete."""
        _Needs(listing=True).check(stage)
        draft = stage.draft()
        first, second = stage.create(draft), stage.create(stage.draft(text="Something else"), "2")
        complete = stage.provider.capabilities.listed_within is not None
        assert set(stage.listed()) == ({first.provider_id, second.provider_id} if complete else set())
        stage.sandbox.clock.set(draft.send_at + timedelta(hours=1))
        found = stage.listed()
        assert set(found) == {first.provider_id, second.provider_id}
        assert found[first.provider_id].status == "delivered"
        sent_at = found[first.provider_id].sent_at
        assert sent_at is not None
        assert abs(sent_at - draft.send_at) <= timedelta(minutes=2)

    @pytest.mark.parametrize(("kind", "error"), [("503", TransientError), ("garbage", TransientError)])
    def test_listing_can_be_tried_again(self, stage: Stage, kind: str, error: type[ProviderError]) -> None:
        """A failing provider says nothing of what it holds: `parse_messages` raises a `TransientError`."""
        _Needs(listing=True).check(stage)
        stage.sandbox.fault(kind)
        assert isinstance(_raised(stage.listed), error)

    @pytest.mark.parametrize(("kind", "error"), [("503", TransientError), ("garbage", TransientError)])
    def test_looking_can_be_tried_again(self, stage: Stage, kind: str, error: type[ProviderError]) -> None:
        """A failing provider says nothing of what it holds: `find` raises a `TransientError`."""
        _Needs(finding=True, scheduling=True).check(stage)
        draft = stage.draft()
        stage.sandbox.clock.set(draft.send_at + timedelta(hours=1))
        stage.sandbox.fault(kind)
        assert isinstance(_raised(lambda: stage.find(draft)), error)

    @pytest.mark.parametrize("kind", ["500", "500_after", "503", "garbage", "no_id"])
    def test_what_may_have_been_done_is_not_known(self, stage: Stage, kind: str) -> None:
        """A 5xx and an unreadable 2xx leave the outcome open."""
        stage.sandbox.fault(kind)
        assert isinstance(_raised(stage.create), UnknownOutcomeError)

    def test_a_rate_limit_names_its_wait_and_does_nothing(self, stage: Stage) -> None:
        """The caller waits as long as the provider asks it to."""
        stage.sandbox.fault("429", retry_after=7)
        error = _raised(stage.create)
        assert isinstance(error, RateLimitedError)
        assert error.retry_after == 7
        assert not stage.sandbox.parked()

    def test_a_refused_credential_is_a_matter_of_configuration(self, stage: Stage) -> None:
        """`RefusedCredentialError` is raised for every verb, so that a run can stop at once."""
        stage.sandbox.fault("unauthorized", times=None)
        assert isinstance(_raised(stage.create), RefusedCredentialError)
        if stage.provider.capabilities.lookup_age is not None:
            assert isinstance(_raised(lambda: stage.read(stage.stranger)), RefusedCredentialError)
        if stage.provider.capabilities.cancels:
            assert isinstance(_raised(lambda: stage.cancel(stage.stranger)), RefusedCredentialError)

    def test_a_word_nobody_knows_raises_nothing(self, stage: Stage) -> None:
        """A status that is in no table is `unknown`; the message stays what it was."""
        _Needs(reading=True).check(stage)
        receipt = stage.create()
        stage.sandbox.fault("word", times=None, word="pondering")
        assert stage.read(receipt.provider_id).status == "unknown"

    @pytest.mark.parametrize("status", [200, 202, 301, 400, 401, 403, 404, 409, 418, 422, 429, 500, 503])
    @pytest.mark.parametrize("body", [b"", b"null", b"[]", b"<html>", b'{"errors":[]}', b'{"code":null}'])
    def test_no_answer_raises_anything_but_provider_errors(self, stage: Stage, status: int, body: bytes) -> None:
        """Whatever comes back, the class of the error says what to do about it."""
        provider, answer = stage.provider, Response(status, {}, body)
        for act in (
            lambda: provider.parse_created(answer),
            lambda: read_by(provider, stage.stranger, lambda _: answer),
            lambda: provider.parse_cancelled(answer),
        ):
            error = _raised(act)
            assert error.provider == provider.name
            assert str(error)

    # Reading and withdrawing

    def test_a_message_is_read_from_scheduled_to_delivered(self, stage: Stage) -> None:
        """Reading gives the state in our words: scheduled, then delivered."""
        _Needs(scheduling=True, reading=True).check(stage)
        receipt = stage.create()
        assert stage.read(receipt.provider_id).status == "scheduled"
        stage.sandbox.clock.set(stage.draft().send_at + timedelta(hours=1))
        assert stage.read(receipt.provider_id) == Receipt(receipt.provider_id, "delivered")

    def test_an_unknown_message_settles_nothing(self, stage: Stage) -> None:
        """It may be gone, or never have been, or our key may not be known: `MessageNotFoundError`."""
        _Needs(reading=True).check(stage)
        assert isinstance(_raised(lambda: stage.read(stage.stranger)), MessageNotFoundError)
        if stage.provider.capabilities.cancels:
            assert isinstance(_raised(lambda: stage.cancel(stage.stranger)), MessageNotFoundError)

    def test_a_cancelled_message_is_never_sent(self, stage: Stage) -> None:
        """Nothing is parked afterwards, and nothing arrives; the answer is about that message."""
        _Needs(cancelling=True, scheduling=True).check(stage)
        receipt = stage.create()
        assert stage.cancel(receipt.provider_id) == Receipt(receipt.provider_id, "cancelled")
        assert not stage.sandbox.parked()
        stage.sandbox.clock.set(stage.draft().send_at + timedelta(hours=1))
        assert stage.read(receipt.provider_id).status == "cancelled"

    def test_cancelling_twice_ends_as_cancelling_once(self, stage: Stage) -> None:
        """The second answer may be a yes or a no; reading the message settles it."""
        _Needs(cancelling=True, reading=True).check(stage)
        receipt = stage.create()
        stage.cancel(receipt.provider_id)
        try:
            assert stage.cancel(receipt.provider_id).status == "cancelled"
        except (TooLateToCancelError, MessageNotFoundError):
            assert stage.read(receipt.provider_id).status in {"cancelled", "unknown"}

    def test_cancelling_late_is_too_late(self, stage: Stage) -> None:
        """Within the declared cut-off the provider says no; the message still goes out, or has arrived."""
        _Needs(cancelling=True, scheduling=True).check(stage)
        receipt = stage.create()
        (held,) = stage.sandbox.parked()
        cutoff = stage.provider.capabilities.window.cancel_cutoff
        stage.sandbox.clock.set(held.send_at - cutoff if cutoff and stage.keeps_cutoff else held.send_at)
        assert isinstance(_raised(lambda: stage.cancel(receipt.provider_id)), TooLateToCancelError)
        assert stage.read(receipt.provider_id).status in {"scheduled", "sent", "delivered"}

    def test_cancelling_in_time_is_in_time(self, stage: Stage) -> None:
        """Up to the declared cut-off and margin the provider still says yes."""
        _Needs(cancelling=True, scheduling=True).check(stage)
        receipt = stage.create()
        (held,) = stage.sandbox.parked()
        window = stage.provider.capabilities.window
        stage.sandbox.clock.set(held.send_at - window.cancel_cutoff - window.margin)
        assert stage.cancel(receipt.provider_id).status == "cancelled"

    @pytest.mark.parametrize("kind", ["500", "503", "garbage"])
    def test_reading_and_cancelling_can_be_tried_again(self, stage: Stage, kind: str) -> None:
        """A failure of the provider's raises `TransientError` where asking again is harmless."""
        _Needs(cancelling=True, reading=True).check(stage)
        receipt = stage.create()
        stage.sandbox.fault(kind, times=2)
        assert isinstance(_raised(lambda: stage.read(receipt.provider_id)), TransientError)
        assert isinstance(_raised(lambda: stage.cancel(receipt.provider_id)), TransientError)
        assert stage.read(receipt.provider_id).status in {"scheduled", "cancelled"}

    # Webhooks

    def all_webhooks(self, stage: Stage) -> list[tuple[Mapping[str, str], bytes]]:
        """Return the webhooks of a message that was delivered, of a reply and of an opt-out."""
        stage.create()
        stage.sandbox.clock.advance(stage.provider.capabilities.window.max_lead + timedelta(seconds=5))
        stage.sandbox.inbound(stage.to, "Thank you")
        stage.sandbox.inbound(stage.to, "STOP")
        assert stage.webhooks
        return stage.webhooks

    def _events(self, stage: Stage, now: datetime | None = None) -> list[DeliveryEvent]:
        """Return the events of all webhooks there were, verified at `now` (None: the sandbox's time)."""
        now, one = now or stage.sandbox.now(), [stage.provider]
        return [event for headers, body in stage.webhooks for event in verified_events(one, None, headers, body, now)]

    def test_webhooks_tell_what_happened(self, stage: Stage) -> None:
        """Delivery, reply and opt-out become events with ids and, where declared, our token; a reply with its number.

        They go through the kit's own door, which tells by its words what a reply asks for.
        """
        self.all_webhooks(stage)
        events = self._events(stage)
        assert {"delivered", "received", "opted_out"} <= {event.type for event in events} <= _EVENTS
        assert len({event.id for event in events}) == len(events)
        assert {event.number for event in events if event.text is not None} == {stage.to}
        assert {event.number for event in events} <= {stage.to, None}
        assert {event.provider for event in events} == {stage.provider.name}
        if stage.provider.capabilities.echoes_token:
            assert [event.token for event in events if event.type == "delivered"] == ["token-1"]
        if signed_by := stage.provider.capabilities.signed_by:
            assert all(signed_by in {name.lower() for name in headers} for headers, _ in stage.webhooks)

    def test_a_webhook_told_twice_is_the_same_event(self, stage: Stage) -> None:
        """The id is the event's own, not the attempt's."""
        self.all_webhooks(stage)
        assert [event.id for event in self._events(stage)] == [event.id for event in self._events(stage)]

    def test_a_forged_webhook_is_refused(self, stage: Stage) -> None:
        """A changed byte, a missing signature and a body under another's signature all raise `WebhookError`."""
        for headers, body in self.all_webhooks(stage):
            changed = body.replace(stage.to.lstrip("+").encode(), b"12025550199")
            changed = changed if changed != body else body.replace(b"a", b"b")
            for forged in ((headers, changed), ({}, body), (headers, b'"nonsense"')):
                with pytest.raises(WebhookError):
                    stage.provider.events(*forged, stage.sandbox.now())
