"""What a messaging profile's settings mean for reminders, in lines for `doctor`.

Pure: no clock, no I/O. Never takes a setting that the answer lacks for one that is off.
Source: API reference, "List messaging profiles" (MessagingProfile).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from reminder_kit.ports import Question, Remark, Request, Response
from reminder_kit.providers.answers import json_object, short, text_of

__all__ = ["inspected"]

_MEANINGS = {
    "mobile_only": "numbers that are no mobiles are refused",
    "mms_fall_back_to_sms": "an MMS that cannot be delivered goes out as an SMS",
    "mms_transcoding": "pictures that are too large are made smaller",
    "smart_encoding": "characters are replaced by plainer ones: a text may read otherwise than it was written",
    "redaction_enabled": "texts and numbers are blotted out in what Telnyx keeps and lists",
}
"""The settings that change what is sent, shown where they are on."""

Found = Mapping[str, Any]


def inspected(
    profile: str | None, webhook_url: str | None, pinged: Response
) -> Generator[Question, Response, tuple[Remark, ...]]:
    """Return remarks on the profile that sends; `pinged` is the list of profiles, or its first page.

    Without `profile` the account's only one is looked at, since the list does not say which one a number belongs to.
    """
    listed = (json_object(pinged) or {}).get("data")
    rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
    found = next((row for row in rows if row.get("id") == profile), None) if profile else None
    if profile and found is None:
        answer = yield Question(Request("GET", f"/messaging_profiles/{quote(profile, safe='')}"))
        if answer.status == 404:
            return (Remark("profile", f"Telnyx knows no messaging profile {profile}: check it", "fail"),)
        found = _one((json_object(answer) or {}).get("data"))
    elif not profile:
        found = rows[0] if len(rows) == 1 else None
    if found is None:
        words = f"{len(rows)} messaging profiles: with messaging_profile_id in [provider] the sender's is looked at"
        return (Remark("profile", words if not profile else "it could not be read", "ok" if not profile else "warn"),)
    return (*_remarks(found, webhook_url),)


def _one(value: object) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


def _remarks(found: Found, webhook_url: str | None) -> Iterator[Remark]:
    name = short(text_of(found.get("name"))) or text_of(found.get("id"))
    if found.get("enabled") is False:
        yield Remark("profile", f"{name!r} is switched off, so that nothing is sent: switch it on", "fail")
    countries = found.get("whitelisted_destinations")
    if countries == []:
        yield Remark("profile", f"{name!r} may write to no country: allow destinations in the Telnyx portal", "fail")
    else:
        to = ", ".join(map(text_of, countries)) if isinstance(countries, list) else "countries not told"
        yield Remark("profile", f"{name!r} writes to {to.replace('*', 'every country')}{_limit(found)}")
    yield from _webhooks(found, webhook_url)
    for setting, meaning in _MEANINGS.items():
        if found.get(setting) is True:
            yield Remark("profile", f"{setting} is on: {meaning}")


def _limit(found: Found) -> str:
    """Return the words for a daily limit: what would cost more waits until midnight UTC (code 40333)."""
    if found.get("daily_spend_limit_enabled") is not True:
        return ""
    return f", for {text_of(found.get('daily_spend_limit')) or '?'} USD a day at most (daily_spend_limit)"


def _webhooks(found: Found, webhook_url: str | None) -> Iterator[Remark]:
    """Yield what is wrong with webhooks: replies come to the profile's address alone, reports also to a message's."""
    if "webhook_url" in found and not found["webhook_url"]:
        lacking = "replies" if webhook_url else "replies and reports"
        yield Remark(
            "profile", f"{lacking} are told to nobody: set the profile's webhook URL, or no STOP is heard", "warn"
        )
    version = text_of(found.get("webhook_api_version"))
    if version and version != "2":
        yield Remark("profile", f"its webhooks are of version {version}, which is not read: set version 2", "warn")
