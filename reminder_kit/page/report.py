"""The report: what was sent, and how the job is, in one file that needs nothing else; written as it is read.

Never shows a whole number. Memory holds one page of messages, however many there are.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from tempfile import mkstemp
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from reminder_kit.model.instants import zone
from reminder_kit.model.looks import Told
from reminder_kit.model.names import NOBODY
from reminder_kit.page.health import health
from reminder_kit.page.rendering import environment

if TYPE_CHECKING:
    from reminder_kit.kit.assembly import Kit
    from reminder_kit.ledger.reader import Reader

__all__ = ["report_pieces", "write_report"]

_PAGE = 500
_LAST_ID = "\U0010ffff"


def write_report(kit: Kit, file: str | Path, since: datetime, *, anonymous: bool = False) -> None:
    """Write the report of what went out since an instant (UTC) into a file for its owner alone; replaced when whole.

    Numbers are masked. `anonymous` leaves out names, titles and texts, too.
    """
    target = Path(file)
    handle, name = mkstemp(dir=target.parent, prefix=f".{target.name}.")  # 0600
    made = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            for piece in report_pieces(kit, since, anonymous=anonymous):
                out.write(piece)
        made.replace(target)
    except BaseException:
        with suppress(FileNotFoundError):
            made.unlink()
        raise


def report_pieces(kit: Kit, since: datetime, *, anonymous: bool = False) -> Iterator[str]:
    """Yield the report as pieces of HTML, which are read from the ledger as they are drawn."""
    now, timezone = kit.now(), kit.settings.defaults.timezone
    cap = kit.provider.capabilities.cap
    found = kit.ledger.read(lambda reader: health(reader, now, timezone, cap, kit.prices))
    values = {
        "zone": zone(timezone or "UTC"),
        "now": now,
        "since": since,
        "health": found,
        "currency": kit.prices.currency if kit.prices else "",
        "anonymous": anonymous,
        "messages": _every_message(kit, since, now),
    }
    yield from environment().get_template("report.html").generate(values)


@frozen
class _Place:
    """Where the next page of messages goes on, the latest first."""

    at: datetime
    id: str = _LAST_ID


def _every_message(kit: Kit, since: datetime, until: datetime) -> Iterator[Told]:
    """Yield the messages from `since` to `until`, the latest first, a page at a time."""
    place = _Place(until)
    while True:
        page: list[Told] = kit.ledger.read(_page(since, place))
        yield from page
        if len(page) < _PAGE:
            return
        place = _Place(page[-1].message.send_at, page[-1].message.id)


def _page(since: datetime, place: _Place) -> Any:
    def read(reader: Reader) -> list[Told]:
        found = reader.looks.told_before(since, place.at, place.id, _PAGE)
        called = reader.looks.called(told.identity for told in found)
        return [evolve(told, called=called.get(told.identity, NOBODY)) for told in found]

    return read
