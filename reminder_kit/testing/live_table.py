"""What a real provider answers where its documents are silent, as a table that can be shown to anybody.

Never holds a number, a text, an id or a key: of an answer it keeps the HTTP status, the provider's code and its word
for the message. Never lets a message go out, unless `REMINDER_KIT_LIVE_SENDS` says that some may, to the tester's own
number: the questions for which that could happen are not asked otherwise, and the table says so.
"""

from __future__ import annotations

import json
import os
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from attrs import frozen

from reminder_kit.model.instants import from_iso, iso
from reminder_kit.model.messages import Draft
from reminder_kit.ports import NoAnswerError, NotSentError, Request, Response, json_object, text_of
from reminder_kit.testing.live import LiveStage

__all__ = ["NOTES", "SENDS", "Row", "asked", "shown"]

SENDS = "REMINDER_KIT_LIVE_SENDS"
"""The environment variable that lets a few messages go out to the tester's own number, for what can't be asked else."""

NOTES = "REMINDER_KIT_LIVE_NOTES"
"""The environment variable that names a file in which a key and its request are kept for the day after."""

_DAY = timedelta(hours=24)
_WORD = re.compile(r"[A-Za-z][A-Za-z_-]{0,30}|[A-Za-z_-]{0,20}[0-9]{1,6}")
"""What may stand in the table: a word, or a code. Numbers, texts and ids are longer, or another thing."""


@frozen
class Row:
    """One question, and what came of it."""

    question: str
    answer: str


def asked(live: LiveStage) -> list[Row]:
    """Ask every question that can be asked of a provider, and return the rows in their order."""
    rows = list[Row]()
    for question, ask in _QUESTIONS.items():
        try:
            rows.append(Row(question, ask(live)))
        except _NotAskedError as why:
            rows.append(Row(question, f"not asked: {why}"))
        except (NoAnswerError, NotSentError) as error:
            rows.append(Row(question, f"no answer ({type(error).__name__})"))
    return rows


def shown(name: str, rows: Iterable[Row]) -> Iterator[str]:
    """Yield the lines of a table in Markdown, headed by the provider's name."""
    yield f"| {name} | answered |"
    yield "|---|---|"
    yield from (f"| {row.question} | {row.answer} |" for row in rows)


class _NotAskedError(Exception):
    """A question that is not asked, and why."""


# What of an answer is told


def _told(response: Response, *more: str) -> str:
    """Return status, code and word of an answer, and further words of our own."""
    value = json_object(response) or {}
    words = [str(response.status), *_plain([_code(value), _word(value)])]
    if response.headers.get("idempotent-replayed"):
        words.append("idempotent-replayed")
    return ", ".join([*words, *more])


def _plain(words: Iterable[str]) -> Iterator[str]:
    return (word for word in words if _WORD.fullmatch(word))


def _code(value: dict[str, Any]) -> str:
    """Return an error's code as Telnyx, Twilio or RFC 7807 write it; "": there is none."""
    errors = value.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else value
    return text_of(first.get("code")) or text_of(value.get("type")).partition("#")[2]


def _word(value: dict[str, Any]) -> str:
    """Return the provider's word for a message, which stands with it or with its recipient; "": there is none."""
    message = value["data"] if isinstance(value.get("data"), dict) else value
    to = message.get("to")
    first = to[0] if isinstance(to, list) and to and isinstance(to[0], dict) else message
    found = text_of(first.get("status"))
    return "" if found.isdecimal() else found


# The questions


def _created(live: LiveStage) -> str:
    return _told(live.post(*_new(live)))


def _new(live: LiveStage, lead: timedelta | None = None) -> tuple[Draft, Request]:
    """Return a draft and its request; raises `_NotAskedError` where no message may be made."""
    able = live.provider.capabilities
    if not able.cancels or able.window.max_lead <= timedelta(hours=2):
        raise _NotAskedError("it could not take a message back")
    if not live.to:
        raise _NotAskedError("there is no number to park for")
    draft = live.draft()
    if lead is not None:
        at = (live.now() + lead).replace(microsecond=0)
        draft = Draft(draft.to, draft.text, at)
    return draft, live.request(draft)


def _parked(live: LiveStage) -> str:
    """Return the id of a message that is parked now; raises `_NotAskedError` where the provider takes none."""
    before = set(live.parked)
    response = live.post(*_new(live))
    if not (made := set(live.parked) - before):
        raise _NotAskedError(f"none could be parked ({response.status})")
    return made.pop()


def _read(live: LiveStage, name: str) -> Response:
    request = live.provider.read(name)
    if not isinstance(request, Request):
        request = next(request)
    return live.send(request)


def _cancelled(live: LiveStage, name: str) -> Response:
    return live.send(live.provider.cancel(name))


def _read_scheduled(live: LiveStage) -> str:
    return _told(_read(live, _parked(live)))


def _cancel(live: LiveStage) -> str:
    return _told(_cancelled(live, _parked(live)))


def _cancel_again(live: LiveStage) -> str:
    name = _parked(live)
    _cancelled(live, name)
    return _told(_cancelled(live, name))


def _read_cancelled(live: LiveStage) -> str:
    name = _parked(live)
    _cancelled(live, name)
    return _told(_read(live, name))


def _replayed(live: LiveStage) -> str:
    _needs_keys(live)
    draft, request = _new(live)
    first = live.post(draft, request)
    return _told(live.post(draft, request), _same(live, first))


def _replayed_after_cancelling(live: LiveStage) -> str:
    _needs_keys(live)
    draft, request = _new(live)
    before = set(live.parked)
    first = live.post(draft, request)
    for name in set(live.parked) - before:
        _cancelled(live, name)
    return _told(live.post(draft, request), _same(live, first))


def _needs_keys(live: LiveStage) -> None:
    if live.provider.capabilities.key_life is None:
        raise _NotAskedError("it knows no keys")


def _same(live: LiveStage, first: Response) -> str:
    """Say whether the last message that was parked is the one of an answer."""
    with suppress(Exception):
        return "the same id" if live.last == live.provider.parse_created(first).provider_id else "another id"
    return ""


def _beyond(live: LiveStage) -> str:
    return _told(live.post(*_new(live, live.provider.capabilities.window.max_lead + timedelta(hours=1))))


def _replayed_next_day(live: LiveStage) -> str:
    """Repeat a request that was noted a day ago; note one where there is none, for the next run."""
    _needs_keys(live)
    if not (path := os.environ.get(NOTES)):
        raise _NotAskedError(f"{NOTES} names no file in which a key is kept for a day")
    noted = _noted(Path(path))
    if noted is None or noted[0].send_at - live.now() < timedelta(hours=2):
        draft, request = _new(live, min(timedelta(days=4), live.provider.capabilities.window.max_lead - _DAY))
        first = live.post(draft, request)
        _note(Path(path), live, draft, request)
        raise _NotAskedError(f"a key was noted now ({first.status}): run it again after 24 hours")
    draft, request, at = noted
    if live.now() - at < _DAY:
        raise _NotAskedError("the key that was noted is younger than 24 hours")
    Path(path).unlink()
    return _told(live.post(draft, request))


def _note(path: Path, live: LiveStage, draft: Draft, request: Request) -> None:
    values = {
        "at": iso(live.now()),
        "send_at": iso(draft.send_at),
        "path": request.path,
        "body": b64encode(request.body).decode(),
        "headers": dict(request.headers),
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(values), encoding="utf-8")


def _noted(path: Path) -> tuple[Draft, Request, datetime] | None:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        draft = Draft("", "", from_iso(held["send_at"]))
        request = Request("POST", held["path"], b64decode(held["body"]), held["headers"])
        return draft, request, from_iso(held["at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


# Those for which a message may go out


def _past(live: LiveStage) -> str:
    return _sent(live, -timedelta(hours=1))


def _too_near(live: LiveStage) -> str:
    return _sent(live, timedelta(minutes=1))


def _sent(live: LiveStage, lead: timedelta) -> str:
    """Post a message that may go out at once, and say what became of it where it was taken."""
    _may_send()
    before = set(live.parked)
    response = live.post(*_new(live, lead))
    seen = [_word(json_object(_read(live, name)) or {}) for name in set(live.parked) - before]
    for name in set(live.parked) - before:
        live.let_go(name)
    return _told(response, *(f"then {word}" for word in _plain(seen)))


def _cancelled_late(live: LiveStage) -> str:
    """Cancel a message at the declared cut-off, having waited for it."""
    _may_send()
    window = live.provider.capabilities.window
    before = set(live.parked)
    draft, request = _new(live, window.min_lead + window.margin)
    response = live.post(draft, request)
    if not (made := set(live.parked) - before):
        raise _NotAskedError(f"none could be parked ({response.status})")
    name = made.pop()
    live.sleep(max(0.0, (draft.send_at - window.cancel_cutoff - live.now()).total_seconds()))
    response = _cancelled(live, name)
    live.let_go(name)
    return _told(response)


def _may_send() -> None:
    if not os.environ.get(SENDS):
        raise _NotAskedError(f"a message might go out; {SENDS}=1 allows it, to your own number")


_QUESTIONS: dict[str, Callable[[LiveStage], str]] = {
    "POST, two days ahead": _created,
    "POST, an hour beyond the window": _beyond,
    "POST, an hour ago": _past,
    "POST, in a minute": _too_near,
    "the same key and bytes": _replayed,
    "the same key after cancelling": _replayed_after_cancelling,
    "the same key after 24 hours": _replayed_next_day,
    "GET of a scheduled message": _read_scheduled,
    "cancelling": _cancel,
    "cancelling again": _cancel_again,
    "cancelling at the cut-off": _cancelled_late,
    "GET of a cancelled message": _read_cancelled,
}
