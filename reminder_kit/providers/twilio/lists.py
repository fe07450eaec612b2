"""Twilio's list of messages: which of them is the one that is looked for, which may be, and which are others.

Pure: no clock, no I/O. Never takes a message for another one because it can't be told from the one that is looked for:
Twilio lists a text as it went out, which is not always as it was written.

Sources: API reference ("Message resource"), "Smart Encoding" (characters are replaced by plainer ones), "Message
Redaction" (bodies are blank, numbers blotted out), "Free Trial" (a text begins with `_TRIAL`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from unicodedata import category, normalize

from attrs import evolve

from reminder_kit.errors import InvalidInputError, TransientError
from reminder_kit.model.instants import utc
from reminder_kit.model.messages import Draft
from reminder_kit.ports import Listed, Receipt, Request, Response
from reminder_kit.providers.answers import json_object, number_of, text_of
from reminder_kit.providers.twilio.responses import receipt_of, refusal

__all__ = ["following", "found", "listed"]

Row = Mapping[str, Any]

_NEAR = timedelta(minutes=5)
"""How much older than its request a message may seem that was made by it."""
_FAR = timedelta(days=1)
"""How much older a message of the same words may seem, and still be it: a clock may have been set meanwhile."""
_TRIAL = "Sent from your Twilio trial account - "
_NUMBER = re.compile(r"\+\d+")
_VISIBLE = re.compile(r"[!-~]+")
_WORDS = re.compile(r"[^\W_]+")


def found(response: Response, draft: Draft, service: str, since: datetime) -> tuple[Receipt, ...]:
    """Return the messages that are the draft's, or may be (`Receipt.certain`), without cancelled ones.

    Certainly the draft's is one of its words and as many media, of this service to its number, made since. Others may
    be, unless what the list says of them is something else. Raises as `_rows` does.
    """
    receipts = [
        evolve(receipt_of(row), certain=_is_of(row, draft, since))
        for row in _rows(response)
        if _may_be_of(row, draft, service, since)
    ]
    return tuple(receipt for receipt in receipts if receipt.provider_id and receipt.status != "cancelled")


def listed(response: Response, number: str, service: str, since: datetime) -> tuple[Listed, ...]:
    """Return the messages of a service to a number that were made since, as far as the list tells; withdrawn ones, too.

    One whose age can't be read is told without its words, by which it might be taken for a younger one. Raises as
    `_rows` does.
    """
    rows = [(receipt_of(row), row) for row in _rows(response) if _may_be_to(row, number, service)]
    return tuple(
        Listed(
            receipt.provider_id,
            receipt.status,
            None if _made_at(row) is None else text_of(row.get("body")),
            _instant(row.get("date_sent")),
        )
        for receipt, row in rows
        if receipt.provider_id and _may_be_since(row, since - _NEAR)
    )


def following(response: Response, messages: str, since: datetime) -> Request | None:
    """Return the request for the page that follows; None: there is none, or this one reaches back beyond `since`.

    `messages` is the path of the account's messages. Raises as `_rows` does, and where the next page is named by a path
    that is no other page of theirs.
    """
    rows, path = _rows(response), text_of((json_object(response) or {}).get("next_page_uri"))
    last = _made_at(rows[-1]) if rows else None
    if not path or (last is not None and last < since - _FAR):
        return None
    if not (path.startswith(f"{messages}?") and _VISIBLE.fullmatch(path)):
        raise TransientError("Twilio: the list goes on elsewhere, where it is not asked for", provider="twilio")
    return Request("GET", path)


def _rows(response: Response) -> list[Row]:
    """Return the rows of a list; raises `TransientError` where it can't be read, and what a refusal means."""
    if not response.is_success:
        raise refusal(response, "find")
    rows = (json_object(response) or {}).get("messages")
    if not isinstance(rows, list):
        raise TransientError("Twilio: find was answered with nothing readable", provider="twilio")
    return [row for row in rows if isinstance(row, dict)]


def _is_of(row: Row, draft: Draft, since: datetime) -> bool:
    """Say whether a message that may be the draft's certainly is."""
    made_at = _made_at(row)
    return (
        text_of(row.get("to")) == draft.to
        and made_at is not None
        and made_at >= since - _NEAR
        and _says_the_same(row, draft)
        and (number_of(row.get("num_media")) or 0) == len(draft.media_urls)
    )


def _may_be_of(row: Row, draft: Draft, service: str, since: datetime) -> bool:
    """Say whether nothing that the list tells of a message shows that it is not the draft's."""
    same = _says_the_same(row, draft)
    body = _plain(text_of(row.get("body")))
    return (
        _may_be_to(row, draft.to, service)
        and _may_be_since(row, since - (_FAR if same else _NEAR))
        and (same or not body or _plain(draft.text) in body)
    )


def _may_be_to(row: Row, number: str, service: str) -> bool:
    """Say whether a message may be of a service to a number, which may be blotted out."""
    to = text_of(row.get("to"))
    return (to == number or not _NUMBER.fullmatch(to)) and text_of(row.get("messaging_service_sid")) in {"", service}


def _may_be_since(row: Row, since: datetime) -> bool:
    made_at = _made_at(row)
    return made_at is None or made_at >= since


def _says_the_same(row: Row, draft: Draft) -> bool:
    """Say whether a message has the draft's words, whatever became of its punctuation."""
    body, text = text_of(row.get("body")).strip(), draft.text.strip()
    plain = _plain(text)
    return body == text or (bool(plain) and _plain(body.removeprefix(_TRIAL)) == plain)


def _plain(text: str) -> str:
    """Return a text's words alone: what is left of it whichever characters were replaced by plainer ones."""
    letters = (letter for letter in normalize("NFKD", text) if category(letter) not in {"Mn", "Cf"})
    return " ".join(_WORDS.findall("".join(letters).casefold()))


def _made_at(row: Row) -> datetime | None:
    return _instant(row.get("date_created"))


def _instant(value: object) -> datetime | None:
    """Return the UTC instant that Twilio writes as RFC 2822 has it; None means that the value is anything else."""
    from email.utils import parsedate_to_datetime

    try:
        return utc(parsedate_to_datetime(text_of(value)))
    except (ValueError, OverflowError, InvalidInputError):
        return None
