"""The addresses of the page, each with its view; a request in, an answer out, for a kit of either face.

Never lets a name or a number into an address, never answers whoever the guard does not admit, and notes each look at a
person with who looked.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from inspect import isawaitable
from time import monotonic
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from attrs import define, evolve, field

from reminder_kit.errors import InvalidInputError, LedgerError, ReminderKitError
from reminder_kit.kit.faces import AsyncReminderKit, ReminderKit
from reminder_kit.logs import LOG
from reminder_kit.model.emails import email_address
from reminder_kit.model.instants import in_zone, zone
from reminder_kit.model.names import words_of
from reminder_kit.model.phones import phone_number
from reminder_kit.model.status import KitStatus
from reminder_kit.page.actions import act
from reminder_kit.page.asked import Answer, Asked, redirect
from reminder_kit.page.guard import HEADERS, Visitor, csrf_of, from_here
from reminder_kit.page.health import Health, health
from reminder_kit.page.rendering import policy, rendered
from reminder_kit.page.views import day, found_by_name, person_at, person_of
from reminder_kit.planning.preview import Preview
from reminder_kit.rules.rule import Rule

__all__ = ["Desk"]

T = TypeVar("T")

_PERSON = re.compile(r"/person/(\d{1,18})\.(\d{1,4})")
_AFTER = re.compile(r"(\d{1,18})\.(\d{1,18})")
_FRESH = 60.0
"""Seconds for which what was counted over all messages of many days is shown again."""


@define
class Desk:
    """Answers requests. `secret` makes the secrets of forms; `actions`: whether anything may be done at all."""

    kit: ReminderKit | AsyncReminderKit
    admit: Callable[[Asked], Visitor | Answer]
    secret: str = field(repr=False)
    actions: bool = False
    _health: tuple[float, Health, KitStatus] | None = None

    async def answer(self, asked: Asked) -> Answer:
        """Answer one request; whatever goes wrong is a page that says so, and never a traceback."""
        found = await self._answered(asked)
        if asked.method == "HEAD":
            found = evolve(found, body=b"")
        return evolve(found, headers=(*found.headers, *HEADERS, ("content-security-policy", policy())))

    async def _answered(self, asked: Asked) -> Answer:
        visitor = self.admit(asked)
        if isinstance(visitor, Answer):
            return _plain(visitor)
        one = _Visit(self, asked, visitor)
        try:
            return await one.answer()
        except (LedgerError, InvalidInputError) as error:
            return await one.problem(503 if isinstance(error, LedgerError) else 400, str(error))
        except ReminderKitError as error:
            return await one.problem(500, str(error))

    # Either face

    async def call(self, verb: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Carry out a verb of either face."""
        found = verb(*args, **options)
        return await found if isawaitable(found) else found

    async def read(self, question: Callable[[Any], T]) -> T:
        """Ask the ledger, off the event loop where the kit has one."""
        if isinstance(self.kit, AsyncReminderKit):
            return await asyncio.to_thread(self.kit.ledger.read, question)
        return self.kit.ledger.read(question)

    async def health(self) -> tuple[Health, KitStatus]:
        """Return the health and the status, counted a minute ago at most."""
        if self._health is None or monotonic() - self._health[0] > _FRESH:
            kit, now = self.kit, self.kit.now()
            cap, name = kit.provider.capabilities.cap, kit.settings.defaults.timezone
            found = await self.read(lambda reader: health(reader, now, name, cap, kit.prices))
            self._health = (monotonic(), found, await self.call(kit.status))
        return self._health[1:]


@define
class _Visit:
    """One request of one visitor."""

    desk: Desk
    asked: Asked
    visitor: Visitor

    @property
    def kit(self) -> ReminderKit | AsyncReminderKit:
        return self.desk.kit

    @property
    def zone(self) -> ZoneInfo:
        return zone(self.kit.settings.defaults.timezone or "UTC")

    @property
    def acts(self) -> bool:
        return self.desk.actions and self.visitor.may_act

    async def answer(self) -> Answer:
        """Answer by method and path."""
        path, method = self.asked.path.rstrip("/") or "/", self.asked.method
        if method == "POST":
            return await self._posted(path)
        if method not in ("GET", "HEAD"):
            return evolve(await self.problem(405, "this page is looked at"), status=405)
        if found := _PERSON.fullmatch(path):
            return await self._person_at(int(found[1]), int(found[2]))
        if path == "/" or path.startswith("/day/"):
            return await self._today(path)
        views = {"/attention": self._attention, "/health": self._health, "/rules": self._rules}
        if path not in views:
            return await self.problem(404, "there is no such page")
        return await views[path]()

    async def _posted(self, path: str) -> Answer:
        right = csrf_of(self.desk.secret, self.visitor.who)
        if not from_here(self.asked) or self.asked.form.get("csrf") != right:
            return await self.problem(403, "this form is not, or no longer, valid: load the page again")
        if path == "/search":
            return await self._search(self.asked.form.get("q", "").strip())
        if path == "/act":
            return await self._act()
        return await self.problem(404, "there is no such page")

    # Pages

    async def page(self, template: str, title: str, *, status: int = 200, **values: Any) -> Answer:
        """Return a page with what all of them have."""
        same = {
            "title": title,
            "root": self.asked.root,
            "here": "",
            "live": False,
            "notice": "",
            "waiting": 0,
            "zone": self.zone,
            "now": self.kit.now(),
            "acts": self.acts,
            "csrf": csrf_of(self.desk.secret, self.visitor.who),
        }
        return Answer(status, rendered(template, **{**same, **values}).encode())

    async def problem(self, status: int, words: str) -> Answer:
        """Return the page that says what is wrong."""
        return await self.page("problem.html", "That did not work", status=status, words=words)

    async def _today(self, path: str) -> Answer:
        today = in_zone(self.kit.now(), self.zone).date()
        try:
            shown = date.fromisoformat(path.removeprefix("/day/")) if path != "/" else today
            before, after = shown - timedelta(days=1), shown + timedelta(days=1)
        except (ValueError, OverflowError):
            return await self.problem(404, "there is no such day")
        since, until = self._begin(shown), self._begin(after)
        place = _AFTER.fullmatch(self.asked.query.get("after", ""))
        begin, row = (_instant(int(place[1])), int(place[2])) if place else (since, 0)
        found = await self.desk.read(lambda reader: day(reader, max(begin, since), until, row))
        further = ""
        if found.further is not None:
            further = f"/day/{shown}?after={_micros(found.further[0])}.{found.further[1]}"
        title = f"Today, {_words(shown)}" if shown == today else _words(shown)
        values: dict[str, Any] = {"rows": found.visits, "further": further, "asked": "", "live": True}
        values |= {"day_before": before, "day_after": after, "empty": "No appointment is recorded for this day."}
        return await self.page("today.html", title, here="/" if shown == today else "", **values)

    def _begin(self, shown: date) -> datetime:
        return datetime.combine(shown, time(), self.zone).astimezone(UTC)

    async def _search(self, text: str) -> Answer:
        number = (email_address(text) or phone_number(text, self.kit.settings.defaults.region)) if text else None
        if number is not None:
            return await self._person(number, "")
        rows: Any = ()
        if len("".join(words_of(text))) > 1:
            now = self.kit.now()
            rows = await self.desk.read(lambda reader: found_by_name(reader, text, now))
        empty = "Nobody is found: write a number, or the beginning of a name, of two letters at least."
        values: dict[str, Any] = {"rows": rows, "further": "", "day_before": None, "day_after": None, "asked": text}
        return await self.page("today.html", "Found", empty=empty, **values)

    async def _person_at(self, row: int, place: int) -> Answer:
        found = await self.desk.read(lambda reader: person_at(reader, row, place))
        if found is None:
            return await self.problem(404, "this person is not recorded any more")
        return await self._person(*found)

    async def _person(self, number: str, name: str, notice: str = "") -> Answer:
        if not notice:
            await self.desk.call(self.kit.note_look, number, self.visitor.who)
        try:
            consent = await self.desk.call(self.kit.consent, number)
            words = ([bar.said for bar in consent.bars], consent.lines[len(consent.bars) :])
        except InvalidInputError:  # what was given as a number can't be one
            words = ([], [])
        now = self.kit.now()
        person = await self.desk.read(lambda reader: person_of(reader, number, name, words, now))
        return await self.page("person.html", person.name or "A person", person=person, notice=notice)

    async def _attention(self, notice: str = "") -> Answer:
        items = await self.desk.call(self.kit.attention)
        members = [member.identity for item in items for member in item.affected[:50] if member.identity is not None]
        called = await self.desk.read(lambda reader: reader.looks.called(members))
        values = {"items": items, "called": called, "notice": notice, "waiting": sum(not item.seen for item in items)}
        return await self.page("attention.html", "Attention", here="/attention", live=True, **values)

    async def _health(self) -> Answer:
        found, status = await self.desk.health()
        runs = tuple({**run, "when": datetime.fromisoformat(run["at"])} for run in found.runs)
        last = status.runs["resync"][0] if "resync" in status.runs else None
        currency = self.kit.prices.currency if self.kit.prices else ""
        values: dict[str, Any] = {
            "counts": status,
            "health": evolve(found, runs=runs),
            "last": last,
            "currency": currency,
        }
        provider = self.kit.provider.name
        return await self.page("health.html", "Health", here="/health", live=True, provider=provider, **values)

    async def _rules(self) -> Answer:
        settings = self.kit.settings
        notices = (("correction", settings.correction), ("cancellation", settings.cancellation))
        more = [Rule(name, before="1 day", text=notice.text) for name, notice in notices if notice]
        now = self.kit.now()
        lines = [
            line
            for rules in (self.kit.rules, tuple(more))
            for line in Preview(rules, settings.defaults, settings.quiet).made_up(now)
        ]
        return await self.page("rules.html", "Rules", here="/rules", lines=lines)

    # Doing

    async def _act(self) -> Answer:
        if not self.acts:
            return await self.problem(403, "nothing can be changed here: `reminder-kit serve --actions` allows it")
        form = self.asked.form
        row = form.get("row", "")
        record = None
        if row.isascii() and row.isdecimal() and len(row) < 19:
            found = await self.desk.read(lambda reader: reader.read([int(row)]))
            record = found[0] if found else None
        number = form.get("number", "")
        identity = record.identity if record else None
        wanted = {"number": number, "words": form.get("words", "").strip(), "item": form.get("item", "")}
        if token := form.get("message", ""):
            asked = {"provider": form.get("provider", ""), "token": token}
            told = await self.desk.read(lambda reader: reader.find_message(**asked))
            identity = told.identity if told else None
            wanted |= {"rule": told.rule, "recipient": told.recipient} if told else {}
        name = form.get("act", "")
        done = await act(self.kit, self.desk.call, name, {**wanted, "identity": identity})
        LOG.info("%s on the page: %s", name, "done" if done.ok else "not done")
        if not number:
            return await self._attention(done.words)
        note = name if done.ok else f"{name}: not done"
        await self.desk.call(self.kit.note_look, number, self.visitor.who, note, identity.id if identity else "")
        return await self._person(number, "", done.words)


def _plain(refused: Answer) -> Answer:
    """Return the answer to somebody who is not let in, as plain text; a redirection stays as it is."""
    if refused.status == 303:
        return redirect(dict(refused.headers)["location"], *(h for h in refused.headers if h[0] == "set-cookie"))
    return evolve(refused, headers=(("content-type", "text/plain; charset=utf-8"),))


def _words(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B %Y}"


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _instant(micros: int) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        return _EPOCH
