"""`demo`: the main job with no account, over real HTTP to a local Telnyx whose clock can be moved.

Never shows what did not happen: every line comes from a plan, from a report, or from the local Telnyx.
"""

from __future__ import annotations

import tempfile
import time
import webbrowser
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from attrs import frozen

from reminder_kit.cli.options import chosen, common
from reminder_kit.cli.output import say, write_json, write_lines
from reminder_kit.cli.rendering import Line, aligned, change_lines, day, moment, outcome_line
from reminder_kit.config.loading import load
from reminder_kit.kit.faces import ReminderKit
from reminder_kit.model.instants import iso, zone
from reminder_kit.model.phones import masked
from reminder_kit.planning.plan import Plan
from reminder_kit.planning.report import Report
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.sandbox import Parked, Sandbox, serve

__all__ = ["demo"]

_MONDAY = "2026-03-02T13:00:00Z"
_DAYS = 17
_WIDTH = 80


@click.command()
@click.option("--browse", is_flag=True, help="Open the inbox of the local Telnyx, and leave it open at the end.")
@common
def demo(*, browse: bool) -> int:
    """See the main job at work: a calendar comes in, changes, and days pass. No account is needed.

    Everything shown happens, over HTTP, between a kit and a local Telnyx in this
    process, on a clock that is moved; nothing leaves this machine.
    """
    sandbox = Sandbox(clock=_MONDAY, key="KEY_DEMO", strict=True)
    with tempfile.TemporaryDirectory(prefix="reminder-kit-") as folder, serve(sandbox) as server:
        place = Path(folder)
        for path in files("reminder_kit.cli").joinpath("demo_data").iterdir():
            (place / path.name).write_bytes(path.read_bytes())
        arguments = load(place / "reminders.toml").arguments()
        arguments |= {
            "provider": Telnyx(api_key="KEY_DEMO", from_="+12025550100", base_url=server.base_url),
            "ledger": f"sqlite:///{place / 'reminders.db'}",
            "clock": sandbox.clock,
        }
        with ReminderKit(**arguments) as kit:
            story = _Story(kit, sandbox, place)
            inbox = f"{server.url}/" if browse else ""
            if inbox:
                _open(inbox)
            for lines in story.chapters(server.base_url):
                if not chosen().json:
                    write_lines(lines, width=_WIDTH)
                if inbox:
                    _leave_time()
            if chosen().json:
                write_json(story.document())
            if inbox:
                _stay(inbox)
    return 0


_PAUSE = 3.0
"""Seconds between the chapters, for who watches texts arrive."""


def _open(inbox: str) -> None:
    """Open the inbox in the reader's browser, and say where it is in any case."""
    say(f"the inbox: {inbox}")
    webbrowser.open(inbox)


def _leave_time() -> None:
    """Leave time to look, between the chapters."""
    time.sleep(_PAUSE)


def _stay(inbox: str) -> None:
    """Go on serving the inbox until Ctrl-C."""
    say(f"{inbox} stays open: move its clock, reply STOP; Ctrl-C ends it")
    with suppress(KeyboardInterrupt):
        while True:
            time.sleep(3600)


@frozen
class _Story:
    """What happens in the demo: a kit, the Telnyx that it speaks to, and the folder of its files."""

    kit: ReminderKit
    sandbox: Sandbox
    place: Path

    @property
    def zone(self) -> ZoneInfo:
        return zone(self.kit.settings.defaults.timezone or "UTC")

    def chapters(self, base_url: str) -> Iterator[list[Line]]:
        """Yield the lines of each chapter, once it has happened."""
        file = self.place / "clinic.ics"
        yield [
            Line(f"A local Telnyx listens on {base_url}."),
            Line(f"Its clock says {moment(self.sandbox.now(), self.zone)} in New York, and stands still until moved."),
            Line("It takes messages 5 minutes to 5 days ahead, as Telnyx does. No text reaches a phone."),
        ]
        plan = self.kit.plan_calendar(file)
        yield [*_chapter(1, "A calendar comes in: the plan (nothing is written yet)"), *self._changes(plan)]
        report = self.kit.apply(plan, expect_digest=plan.digest)
        yield [*_chapter(2, "It is carried out"), outcome_line(report), *self._held_by_telnyx()]
        before = self.sandbox.request_count
        self.kit.import_calendar(file)
        again = self.sandbox.request_count - before
        yield [Line(f"The same file once more: {again} requests, nothing to do.")]
        yield self._second_version(file)
        yield [*_chapter(4, "Days pass; the batch job runs every morning at eight"), *self._days()]
        yield [*_chapter(5, "Who received what, and when"), *self._received()]
        yield self._sums()

    def _second_version(self, file: Path) -> list[Line]:
        now = self.sandbox.clock.advance(hours=3, minutes=5)
        file.write_bytes((self.place / "clinic-changed.ics").read_bytes())
        report = self.kit.import_calendar(file, complete=True)
        title = "A new version of the file: moved, renamed, cancelled, gone, added"
        when = Line(f"It is {moment(now, self.zone)}. What is already right is left alone.")
        return [*_chapter(3, title), when, Line(""), *self._changes(report, only_work=True), *self._held_by_telnyx()]

    def _changes(self, run: Plan | Report, *, only_work: bool = False) -> list[Line]:
        listed = [change for change in run.changes if change.is_work or not only_work]
        lines = [*change_lines(listed, self.zone), outcome_line(run)]
        lines += [Line(f"Not usable: {problem}", "yellow", 2) for problem in run.problems if not only_work]
        return lines

    def _held_by_telnyx(self) -> list[Line]:
        parked = self.sandbox.parked()
        last = f", the last for {moment(parked[-1].send_at, self.zone)}" if parked else ""
        count = len(parked)
        return [Line(f"Telnyx now holds {count} message{'' if count == 1 else 's'}{last}.", "bold")]

    def _days(self) -> list[Line]:
        rows = []
        start = self.sandbox.now().astimezone(self.zone).date()
        for number in range(1, _DAYS):
            before = self._sent()
            morning = datetime.combine(start + timedelta(days=number), datetime.min.time(), self.zone)
            self.sandbox.clock.set(morning.replace(hour=8))
            report = self.kit.resync()
            done = [change for change in report.changes if change.is_work]
            sent = self._sent() - before
            if done or sent:
                names = ", ".join(f"{change.identity.id.partition('@')[0]} {change.rule}" for change in done)
                rows.append([day(self.sandbox.now(), self.zone), f"{sent} sent", f"parked: {names}" if done else ""])
        return [Line(text, "", 31) for text in aligned(rows)]

    def _sent(self) -> int:
        self.sandbox.tick()
        return sum(message.sent_at is not None for message in self.sandbox.messages())

    def _arrived(self) -> list[Parked]:
        numbers = dict.fromkeys(message.to for message in self.sandbox.messages())
        found = [message for number in numbers for message in self.sandbox.inbox(number)]
        return sorted(found, key=lambda message: (message.sent_at or message.send_at, message.to))

    def _received(self) -> list[Line]:
        lines = []
        for message in self._arrived():
            at = message.sent_at or message.send_at
            lines.append(Line(f"  {moment(at, self.zone)}  {masked(message.to)}  {message.status}", "green"))
            lines.append(Line(f"     “{message.text}”", "", 6))
        return lines

    def _sums(self) -> list[Line]:
        methods = Counter(request.method for request in self.sandbox.requests)
        said = ", ".join(f"{count} {method}" for method, count in sorted(methods.items(), reverse=True))
        cancelled = sum(message.status == "cancelled" for message in self.sandbox.messages())
        left = len(self.sandbox.parked())
        return [
            Line(""),
            Line(f"{self.sandbox.request_count} HTTP requests: {said}.", "bold"),
            Line(f"{len(self._arrived())} messages were sent, {cancelled} withdrawn in time, {left} still parked."),
            Line("Next: your own calendar. Write a reminders.toml (reminder-kit init), then"),
            Line("  reminder-kit plan YOUR.ics"),
        ]

    def document(self) -> dict[str, object]:
        """Return what happened as JSON values."""
        received = [
            {"to": message.to, "sent_at": iso(message.sent_at or message.send_at), "text": message.text}
            for message in self._arrived()
        ]
        methods = Counter(request.method for request in self.sandbox.requests)
        return {"received": received, "requests": dict(methods), "parked": len(self.sandbox.parked())}


def _chapter(number: int, title: str) -> list[Line]:
    text = f"{number}. {title}"
    return [Line(""), Line(text, "bold magenta"), Line("─" * len(text), "magenta")]
