"""One exchange with a provider: what comes back in our words, and what the circuit breaker learns from it."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from reminder_kit.delivery.exchange import Exchange
from reminder_kit.delivery.routes import Route
from reminder_kit.errors import RejectedError, TransientError, UnknownOutcomeError
from reminder_kit.ports import NoAnswerError, NotSentError, Receipt, Request, Response
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.transport.blocking import run_blocking
from tests.factories import DAY, NUMBER, SENDER, START, message_of, settings_of, visit

SETTINGS = settings_of(DAY)
MESSAGE = message_of(visit("A-1"), SETTINGS)
ASKED = Request("GET", "/messages/P?to=+12025550123", b"", {})
MINUTE = timedelta(minutes=1)


class Line:
    """An IO that gives what it is told to, and notes what it is asked for."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    async def turn(self):
        self.asked.append("turn")

    async def send(self, request):
        self.asked.append(f"{request.method} {request.path}")
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Response(answer, {}, b"{}")


class Numbered(Telnyx):
    """A provider whose list has so many pages."""

    def __init__(self, key, sender, pages):
        super().__init__(key, sender)
        self.pages = pages

    def next_page(self, answer, _since):
        return ASKED if answer.status < 199 + self.pages else None


def exchange(*answers, provider=None):
    return Exchange(Route(provider or Telnyx("KEY", SENDER), SETTINGS, Line(*answers)), lambda: START)


def ask(made, parse=lambda answer: answer.status, **named):
    return run_blocking(made.ask(lambda: ASKED, parse, MESSAGE, **named))


def opened(made):
    made.route.breaker.open(START + MINUTE, TransientError("503"))
    return made


def failing(error):
    def parse(_answer):
        raise error

    return parse


def test_an_answer_is_read_and_shows_that_the_provider_works():
    """In its turn."""
    made = exchange(200)
    made.route.breaker.failures = 9
    assert ask(made) == (200, None)
    assert made.route.io.asked == ["turn", "GET /messages/P?to=+12025550123"]
    assert (made.route.breaker.failures, made.route.breaker.was_answered) == (0, True)


def test_who_waited_for_a_turn_waits_for_no_other():
    """And who learns nothing leaves the breaker as it was."""
    made = exchange(200)
    made.route.breaker.failures = 9
    assert ask(made, has_turn=True, learns=False) == (200, None)
    assert (made.route.io.asked, made.route.breaker.failures) == (["GET /messages/P?to=+12025550123"], 9)


@pytest.mark.parametrize(
    ("problem", "kind", "code"),
    [
        (NotSentError("no line"), TransientError, "unreachable"),
        (NoAnswerError("no end"), UnknownOutcomeError, "no_answer"),
    ],
    ids=["not sent", "no answer"],
)
@pytest.mark.parametrize("learns", [True, False])
def test_silence_is_told_in_our_words(problem, kind, code, learns):
    """What may have been done is told from what certainly was not; it counts where it is learned from."""
    made = exchange(problem)
    found, error = ask(made, learns=learns)
    assert (found, type(error), str(error), error.provider, error.code) == (None, kind, str(problem), "telnyx", code)
    assert made.route.breaker.failures == int(learns)


@pytest.mark.parametrize("learns", [True, False])
def test_what_a_provider_refuses_is_told_as_it_is(learns):
    """It works, whatever it says."""
    made, error = exchange(400), RejectedError("no")
    made.route.breaker.failures = 5
    assert ask(made, failing(error), learns=learns) == (None, error)
    assert made.route.breaker.failures == (0 if learns else 5)


@pytest.mark.parametrize("learns", [True, False])
def test_one_that_is_left_alone_is_not_asked(learns):
    """That is no failure."""
    made = opened(exchange())
    _, error = ask(made, learns=learns)
    assert (error.code, made.route.io.asked, made.route.breaker.failures) == ("breaker_open", [], 10)


@pytest.mark.parametrize("learns", [True, False])
def test_after_the_minute_who_learns_goes_alone(learns):
    """The others wait for its answer; who learns nothing keeps nobody waiting."""
    made = opened(exchange(NoAnswerError("x")))
    made.route.breaker.open_until = START
    ask(made, learns=learns)
    assert made.route.breaker.open_until == (START + MINUTE if learns else START)


def test_a_turn_is_waited_for_unless_nobody_is_asked():
    """While the provider is left alone there is nothing to wait for."""
    made = exchange()
    run_blocking(made.turn())
    assert made.route.io.asked == ["turn"]
    run_blocking(opened(made).turn())
    assert made.route.io.asked == ["turn"]


@pytest.mark.parametrize(
    ("status", "answers"),
    [(200, True), (400, True), (404, True), (422, True), (499, True), (401, False), (402, False), (403, False),
     (407, False), (429, False), (500, False), (503, False)],
)  # fmt: skip
def test_whether_posts_are_answered_shows_by_a_post_of_nothing(status, answers):
    """Who refuses for the key, the account or the rate has not looked at it; a 5xx is none."""
    made = exchange(status)
    made.route.breaker.failures = 3
    assert run_blocking(made.answers_posts("/messages")) is answers
    assert made.route.io.asked == ["turn", "POST /messages"]
    assert made.route.breaker.failures == (4 if status >= 500 else 3)


@pytest.mark.parametrize("problem", [NotSentError("x"), NoAnswerError("x")], ids=["not sent", "no answer"])
def test_who_is_silent_does_not_answer_posts(problem):
    """Ten such questions are enough."""
    made = exchange(*[problem] * 11)
    assert [run_blocking(made.answers_posts("/messages")) for _ in range(11)] == [False] * 11
    assert made.route.io.asked == ["turn", "POST /messages"] * 10
    assert (made.route.breaker.cause.code, made.route.breaker.cause.provider) == ("no_answer", "telnyx")


def test_a_server_that_fails_is_named():
    """As the cause for which it is left alone."""
    made = exchange(*[502] * 10)
    for _ in range(10):
        run_blocking(made.answers_posts("/messages"))
    assert str(made.route.breaker.cause) == "telnyx answered with 502"
    assert made.route.breaker.cause.provider == "telnyx"


@pytest.mark.parametrize("status", [200, 401])
def test_an_answer_to_it_ends_an_outage(status):
    """Whatever it says; while it lasts, nobody asks."""
    made = opened(exchange(status))
    assert not run_blocking(made.answers_posts("/messages"))
    assert made.route.io.asked == []
    made.route.breaker.open_until = START
    assert run_blocking(made.answers_posts("/messages")) is (status == 200)
    assert (made.route.breaker.open_until, made.route.breaker.failures) == (None, 0)


def test_a_conversation_is_asked_to_its_end():
    """Each request in a turn of its own, with the answer to the one before."""

    def reading():
        seen = []
        for number in range(2):
            answer = yield Request("GET", f"/{number}", b"", {})
            seen.append(answer.status)
        return Receipt("P", "sent", error=repr(seen))

    made = exchange(200, 404)
    assert run_blocking(made.converse(reading(), MESSAGE)) == (Receipt("P", "sent", error="[200, 404]"), None)
    assert made.route.io.asked == ["turn", "GET /0", "turn", "GET /1"]
    assert made.route.breaker.was_answered
    silent = exchange(200, NoAnswerError("x"))
    silent.route.breaker.failures = 4
    found, error = run_blocking(silent.converse(reading(), MESSAGE, learns=False))
    assert (found, error.code, silent.route.breaker.failures) == (None, "no_answer", 4)


@pytest.mark.parametrize(("pages", "is_read"), [(1, True), (5, True), (6, False)])
def test_a_list_is_read_page_by_page(pages, is_read):
    """Each in a turn of its own; one of more than five is no list that anybody reads."""
    made = exchange(*range(200, 200 + pages), provider=Numbered("KEY", SENDER, pages))
    rows, error = run_blocking(made.ask_list(ASKED, lambda answer, _since: [answer.status], MESSAGE, START))
    if is_read:
        assert (rows, error) == (list(range(200, 200 + pages)), None)
    else:
        assert (rows, str(error)) == (None, "telnyx: its list goes on after 5 pages")
    assert made.route.io.asked.count("turn") == min(pages, 5)
    assert made.route.io.asked[::2] == ["turn"] * min(pages, 5)


@pytest.mark.parametrize(
    ("answer", "said"),
    [(200, "200 after"), (NotSentError("x"), "not sent after"), (NoAnswerError("x"), "no answer after")],
    ids=["answered", "not sent", "no answer"],
)
def test_the_log_holds_no_number(caplog, answer, said):
    """Of a path what stands before the question mark, of the message its name, of the number its ends."""
    caplog.set_level(logging.INFO)
    ask(exchange(answer))
    (line,) = [record.getMessage() for record in caplog.records]
    begins, _, ends = line.partition(f"{said} 0.")
    assert begins == "telnyx GET /messages/P: "
    assert ends.endswith(f" s, message {MESSAGE.id} to +12…23")
    assert NUMBER not in line
