"""Remedies: the words of items that wait for a person, by their kind.

Pure: words only. Never decides whether anything waits: `attention` does.
"""

from __future__ import annotations

__all__ = ["REMEDIES", "WRONG"]

WRONG = {
    "number": "no message can reach the number",
    "without_country": "the number has no country code, and was read without a default_region",
    "without_phone": "there is nobody to write to",
    "unclear_reply": "a reply may ask for no more messages",
    "erased": "somebody who was erased was handed in again; nothing goes to the number",
    "follower": "appointments were recorded, moved or withdrawn, and nobody has brought that to the provider",
}
"""What is wrong, where it is the same for all that an item is about."""

REMEDIES = {
    "message": "change the text, the number or the media: the same message is never taken",
    "number": "correct the phone number",
    "without_country": (
        'write it with its country code (+1 …), or set default_region = "US" (your country), and hand the appointments '
        "in again"
    ),
    "text": "correct the rule's text, or the data that it speaks of",
    "without_phone": "write a phone number into the event, or into the directory",
    "unknown": "nothing, or ask the person; `retry ID` sends one more, which may be a second one",
    "answer": "nothing: it is looked up again by itself; check the settings at the provider if it stays",
    "unreadable": "correct the appointment, or install what it needs on this machine",
    "calendar": "correct the event in its calendar",
    "rules": (
        "nothing while a deploy goes on; else give every worker, cron too, the same rules (`--app`), or those that "
        "are to have others a `namespace` of their own; `resync --force` takes over now"
    ),
    "ledger": (
        "`reminder-kit ledger adopt` (kit.ledger.adopt()) if it was moved, and the old one works no more, `adopt "
        "--restored` if it is a backup; a copy to try things on needs a key, and `only_to`, of its own first"
    ),
    "restored": (
        "bar again (`suppress`) whom you barred since, then `reminder-kit ledger adopt` (kit.ledger.adopt()), and hand "
        "all appointments in"
    ),
    "opt_outs": (
        "`resync` reads the provider's list, where it keeps one; else bar them again (`suppress`), then `reminder-kit "
        "ledger adopt --opt-outs-known` (kit.ledger.adopt(opt_outs_known=True))"
    ),
    "gap": "look at the provider for what it should not send; hand all appointments in, so that none is made twice",
    "awaited": (
        "hand all appointments in (`resync` with them, `import FILE`, `complete` where they are all); `retry ID` for "
        "one that is as it is recorded"
    ),
    "unclear_reply": (
        "read it, and ask if need be: `suppress PHONE` (kit.suppress) if no more messages are wanted; "
        "mark it as seen if they are"
    ),
    "erased": (
        "remove the person where the appointment comes from, then `person PHONE --erase` (kit.erase) again; `allow "
        "PHONE` if they are to be reminded after all"
    ),
    "follower": (
        "run `reminder-kit resync` now, and from cron or with --every 60s; where something is to follow each change, "
        "see in its log why it does not"
    ),
    "batch_job": "run `reminder-kit resync` from cron, or with --every 60s",
}
"""What to do about it, by the kind of item."""
