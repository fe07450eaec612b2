"""What Telnyx lists: messaging profiles, opt-outs and detail records, filtered and by pages as its description says.

Never lists a message that was not sent yet: what is scheduled or queued has no detail record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from reminder_kit.errors import InvalidInputError
from reminder_kit.model.instants import from_iso, iso
from reminder_kit.sandbox.http_messages import Answer, answer
from reminder_kit.sandbox.messages import NOWHERE, Parked
from reminder_kit.sandbox.telnyx_refusals import Refusal

if TYPE_CHECKING:
    from reminder_kit.sandbox.state import SandboxState

__all__ = ["listed"]

Query = Mapping[str, str]

_LARGEST = {"/messaging_profiles": 250, "/messaging_optouts": 250, "/detail_records": 50}
"""Rows of one page, at most (API reference, `page[size]` of each list)."""

_STATUSES = {
    "sent": "dlr_unconfirmed",
    "delivery_unconfirmed": "dlr_unconfirmed",
    "expired": "gw_timeout",
    "sending_failed": "gw_reject",
    "delivery_failed": "failed",
    "read": "delivered",
}
"""A detail record's word for each status, where it is another one (API reference, MessageDetailRecord)."""


def listed(sandbox: SandboxState, path: str, query: Query) -> Answer | None:
    """Return one page of the list at a path below `/v2`; None means that there is no such list."""
    start, _, name = path.rpartition("/")
    if start == "/messaging_profiles" and name:
        return _profile_alone(sandbox, name)
    rows = _LISTS.get(path)
    return None if rows is None else _page(rows(sandbox, query), query, _LARGEST[path])


def _page(rows: Sequence[Mapping[str, Any]], query: Query, largest: int) -> Answer:
    """Return the page of a list that `page[number]` and `page[size]` ask for."""
    page, size = _whole(query, "number", 1, None), _whole(query, "size", 20, largest)
    meta = {
        "page_number": page,
        "page_size": size,
        "total_pages": max(1, -(-len(rows) // size)),
        "total_results": len(rows),
    }
    return answer(200, {"data": list(rows[(page - 1) * size : page * size]), "meta": meta})


def _whole(query: Query, name: str, default: int, most: int | None) -> int:
    text = query.get(f"page[{name}]", str(default))
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 10 and 0 < int(text) <= (most or int(text))):
        raise Refusal(400, "10015", f"Bad Request: page[{name}] is out of range", f"/page/{name}")
    return int(text)


def _since(query: Query, name: str) -> Callable[[datetime], bool]:
    """Return the test of an instant by `name[gte]`, `[gt]`, `[lte]` and `[lt]`, as far as the query holds them."""
    tests: dict[str, Callable[[datetime, datetime], bool]] = {
        "gte": lambda at, bound: at >= bound,
        "gt": lambda at, bound: at > bound,
        "lte": lambda at, bound: at <= bound,
        "lt": lambda at, bound: at < bound,
    }
    found = [(test, _instant(query[key], name)) for word, test in tests.items() if (key := f"{name}[{word}]") in query]
    return lambda at: all(test(at, bound) for test, bound in found)


def _instant(text: str, name: str) -> datetime:
    try:
        return from_iso(text if "T" in text or " " in text else f"{text}T00:00:00Z")  # a date alone is its first moment
    except (InvalidInputError, OverflowError):
        pointer = "/" + name.replace("[", "/").replace("]", "")
        raise Refusal(400, "10015", f"Bad Request: {name} is no ISO 8601 datetime", pointer) from None


# Profiles


def _profile(sandbox: SandboxState) -> dict[str, Any]:
    """Return the account's only messaging profile, with what a test has set of it."""
    return {
        "record_type": "messaging_profile",
        "id": sandbox.profile,
        "name": "Sandbox",
        "enabled": True,
        "webhook_url": sandbox.webhook_url or NOWHERE,
        "webhook_failover_url": None,
        "webhook_api_version": "2",
        "whitelisted_destinations": ["US", "CA"],
        "created_at": "2026-01-01T00:00:00.000Z",
        "updated_at": "2026-01-01T00:00:00.000Z",
        "number_pool_settings": {"toll_free_weight": 10, "long_code_weight": 1, "skip_unhealthy": True},
        "url_shortener_settings": None,
        "alpha_sender": None,
        "daily_spend_limit": "0.00",
        "daily_spend_limit_enabled": False,
        "mms_fall_back_to_sms": False,
        "mms_transcoding": False,
        "mobile_only": False,
        "redaction_enabled": False,
        "redaction_level": 2,
        "smart_encoding": False,
        **sandbox.settings.get("telnyx", {}),
    }


def _profiles(sandbox: SandboxState, query: Query) -> list[dict[str, Any]]:
    found, name = _profile(sandbox), query.get("filter[name]", query.get("filter[name][eq]"))
    part = query.get("filter[name][contains]", "")
    return [found] if name in {None, found["name"]} and part in str(found["name"]) else []


def _profile_alone(sandbox: SandboxState, name: str) -> Answer:
    if name != sandbox.profile:
        raise Refusal(404, "10005", "Resource not found")
    return answer(200, {"data": _profile(sandbox)})


# Opt-outs


def _optouts(sandbox: SandboxState, query: Query) -> list[dict[str, Any]]:
    """Return who opted out: `from` is the sending address, ours, and `to` the person's ("List opt-outs")."""
    profile, sender = query.get("filter[messaging_profile_id]"), query.get("filter[from]")
    in_time = _since(query, "created_at")
    return [
        {
            "to": opt_out.number,
            "from": opt_out.to,
            "messaging_profile_id": opt_out.profile if opt_out.profile != "*" else sandbox.profile,
            "keyword": opt_out.keyword,
            "created_at": opt_out.at.isoformat(),
        }
        for opt_out in sandbox.opted_out.values()
        if profile in {None, opt_out.profile} and sender in {None, opt_out.to} and in_time(opt_out.at)
    ]


# Detail records


def _records(sandbox: SandboxState, query: Query) -> list[dict[str, Any]]:
    """Return the detail records of messages that left the queue, the newest first unless `sort` says otherwise."""
    if query.get("filter[record_type]") != "messaging":
        raise Refusal(400, "10015", "Bad Request: unknown record type", "/filter/record_type")
    in_time = _since(query, "filter[created_at]")
    rows = [
        _record(message)
        for message in reversed(sandbox.messages())
        if message.kind == "telnyx" and (message.sent_at or message.errors) and in_time(message.created_at)
    ]
    if query.get("sort") == "created_at":
        rows.reverse()
    return [row for row in rows if all(_fits(row, key, value) for key, value in query.items())]


def _fits(row: Mapping[str, Any], key: str, value: str) -> bool:
    """Say whether a record fits one filter: `filter[cld]=…`, `filter[cld][contains]=…` and their like."""
    parts = key.replace("]", "").split("[")
    if parts[0] != "filter" or parts[1:2] in (["record_type"], ["created_at"], ["date_range"]) or len(parts) < 2:
        return True
    held = str(row.get(parts[1], ""))
    tests: dict[str, Callable[[], bool]] = {
        "contains": lambda: value in held,
        "starts_with": lambda: held.startswith(value),
        "ends_with": lambda: held.endswith(value),
    }
    return tests.get(parts[2] if len(parts) > 2 else "", lambda: held == value)()


def _record(message: Parked) -> dict[str, Any]:
    """Return a message as its detail record (API reference, MessageDetailRecord): what is not known is left out."""
    found: dict[str, Any] = {
        "record_type": "message_detail_record",
        "uuid": message.id,
        "cld": message.to,
        "cli": message.from_,
        "direction": "outbound",
        "message_type": message.type,
        "parts": message.parts,
        "profile_id": message.profile,
        "status": _STATUSES.get(message.status, message.status),
        "created_at": iso(message.created_at),
        "sent_at": message.sent_at and iso(message.sent_at),
        "completed_at": message.completed_at and iso(message.completed_at),
        "delivery_status_webhook_url": message.webhook_url or "",
        "delivery_status_failover_url": message.webhook_failover_url or "",
        "errors": [error["code"] for error in message.errors],
    }
    return {name: value for name, value in found.items() if value is not None}


_LISTS: dict[str, Callable[[SandboxState, Query], list[dict[str, Any]]]] = {
    "/messaging_profiles": _profiles,
    "/messaging_optouts": _optouts,
    "/detail_records": _records,
}
"""The rows of each list, by its path below `/v2`."""
