"""Our own channels keep the contract of channels."""

from __future__ import annotations

from email import message_from_bytes, policy

import pytest

from reminder_kit.channels import channel_class, channel_names
from reminder_kit.channels.callback import Callback
from reminder_kit.channels.email import Email
from reminder_kit.errors import ConfigurationError
from reminder_kit.ports import Channel, NoAnswerError, NotSentError
from reminder_kit.providers.channels import ChannelProvider
from reminder_kit.testing import ChannelContract, ChannelStage


class TestEmail(ChannelContract):
    """E-mails, over a real SMTP server."""

    @pytest.fixture
    def stage(self, serve, postmaster):
        port = serve(tls=False)

        def arrived():
            mails = [message_from_bytes(mail.content, policy=policy.default) for mail in postmaster.mails]
            return [(mail["Message-ID"], mail.get_content()) for mail in mails]

        def down():
            postmaster.answers["MAIL"] = None

        def lose():
            postmaster.answers["lost"] = None

        channel = Email("The Clinic <hello@clinic.example>", "127.0.0.1", port, tls="none", timeout=5.0)
        return ChannelStage(channel, arrived, down, lose)


class TestCallback(ChannelContract):
    """A function of the host's."""

    @pytest.fixture
    def stage(self):
        notes, failing = [], []

        def ring(letter):
            if failing == [NotSentError]:
                raise NotSentError("the desk is closed")
            notes.append((letter.id, letter.text))
            if failing:
                raise RuntimeError("the line broke")

        def fail(kind):
            return lambda: failing.append(kind)

        return ChannelStage(Callback(ring), lambda: notes, fail(NotSentError), fail(NoAnswerError))


class TestCoroutine(ChannelContract):
    """A coroutine function of the host's."""

    @pytest.fixture
    def stage(self):
        notes = []

        async def ring(letter):
            notes.append((letter.id, letter.text))
            return "scheduled"

        return ChannelStage(Callback(ring, reaches="phone", as_name="calls"), lambda: notes)


def test_our_channels_are_found_by_name():
    """Both are, and an unknown name is told the known ones."""
    assert channel_names() == ("callback", "email")
    assert [channel_class(name) for name in channel_names()] == [Callback, Email]
    with pytest.raises(ConfigurationError, match="callback, email"):
        channel_class("pigeon")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "name"),
        ({"name": "E Mail"}, "name"),
        ({"reaches": "nobody"}, "reaches must be"),
        ({"deliver": None}, "has no deliver"),
        ({"sender": ""}, "no sender"),
    ],
)
def test_what_is_no_channel_is_refused(changes, said):
    """Each fault is named as the kit is made."""
    kind = type("Mine", (Channel,), {"name": "mine", **changes})
    with pytest.raises(ConfigurationError, match=said):
        ChannelProvider(kind())


@pytest.mark.parametrize("place", ["nowhere", "reminder_kit.nowhere:ring", "reminder_kit:ring", ":ring"])
def test_a_function_in_a_file_must_be_there(place):
    """A name that leads to no function is refused, naming it."""
    with pytest.raises(ConfigurationError, match=r"package\.module:function"):
        Callback(place)
    assert Callback("reminder_kit.model.phones:masked").deliver("+12025550123") == "+12…23"
