"""The verbs of who looks: what a person was told, and how things stand.

Never decides or changes anything. What there is to see is read in one snapshot of the ledger.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from attrs import evolve

from reminder_kit.errors import InvalidInputError
from reminder_kit.kit.people import PeopleVerbs
from reminder_kit.model.instants import utc, zone
from reminder_kit.model.looks import LOOKED, Look, Reply, Told
from reminder_kit.model.names import NOBODY, words_of
from reminder_kit.model.records import RECENT
from reminder_kit.model.status import KitStatus, today_of

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader

__all__ = ["LookingVerbs", "day_around"]

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(9999, 1, 1, tzinfo=UTC)
_RECENT = timedelta(days=1)


class LookingVerbs(PeopleVerbs):
    """The verbs that only look at what was, and is to be, sent."""

    async def messages(
        self,
        to: str | None = None,
        name: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        limit: int = 1000,
    ) -> tuple[Told, ...]:
        """Return what people were, and will be, told, the latest send time first: text, state, delivery, replies.

        `to` is a number; `name` what somebody is called, or the beginnings of it. `since` and `until` (aware; the
        latter is not included) bound the send times; without `to`, `name` and `since`, it is those of the last day on.
        Withdrawn messages are there with their state. At most `limit` of them. Raises `InvalidInputError` for a `to`
        that is no number, and a `name` without a letter.
        """
        now = self.now()
        number = None if to is None else self._number(to)
        if name is not None and not words_of(name):
            raise InvalidInputError("a name to look for needs a letter or a digit")
        default = _FIRST if to is not None or name is not None else now - _RECENT
        begin = default if since is None else utc(since, "since")
        end = _LAST if until is None else utc(until, "until")

        def read(reader: Reader) -> tuple[Told, ...]:
            rows = None if name is None else reader.looks.named(name)
            found = reader.looks.told(begin, end, number=number, rows=rows, most=limit)
            called = reader.looks.called([told.identity for told in found])
            named = [evolve(told, called=called.get(told.identity, NOBODY)) for told in found]
            if name is not None:  # of an appointment with several people, those who are meant
                named = [told for told in named if _is_called(told.name, name)]
            return _with_replies(named, reader)

        return await self._in_thread(self.ledger.read, read)

    async def note_look(self, number: str, who: str, act: str = LOOKED, id: str = "") -> None:  # noqa: A002 - the identity's public name
        """Note that somebody looked at a person, or did something for one by hand; `person` hands that over, too.

        `who` it was, as far as the host knows; `act` what was done, `id` the appointment that it was about.
        """
        look = Look(self.now(), who, act, number, id)
        await self._written(lambda tx: tx.note_look(look), None)

    async def status(self) -> KitStatus:
        """Return counts and instants: held, parked, due next, barred by whom, unknown, last batch job, what waits.

        With what went out, arrived and is to come today, by the kit's zone.
        """
        now, senders = self.now(), self.settings.senders
        items = await self._in_thread(self._watch.items, now)
        since, until = day_around(now, self.settings.defaults.timezone)

        def read(reader: Reader) -> KitStatus:
            counts = reader.counts(senders)
            runs = {name: run for name, run in counts["runs"].items() if name != RECENT}
            waits = {"items": len(items), "unseen": sum(not item.seen for item in items)}
            looks = reader.looks
            today = today_of(since, until, looks.counted(since, until), looks.counted_replies(since, until))
            return KitStatus(**{**counts, "runs": runs}, attention=waits, today=today)

        return await self._in_thread(self.ledger.read, read)


def day_around(now: datetime, timezone: str | None) -> tuple[datetime, datetime]:
    """Return when the day of an instant begins and ends (UTC) by the clocks of a zone; None: by UTC."""
    where = zone(timezone or "UTC")
    day = now.astimezone(where).date()
    begin, end = (datetime.combine(date, time(), where).astimezone(UTC) for date in (day, day + timedelta(days=1)))
    return begin, end


def _is_called(name: str, wanted: str) -> bool:
    """Say whether each word of what is looked for begins a word of a name."""
    return all(any(word.startswith(begin) for word in words_of(name)) for begin in words_of(wanted))


def _with_replies(found: list[Told], reader: Reader) -> tuple[Told, ...]:
    """Return messages with what was written back, each reply with the last message that was out when it came."""
    if not found:
        return ()
    first = min(told.message.send_at for told in found)
    waiting: dict[str, list[Reply]] = {}
    for reply in reader.looks.replies(sorted({told.message.draft.to for told in found}), first, _LAST):
        waiting.setdefault(reply.number, []).append(reply)
    answered = []
    for told in found:  # the latest first, and so are replies
        mine = [] if told.is_off else _taken(waiting.get(told.message.draft.to, []), told.message.send_at)
        answered.append(evolve(told, replies=tuple(reversed(mine))) if mine else told)
    return tuple(answered)


def _taken(replies: list[Reply], since: datetime) -> list[Reply]:
    """Take out, and return, the replies that came at an instant or later."""
    count = sum(reply.at >= since for reply in replies)
    mine, replies[:] = replies[:count], replies[count:]
    return mine
