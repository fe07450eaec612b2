"""What people ask who look at the ledger: whose day it is, what somebody was told, who looked.

Never writes but who looked, and by which words people are found; never decides anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from reminder_kit.ledger.databases.runner import Asker, Runner
from reminder_kit.ledger.sql.look_statements import LookStatements
from reminder_kit.ledger.sql.row_mapping import instant, message_from, micros
from reminder_kit.model.appointments import Appointment
from reminder_kit.model.looks import Look, Reply, Told
from reminder_kit.model.names import Called, words_of
from reminder_kit.model.records import Identity

if TYPE_CHECKING:
    from reminder_kit.ledger.sql.statements import Statements

__all__ = ["LookReader", "list_names", "note_look"]

_AT_ONCE = 500
_MOST_WORDS = 4
"""Words of a search that count."""
_LAST = "\U0010ffff"


class LookReader:
    """The questions of who looks, asked on one connection, within one namespace."""

    def __init__(self, runner: Asker, namespace: str, statements: Statements) -> None:
        self._runner = runner
        self._namespace = namespace
        self._statements = statements.looks
        self._queries = statements.queries
        self._people = statements.person

    def called(self, identities: Iterable[Identity]) -> dict[Identity, Called]:
        """Return what recorded appointments and their people are called; purged ones are left out."""
        found: dict[Identity, Called] = {}
        listed = list(dict.fromkeys(identities))
        for start in range(0, len(listed), _AT_ONCE):
            packed = self._runner.pack("identities", listed[start : start + _AT_ONCE])
            rows = {
                row[0]: Identity(*row[1:4])
                for row in self._runner.rows(self._queries.recorded, namespace=self._namespace, **packed)
                if row[0] is not None
            }
            found |= {rows[row]: called for row, called in self.called_in(list(rows)).items()}
        return found

    def called_in(self, rows: Sequence[int]) -> dict[int, Called]:
        """Return what the appointments of rows and their people are called; purged ones are left out."""
        packed = self._runner.pack("rows", [(row,) for row in rows])
        found = self._runner.rows(self._people.snapshots, **packed)
        return {row: Called.in_snapshot(snapshot) for row, snapshot in found}

    def day(self, since: datetime, until: datetime, after_row: int = 0, most: int = 100) -> list[tuple[int, datetime]]:
        """Return rows and starts of what starts at `since` or later and before `until` (UTC), in that order.

        `after_row` leaves out what starts at `since` itself and has that row or a lower one.
        """
        values = {"after": micros(since), "until": micros(until), "after_row": after_row, "most": most}
        found = self._runner.rows(self._statements.day, namespace=self._namespace, **values)
        return [(int(row), instant(start)) for row, start in found]

    def named(self, text: str, most: int = 200) -> list[int]:
        """Return rows of appointments with a person in whose name each word of `text` begins a word."""
        words = sorted(words_of(text), key=len, reverse=True)[:_MOST_WORDS]
        if not words:
            return []
        values = {f"low{place}": word for place, word in enumerate(words)}
        values |= {f"high{place}": word + _LAST for place, word in enumerate(words)}
        statement = self._statements.named(len(words))
        found = self._runner.rows(statement, namespace=self._namespace, most=most, **values)
        return sorted(int(row) for (row,) in found)

    def told(
        self,
        since: datetime,
        until: datetime,
        *,
        number: str | None = None,
        rows: Sequence[int] | None = None,
        most: int = 1000,
    ) -> list[Told]:
        """Return the messages with a send time from `since` to before `until` (UTC), the latest first.

        Of one `number`, of the appointments in `rows`, or all of them.
        """
        by = "number" if number is not None else "rows" if rows is not None else "time"
        values = {"since": micros(since), "until": micros(until), "most": most, "namespace": self._namespace}
        values |= {} if number is None else {"number": number}
        values |= {} if rows is None else self._runner.pack("rows", [(row,) for row in rows])
        return self._told(by, values)

    def told_before(self, since: datetime, until: datetime, before: str, most: int) -> list[Told]:
        """Return a page of messages from `since` on, the latest first, behind one sent at `until` with the id `before`.

        Instants are UTC; where several go out at one instant, the order is that of their ids.
        """
        values = {"since": micros(since), "until": micros(until), "most": most, "namespace": self._namespace}
        return self._told("page", {**values, "before": before})

    def _told(self, by: str, values: Mapping[str, Any]) -> list[Told]:
        found = [
            Told(message_from(row), Identity(*row[-5:-2]), row[-2], row[-1])
            for row in self._runner.rows(self._statements.messages(by), **values)
        ]
        reports = self._reports([told.message.id for told in found])
        return [told.with_reports(reports.get(told.message.id, ())) for told in found]

    def _reports(self, tokens: Sequence[str]) -> dict[str, list[tuple[str, datetime, str]]]:
        found: dict[str, list[tuple[str, datetime, str]]] = {}
        if tokens:
            packed = self._runner.pack("tokens", [(token,) for token in tokens])
            for token, kind, at, code in self._runner.rows(self._statements.reports, **packed):
                found.setdefault(token, []).append((kind, instant(at), code))
        return found

    def replies(self, numbers: Sequence[str], since: datetime, until: datetime, most: int = 1000) -> list[Reply]:
        """Return what numbers wrote from `since` to before `until` (UTC), the latest first."""
        values = {"since": micros(since), "until": micros(until), "most": most, "namespace": self._namespace}
        packed = self._runner.pack("numbers", [(number,) for number in numbers])
        found = self._runner.rows(self._statements.replies, **values, **packed)
        return [Reply(number, instant(at), kind, text) for number, at, kind, text in found]

    def counted_replies(self, since: datetime, until: datetime) -> dict[str, int]:
        """Return how many replies came in from `since` to before `until` (UTC), by type; erased ones do not count."""
        values = {"since": micros(since), "until": micros(until), "namespace": self._namespace}
        return {kind: int(count) for kind, count in self._runner.rows(self._statements.counted_replies, **values)}

    def counted(self, since: datetime, until: datetime) -> dict[str, dict[str, int]]:
        """Return how many messages have their send time in a time, by rule and state; cancelled ones do not count."""
        values = {"since": micros(since), "until": micros(until), "namespace": self._namespace}
        found: dict[str, dict[str, int]] = {}
        for rule, state, count in self._runner.rows(self._statements.counted, **values):
            found.setdefault(rule, {})[state] = int(count)
        return found

    def counted_keywords(self, since: datetime, until: datetime) -> dict[str, int]:
        """Return how many appointments were replied to with a keyword, by the rule whose message went out in a time."""
        values = {"since": micros(since), "until": micros(until), "namespace": self._namespace}
        return {rule: int(count) for rule, count in self._runner.rows(self._statements.counted_keywords, **values)}

    def looks(self, number: str) -> list[Look]:
        """Return who looked at a number, or did something for it by hand, the latest first, at most fifty."""
        found = self._runner.rows(self._statements.looks, namespace=self._namespace, number=number)
        return [Look(instant(at), who, act, number, id_) for at, who, act, id_ in found]


def list_names(
    appointments: Mapping[int, Appointment], runner: Runner, statements: LookStatements, namespace: str
) -> None:
    """Write by which words the people of appointments (by row) are found, in the place of those before."""
    if not appointments:
        return
    runner.run(statements.drop_names, **runner.pack("rows", [(row,) for row in appointments]))
    words = [
        (row, word)
        for row, appointment in appointments.items()
        for word in words_of(*(recipient.name for recipient in appointment.recipients))
    ]
    if words:
        runner.run(statements.add_names, namespace=namespace, **runner.pack("words", words))


def note_look(runner: Runner, statements: LookStatements, namespace: str, look: Look) -> None:
    """Write down that somebody looked at a person, or did something for one."""
    values = {"at": micros(look.at), "who": look.who, "act": look.act, "number": look.number, "id": look.id}
    runner.run(statements.add_look, namespace=namespace, **values)
