"""What a Messaging Service's settings mean for reminders and replies, in lines for `doctor`.

Pure: no clock, no I/O. Never asks the address of messages for them: services live at another one of Twilio's.
Source: API reference, "Service resource" (Messaging); which address a webhook goes to is set there, and by number.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from reminder_kit.ports import Question, Remark, Request, Response
from reminder_kit.providers.answers import json_object, number_of, short, text_of

__all__ = ["inspected", "services_url"]

_SHORTEST = 600
"""Seconds of validity below which a carrier's hiccup makes a reminder vanish."""


def services_url(base_url: str) -> str:
    """Return where services are asked for: `messaging.…` for Twilio's own `api.…`, in each region, else the same."""
    parts = urlsplit(base_url)
    host = parts.netloc
    if host.startswith("api.") and host.endswith(".twilio.com"):
        return urlunsplit(parts._replace(netloc="messaging." + host.removeprefix("api.")))
    return base_url


def inspected(
    service: str, base_url: str, webhook_url: str | None
) -> Generator[Question, Response, tuple[Remark, ...]]:
    """Return remarks on the Messaging Service that schedules."""
    answer = yield Question(Request("GET", f"/v1/Services/{service}"), services_url(base_url))
    if answer.status == 404:
        return (Remark("service", f"Twilio knows no Messaging Service {service}: check it", "fail"),)
    found = json_object(answer)
    if answer.status != 200 or found is None:
        return (Remark("service", f"its settings could not be read (answered with {answer.status})", "warn"),)
    return (*_remarks(found, webhook_url),)


def _remarks(found: Mapping[str, Any], webhook_url: str | None) -> Iterator[Remark]:
    name = short(text_of(found.get("friendly_name"))) or text_of(found.get("sid"))
    by_number = found.get("use_inbound_webhook_on_number") is True
    inbound, reports = text_of(found.get("inbound_request_url")), webhook_url or text_of(found.get("status_callback"))
    replies = "where each number says" if by_number else inbound or "nowhere"
    yield Remark("service", f"{name!r} reports to {reports or 'nobody'}, and replies come {_to(replies)}")
    if not inbound and not by_number and "inbound_request_url" in found:
        yield Remark(
            "service",
            "replies are not received at all: set its inbound request URL, or no STOP and no answer is heard",
            "warn",
        )
    if inbound and not by_number and text_of(found.get("inbound_method")).upper() == "GET":
        yield Remark("service", "replies come by GET, which is not taken: set its inbound method to POST", "warn")
    if not reports:
        yield Remark("service", "nobody hears what became of messages: set [provider] webhook_url", "warn")
    validity = number_of(found.get("validity_period"))
    if validity is not None and validity < _SHORTEST:
        yield Remark("service", f"what is not sent within {validity} seconds is dropped (validity_period)", "warn")
    if found.get("smart_encoding") is True:
        yield Remark("service", "smart_encoding is on: a text may read otherwise than it was written")


def _to(replies: str) -> str:
    return replies if replies.startswith(("where", "nowhere")) else f"to {replies}"
