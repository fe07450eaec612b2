"""What every channel must do, as tests: subclass `ChannelContract` and hand it a channel on its stage.

Never looks inside a channel: it hands letters in as the kit does, and asks the stage what arrived.

    class TestMine(ChannelContract):
        @pytest.fixture
        def stage(self):
            desk = MyDesk()
            return ChannelStage(MyChannel(desk), lambda: [(note.name, note.words) for note in desk.notes])

What a stage can't do (`down`, `lose`) is left out, and the tests that need it are skipped.
"""
# ruff: noqa: S101 - its assertions are the contract

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from attrs import evolve, field, frozen

from reminder_kit.errors import RejectedError, TransientError, WebhookError
from reminder_kit.ports import Channel, Letter, NoAnswerError, NotSentError, Receipt, Request, Response
from reminder_kit.providers.channels import ChannelProvider, posted
from reminder_kit.transport.asynchronous import AsyncIO
from reminder_kit.transport.letters import LetterTransport

__all__ = ["ChannelContract", "ChannelStage"]

_AT = datetime(2026, 2, 12, 14, 0, tzinfo=UTC)
_STATUSES = {"scheduled", "sent", "delivered", "undelivered"}
_SENT = {"email": "ada@mail.example", "phone": "+12025550123", "anyone": "+12025550123"}
_LONGEST_ID = 200


@frozen
class ChannelStage:
    """A channel, and the place where its letters arrive.

    `arrived` returns what has arrived so far, oldest first, each as the name by which a repetition is known there (the
    letter's id is in it, or stands for it) and its words. `down` has nobody be there from now on; `lose` has the next
    answer be lost after the letter was taken. None: the place can't do that.
    """

    channel: Channel
    arrived: Callable[[], Sequence[tuple[str, str]]]
    down: Callable[[], object] | None = None
    lose: Callable[[], object] | None = None
    #: Where letters go.
    to: str = field(default="", repr=False)

    def letter(self, text: str = "Hi Ada, see you tomorrow at 9:00 AM", **changes: Any) -> Letter:
        """Return a new letter."""
        to = self.to or _SENT[self.channel.reaches]
        letter = Letter(uuid4().hex, uuid4().hex, to, text, _AT, starts_at=_AT, appointment="A-1", name="Ada")
        return evolve(letter, **changes)

    def deliver(self, letter: Letter) -> Receipt:
        """Hand a letter in as the kit does, on its async face, which takes plain functions and coroutines."""
        provider = ChannelProvider(self.channel)
        request = posted(letter)
        return provider.parse_created(asyncio.run(self._sent(provider, request)))

    async def _sent(self, provider: ChannelProvider, request: Request) -> Response:
        io = AsyncIO(provider, transport=LetterTransport(self.channel))
        try:
            return await io.send(request)
        finally:
            await io.aclose()


class ChannelContract:
    """The tests; a subclass has a fixture `stage` that returns a new `ChannelStage`."""

    def test_it_says_what_it_is(self, stage: ChannelStage) -> None:
        """Name, sender and whom it reaches are known without asking anybody, and never change."""
        first, second = ChannelProvider(stage.channel), ChannelProvider(stage.channel)
        assert (first.name, first.sender, first.capabilities) == (second.name, second.sender, second.capabilities)

    def test_a_letter_arrives_once_and_whole(self, stage: ChannelStage) -> None:
        """What is delivered is the letter's words, and its receipt names it."""
        letter = stage.letter()
        receipt = stage.deliver(letter)
        assert [words.strip() for _, words in stage.arrived()] == [letter.text]
        assert 0 < len(receipt.provider_id) <= _LONGEST_ID
        assert receipt.status in _STATUSES

    def test_two_letters_have_two_names(self, stage: ChannelStage) -> None:
        """No receipt is another letter's."""
        first, second = stage.deliver(stage.letter("one")), stage.deliver(stage.letter("two"))
        assert first.provider_id != second.provider_id
        assert len({name for name, _ in stage.arrived()}) == 2

    def test_a_repetition_is_known_as_one(self, stage: ChannelStage) -> None:
        """A letter that is handed in twice, since the first answer was lost, has one name where it arrives."""
        letter = stage.letter()
        stage.deliver(letter)
        stage.deliver(evolve(letter, token=uuid4().hex))
        assert len({name for name, _ in stage.arrived()}) == 1

    @pytest.mark.parametrize(
        "words",
        [
            "Hola Añá – 你好 🦷",
            "one\n.\ntwo\n..three",
            "a\r\n\r\nBcc: eve@evil.example",
            "<b>&amp;</b> {{ name }} %s",
            "x" * 5000,
        ],
        ids=["any language", "dots", "line ends", "markup", "long"],
    )
    def test_whatever_it_says_arrives_as_it_is(self, stage: ChannelStage, words: str) -> None:
        """No word of a letter is taken for anything but its words."""
        stage.deliver(stage.letter(words, subject=words[:100], name=words, title=words))
        ((_, arrived),) = stage.arrived()
        assert arrived.strip().splitlines() == words.splitlines()

    def test_it_serves_all_threads(self, stage: ChannelStage) -> None:
        """One object delivers many letters at once, and mixes none up."""
        letters = [stage.letter(f"letter {number}") for number in range(8)]
        with ThreadPoolExecutor(8) as threads:
            receipts = list(threads.map(stage.deliver, letters))
        assert sorted(words.strip() for _, words in stage.arrived()) == [letter.text for letter in letters]
        assert len({receipt.provider_id for receipt in receipts}) == len(letters)

    def test_the_ping_delivers_nothing(self, stage: ChannelStage) -> None:
        """It can be asked whether it is there, and says where in words."""
        assert stage.channel.ping()
        assert list(stage.arrived()) == []

    def test_nobody_can_report_for_it(self, stage: ChannelStage) -> None:
        """A report that anybody could have written is refused."""
        for body in (b"", b"{}", b'{"status": "delivered"}', b"\x00\xff"):
            with pytest.raises(WebhookError):
                stage.channel.events({}, body, _AT)

    def test_who_is_not_there_took_nothing(self, stage: ChannelStage) -> None:
        """Where certainly nothing was delivered, it says so, and names neither the person nor the words."""
        if stage.down is None:
            pytest.skip("the stage can't be down")
        stage.down()
        letter = stage.letter("a secret")
        with pytest.raises((NotSentError, TransientError)) as told:
            stage.deliver(letter)
        assert list(stage.arrived()) == []
        assert letter.to not in str(told.value)
        assert letter.text not in str(told.value)

    def test_what_may_have_been_delivered_is_told_as_that(self, stage: ChannelStage) -> None:
        """A lost answer is neither a yes nor a no: it is not said to be certain."""
        if stage.lose is None:
            pytest.skip("the stage can't lose an answer")
        stage.lose()
        with pytest.raises(NoAnswerError):
            stage.deliver(stage.letter())
        assert len(stage.arrived()) == 1

    def test_no_letter_without_words(self, stage: ChannelStage) -> None:
        """Nothing is handed in that says nothing, or half a character."""
        for words in ("", " \n", "half \ud83d"):
            with pytest.raises(RejectedError):
                stage.deliver(stage.letter(words))
        assert list(stage.arrived()) == []
