"""Telnyx' lists: detail records of what was sent, and numbers that opted out, as values.

Pure: no clock, no I/O. Never takes what a list lacks for proof that it does not exist: a message has a detail record
only once it was sent (Telnyx, "Message Detail Records").
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from reminder_kit.errors import InvalidInputError, TransientError
from reminder_kit.model.instants import from_iso
from reminder_kit.ports import Listed, OptOuts, Receipt, Response
from reminder_kit.providers.answers import instant_of, json_object, number_of, text_of
from reminder_kit.providers.telnyx.responses import failure_of, first, status_of, token_in

__all__ = ["listed", "opted_out", "recorded"]


def recorded(response: Response, token: str) -> tuple[Receipt, ...]:
    """Return what the detail records say of the message whose webhook address carries our token.

    Raises `TransientError` where the answer can't be read.
    """
    mine = [row for row in _records(response) if token_in(text_of(row.get("delivery_status_webhook_url"))) == token]
    return tuple(
        Receipt(text_of(entry.get("uuid")), status_of(entry), failure_of(entry)) for entry in mine if entry.get("uuid")
    )


def listed(response: Response, sender: str | None) -> tuple[Listed, ...]:
    """Return the messages that detail records tell of, from `sender` alone; None means that a pool sends.

    Raises `TransientError` where the answer can't be read.
    """
    ours = [
        row
        for row in _records(response)
        if row.get("uuid")
        and text_of(row.get("direction")) in {"", "outbound"}
        and text_of(row.get("message_type")) != "RCS"  # of another channel, which no ledger of ours writes to
        and (sender is None or text_of(row.get("cli")) in {"", sender})
    ]
    return tuple(
        Listed(
            text_of(row.get("uuid")),
            status_of(row),
            sent_at=_instant(text_of(row.get("sent_at"))),
            token=token_in(text_of(row.get("delivery_status_webhook_url"))) or "",
        )
        for row in ours
    )


def _records(response: Response) -> list[Mapping[str, Any]]:
    """Return the detail records of an answer; raises `TransientError` where it can't be read."""
    rows = (json_object(response) or {}).get("data")
    if not isinstance(rows, list):
        raise TransientError("Telnyx: find was answered with nothing readable", provider="telnyx")
    return [row for row in rows if isinstance(row, dict)]


def _instant(text: str) -> datetime | None:
    """Return an instant as Telnyx writes it, UTC; None means that the text is none."""
    try:
        return from_iso(text)
    except (InvalidInputError, OverflowError):
        return None


def opted_out(response: Response, sender: str | None) -> OptOuts:
    """Return the numbers on a page of opt-outs, without `sender`, our own; None means that a pool sends.

    The page on opt-outs does not say which of `from` and `to` is the person's, so both are read. `created_at` is taken
    for the instant of the opt-out; of several rows about a number the latest counts. Raises
    `TransientError` where the answer can't be read.
    """
    payload = json_object(response) or {}
    rows, meta = payload.get("data"), first(payload.get("meta"))
    if not isinstance(rows, list):
        raise TransientError("Telnyx: opt-outs were answered with nothing readable", provider="telnyx")
    found = [(text_of(row.get(name)), row) for row in rows if isinstance(row, dict) for name in ("from", "to")]
    by_number = [(number, row) for number, row in found if number.startswith("+") and number != sender]
    numbers, since = tuple(dict.fromkeys(number for number, _ in by_number)), dict[str, datetime]()
    for number, row in by_number:
        if (at := instant_of(row.get("created_at"))) is not None:
            since[number] = max(at, since.get(number, at))
    page, pages = number_of(meta.get("page_number")), number_of(meta.get("total_pages"))
    return OptOuts(numbers, page is not None and pages is not None and page < pages, since)
