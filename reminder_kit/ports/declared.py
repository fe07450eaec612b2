"""What a provider can do, as declared data, and why messages are not delivered, in words that all providers share.

Pure: no clock, no I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from attrs import field, frozen

from reminder_kit.rules.window import Window

__all__ = ["PERMANENT", "Capabilities", "Failure"]


class Failure(StrEnum):
    """Why a message could not be delivered, in words that all providers share."""

    #: There is no such number.
    INVALID_NUMBER = "invalid_number"
    #: The number cannot receive texts.
    LANDLINE = "landline"
    #: The person asked not to be written to.
    OPTED_OUT = "opted_out"
    #: The phone cannot be reached for now.
    UNREACHABLE = "unreachable"
    #: The message was filtered out, by the carrier or the person.
    BLOCKED = "blocked"
    #: The carrier failed, or gives no reason.
    CARRIER = "carrier"
    #: It could not be delivered in time.
    EXPIRED = "expired"
    #: The sender may not do this: it is not registered, not enabled, not paid for.
    SENDER = "sender"


PERMANENT = frozenset({Failure.INVALID_NUMBER, Failure.LANDLINE, Failure.OPTED_OUT})
"""Failures after which no other message to that number would fare better."""


@frozen
class Capabilities:
    """What a provider can do, as declared data. Declare what is documented, not what seems to work."""

    #: How far ahead it takes messages, and until when it gives them back. All lengths zero: it cannot schedule, and the
    #: kit holds each message and sends it when it is due.
    window: Window
    #: How many messages it keeps parked; None: no limit.
    cap: int | None = None
    #: How long a repeated request with the same idempotency key is answered with the first one's result; None: it knows
    #: no keys, and no request is repeated that may have been carried out.
    key_life: timedelta | None = None
    #: How old a message may be, since its creation, to be read; None: it cannot be asked.
    lookup_age: timedelta | None = None
    #: Whether a parked message can be withdrawn.
    cancels: bool = True
    #: Whether it takes MMS.
    mms: bool = True
    #: The countries (two letters) that its sender can't write to, each with why and what helps.
    not_to: Mapping[str, str] = field(factory=dict, repr=False)
    #: Whether its webhooks carry the token that `create` was given.
    echoes_token: bool = False
    #: How many parts an SMS may have.
    max_parts: int = 10
    #: Whether it is a `Finder`.
    finds: bool = False
    #: How long after its creation a message is on the list that `Finder.find` asks for, whatever became of it, so that
    #: it does not exist where none on it may be it; None: it may exist all the same.
    listed_within: timedelta | None = None
    #: Whether it is a `Lister`: of every message, from `listed_within` on; without that, of those that were sent.
    lists: bool = False
    #: Whether it is an `OptOutLister`.
    lists_opt_outs: bool = False
    #: The pool that the sender belongs to, where a STOP to any of its numbers holds for all of it (a messaging profile,
    #: a messaging service); "": none, or the sender is the pool itself.
    pool: str = ""
    #: The header, in lower case, with the signature of its webhooks, by which a kit with two providers knows whose a
    #: webhook is; "": any webhook may be its.
    signed_by: str = ""
    #: Whether that signature covers the address that a webhook came to, so that it is an `AddressSigner`.
    signs_address: bool = False
    #: Whether it is an `Inspectable`.
    inspects: bool = False
    #: Of a channel: what of a person its letters go to (`REACHES`); "": it is a provider, and texts numbers.
    reaches: str = ""
    #: What its codes for undelivered messages mean; a code that is not in it means nothing to the kit.
    failures: Mapping[str, Failure] = field(factory=dict, repr=False)
