"""The live contract: against the real providers with `-m live` and keys in the environment, and against the sandbox.

    TELNYX_API_KEY=… REMINDER_KIT_LIVE_FROM=+1… REMINDER_KIT_LIVE_TO=+1… python -m pytest -m live tests/test_live.py

The classes that are not marked run in every test run, over HTTP on loopback: the live code itself is tested.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pytest

from reminder_kit.errors import UnknownOutcomeError
from reminder_kit.ports import NoAnswerError, Response
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.providers.vonage.provider import Vonage
from reminder_kit.sandbox import Sandbox, SandboxTransport, serve
from reminder_kit.testing import LiveContract, LiveStage
from reminder_kit.testing.live import live_stage
from reminder_kit.testing.live_table import NOTES, SENDS, asked, shown
from tests.factories import NUMBER

pytest_plugins = ["pytester"]

ENVIRON = MappingProxyType(dict(os.environ))  # as it was before the tests' own fixtures emptied it
KEYS = {
    "telnyx": {"TELNYX_API_KEY": "KEY"},
    "twilio": {
        "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
        "TWILIO_AUTH_TOKEN": "KEY",
        "TWILIO_MESSAGING_SERVICE_SID": "MG" + "2" * 32,
    },
    "vonage": {"VONAGE_API_KEY": "abcd1234", "VONAGE_API_SECRET": "KEY"},
}


@pytest.mark.live
class TestTelnyx(LiveContract):
    name = "telnyx"

    @pytest.fixture
    def stage(self):
        return live_stage(self.name, ENVIRON)


class TestTwilio(TestTelnyx):
    name = "twilio"


class TestVonage(TestTelnyx):
    name = "vonage"


class OnLoopback(LiveContract):
    """The same, with an environment that points at a local server of the real time."""

    name = ""
    test_what_is_not_asked_live = None  # told where it matters

    @pytest.fixture
    def sandbox(self):
        return Sandbox(key="KEY", strict=True)

    @pytest.fixture
    def stage(self, sandbox):
        with serve(sandbox) as server:
            address = server.base_url if self.name == "telnyx" else server.url
            environ = {
                **KEYS[self.name],
                f"{self.name.upper()}_BASE_URL": address,
                "REMINDER_KIT_LIVE_FROM": "+12025550100",
                "REMINDER_KIT_LIVE_TO": NUMBER,
            }
            yield live_stage(self.name, environ)
            now = datetime.now(UTC)
            for message in sandbox.messages():
                assert (message.status, message.to) == ("cancelled", NUMBER)
                assert message.send_at > now + timedelta(hours=1)


class TestTelnyxOnLoopback(OnLoopback):
    name = "telnyx"


class TestTwilioOnLoopback(OnLoopback):
    name = "twilio"


class TestVonageOnLoopback(OnLoopback):
    name = "vonage"


# What keeps messages from going out


@pytest.fixture
def sandbox():
    return Sandbox(key="KEY", strict=True)


@pytest.fixture
def stage(sandbox):
    """A stage on a sandbox in this process, which never waits."""
    provider = Telnyx("KEY", "+12025550100")
    return LiveStage(provider, NUMBER, transport=SandboxTransport(sandbox), sleep=lambda _: None)


def test_what_was_parked_is_withdrawn_at_the_end(stage, sandbox):
    """Closing the stage cancels every message that its test parked: no live test sends one."""
    for _ in range(3):
        stage.create(stage.draft())
    assert len(sandbox.parked()) == 3
    stage.close()
    assert sandbox.parked() == []


def test_it_is_withdrawn_although_a_test_fails(pytester, sandbox):
    """A test that fails after it parked a message leaves none behind either."""
    with serve(sandbox) as server:
        pytester.makepyfile(f"""
import pytest
from reminder_kit.testing import LiveContract
from reminder_kit.testing.live import live_stage

class TestIt(LiveContract):
    @pytest.fixture
    def stage(self):
        return live_stage("telnyx", {{"TELNYX_API_KEY": "KEY", "TELNYX_BASE_URL": "{server.base_url}",
            "REMINDER_KIT_LIVE_FROM": "+12025550100", "REMINDER_KIT_LIVE_TO": "{NUMBER}"}})

    def test_broken(self, live):
        live.create(live.draft())
        assert False
""")
        ran = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider", "-k", "broken")
        ran.assert_outcomes(failed=1)
        assert [message.status for message in sandbox.messages()] == ["cancelled"]


@pytest.mark.parametrize("kind", ["drop_after", "500_after", "garbage", "no_id"])
def test_a_message_whose_answer_was_lost_is_withdrawn_too(stage, sandbox, kind):
    """A message whose id never came is looked for at once, so that closing can cancel it as well."""
    sandbox.fault(kind, times=2)
    with pytest.raises((NoAnswerError, UnknownOutcomeError)):
        stage.create(stage.draft())
    stage.close()
    assert sandbox.parked() == []


def test_a_message_that_may_be_parked_somewhere_is_told(stage, sandbox):
    """When no answer ever comes, closing fails and says what may still be sent, and to look in the portal."""
    sandbox.fault("drop_after", times=None)
    with pytest.raises(NoAnswerError):
        stage.create(stage.draft())
    with pytest.raises(AssertionError, match=r"telnyx may still send one of unknown id \(for 20.*portal"):
        stage.close()


def test_a_withdrawal_is_tried_again_and_what_stays_is_named(stage, sandbox):
    """A refused cancellation is tried again; what stays parked is named by its id, without the number."""
    first = stage.create(stage.draft())
    sandbox.fault("503", times=2, method="DELETE")
    stage.close()
    assert sandbox.parked() == []
    second = stage.create(stage.draft())
    sandbox.fault("503", times=None, method="DELETE")
    with pytest.raises(AssertionError, match=second.provider_id) as caught:
        stage.close()
    assert first.provider_id not in str(caught.value)
    assert NUMBER not in str(caught.value)


def test_messages_are_parked_two_days_ahead_where_possible(stage):
    """Messages are parked two days ahead or as far as the provider lets."""
    assert timedelta(days=2) - (stage.draft().send_at - stage.now()) < timedelta(seconds=5)
    stage.provider = Telnyx("KEY", "+12025550100", schedule_ahead=timedelta(hours=3))
    assert stage.draft().send_at - stage.now() > timedelta(hours=2)


def test_what_could_not_be_withdrawn_in_time_is_not_created(stage, sandbox):
    """A window too short to take a message back in time skips the test before it parks one."""
    stage.provider = Telnyx("KEY", "+12025550100", schedule_ahead=timedelta(minutes=50))
    with pytest.raises(pytest.skip.Exception, match="could not take back"):
        stage.draft()
    assert sandbox.messages() == []


def test_without_a_number_of_ones_own_nothing_is_created(stage):
    """Without `REMINDER_KIT_LIVE_TO` the test is skipped: messages go to the tester's own number only."""
    stage.to = ""
    with pytest.raises(pytest.skip.Exception, match="REMINDER_KIT_LIVE_TO"):
        stage.draft()


@pytest.mark.parametrize(
    ("name", "missing"),
    [("telnyx", "TELNYX_API_KEY"), ("twilio", "TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN"), ("vonage", "VONAGE_API_KEY")],
)
def test_without_a_key_the_reason_names_what_is_missing(name, missing):
    """Without credentials a live test is skipped, and the reason names each missing variable."""
    with pytest.raises(pytest.skip.Exception, match=f"live {name} needs {missing}"):
        live_stage(name, {})


def test_a_provider_that_takes_too_much_fails(stage, sandbox, monkeypatch):
    """The contract has teeth: a window that is not the provider's, a key that is ignored."""
    contract = LiveContract()
    monkeypatch.setattr(sandbox, "idempotency", False)
    with pytest.raises(AssertionError):
        contract.test_the_same_bytes_and_key_park_one_message(stage)
    assert len(sandbox.parked()) == 2
    stage.provider = Telnyx("KEY", "+12025550100", schedule_ahead=timedelta(hours=6))
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        contract.test_beyond_the_window_nothing_is_taken(stage)
    sandbox.fault("word", word="pondering", method="GET")
    with pytest.raises(AssertionError):
        contract.test_a_message_is_parked_read_cancelled_and_cancelled_again(stage)
    stage.close()
    assert sandbox.parked() == []


# What the documents do not say


class OnTheSpot(LiveStage):
    """A stage whose time is the sandbox's, and passes when it waits."""

    def now(self):
        return self.sandbox.now()


@pytest.fixture
def on_the_spot(monkeypatch):
    """Return a maker of stages on a sandbox whose clock stands, where messages may go out, or not."""
    monkeypatch.delenv(SENDS, raising=False)
    monkeypatch.delenv(NOTES, raising=False)

    def make(provider=None, **options):
        sandbox = Sandbox("2026-02-10T14:00:00Z", key="KEY", **options)
        provider = provider or Telnyx("KEY", "+12025550100")
        stage = OnTheSpot(provider, NUMBER, transport=SandboxTransport(sandbox))
        stage.sandbox, stage.sleep = sandbox, lambda seconds: sandbox.clock.advance(seconds=seconds)
        return stage

    return make


def rows(stage):
    found = {row.question: row.answer for row in asked(stage)}
    stage.close()
    return found


def test_the_table_tells_what_is_answered_and_sends_nothing(on_the_spot):
    """Status, code and word of each answer; what could send a message is not asked, and is said to be left out."""
    stage = on_the_spot()
    assert rows(stage) == {
        "POST, two days ahead": "200, scheduled",
        "POST, an hour beyond the window": "400, 10033",
        "POST, an hour ago": f"not asked: a message might go out; {SENDS}=1 allows it, to your own number",
        "POST, in a minute": f"not asked: a message might go out; {SENDS}=1 allows it, to your own number",
        "the same key and bytes": "200, scheduled, idempotent-replayed, the same id",
        "the same key after cancelling": "200, scheduled, idempotent-replayed, the same id",
        "the same key after 24 hours": f"not asked: {NOTES} names no file in which a key is kept for a day",
        "GET of a scheduled message": "200, scheduled",
        "cancelling": "200, cancelled",
        "cancelling again": "403, 10010",
        "cancelling at the cut-off": f"not asked: a message might go out; {SENDS}=1 allows it, to your own number",
        "GET of a cancelled message": "200, cancelled",
    }
    assert {message.status for message in stage.sandbox.messages()} == {"cancelled"}


@pytest.mark.parametrize(("past", "answer"), [("refuse", "400, 10033"), ("send", "200, queued, then sent")])
def test_with_leave_it_asks_what_may_send(on_the_spot, monkeypatch, past, answer):
    """A past send time, one that is too near, and a cancellation at the cut-off are asked where messages may go out."""
    monkeypatch.setenv(SENDS, "1")
    stage = on_the_spot(past_send_at=past)
    found = rows(stage)
    assert (found["POST, an hour ago"], found["POST, in a minute"].partition(", then")[0]) == (
        answer,
        answer.partition(", then")[0],
    )
    assert found["cancelling at the cut-off"] == "403, 10010"
    assert len(stage.sandbox.parked()) == 1  # it goes out in a minute, as was allowed


def test_a_key_is_asked_again_the_day_after(on_the_spot, monkeypatch, tmp_path):
    """A key and its request are noted in a file for their owner alone, and repeated a day later, once."""
    notes = tmp_path / "notes.json"
    monkeypatch.setenv(NOTES, str(notes))
    stage, question = on_the_spot(), "the same key after 24 hours"
    assert rows(stage)[question] == "not asked: a key was noted now (200): run it again after 24 hours"
    assert notes.stat().st_mode & 0o077 == 0
    stage.sandbox.clock.advance(hours=23)
    assert rows(stage)[question] == "not asked: the key that was noted is younger than 24 hours"
    stage.sandbox.clock.advance(hours=2)
    assert rows(stage)[question] == "200, scheduled"  # another message: the key is forgotten
    assert not notes.exists()
    assert stage.sandbox.parked() == []


def test_a_table_says_what_a_provider_cannot(on_the_spot):
    """Who takes no message back is asked for none; who knows no keys for no repetition."""
    found = rows(on_the_spot(Vonage("12025550100", "key", "KEY")))
    assert set(found.values()) == {"not asked: it could not take a message back"} | {
        answer for answer in found.values() if "not asked" in answer
    }
    found = rows(on_the_spot(Twilio("AC" + "1" * 32, "KEY", "MG" + "2" * 32)))
    assert found["the same key and bytes"] == "not asked: it knows no keys"
    assert found["cancelling again"] == "400, 30409"


def test_nothing_personal_is_in_a_table(on_the_spot):
    """Whatever a provider writes where codes and words stand, only codes and words come into the table."""
    stage = on_the_spot()
    told = {
        "errors": [{"code": NUMBER, "title": "x"}],
        "to": [{"status": "See you tomorrow, Ada"}],
        "type": "#" + "1" * 12,
    }
    stage.send = lambda *_: Response(400, {}, json.dumps(told).encode())
    lines = "".join(shown("telnyx", asked(stage)))
    assert NUMBER.lstrip("+") not in lines
    assert "Ada" not in lines
    stage.send = lambda *_: (_ for _ in ()).throw(NoAnswerError("x"))
    stage.sleep = lambda _: None
    assert "no answer (NoAnswerError)" in "".join(shown("telnyx", asked(stage)))


def test_the_table_is_printed_at_the_end_of_a_live_run(pytester, sandbox):
    """`-m live` ends with a table in Markdown; a run of other tests prints none."""
    with serve(sandbox) as server:
        pytester.makepyfile(f"""
import pytest
from reminder_kit.testing import LiveContract
from reminder_kit.testing.live import live_stage

class Base(LiveContract):
    @pytest.fixture
    def stage(self):
        return live_stage("telnyx", {{"TELNYX_API_KEY": "KEY", "TELNYX_BASE_URL": "{server.base_url}",
            "REMINDER_KIT_LIVE_FROM": "+12025550100", "REMINDER_KIT_LIVE_TO": "{NUMBER}"}})

@pytest.mark.live
class TestLive(Base):
    pass

class TestOther(Base):
    pass
""")
        pytester.makeini("[pytest]\nmarkers = live")
        ran = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider", "-k", "documents_do_not_say")
        ran.assert_outcomes(passed=2)
        ran.stdout.fnmatch_lines(["*where the documents are silent*", "| telnyx | answered |", "| GET of a cancelled*"])
        assert ran.stdout.str().count("| telnyx | answered |") == 1
