"""Whose a webhook is, where one endpoint serves many tenants: by the message, the number or the sender that it names.

Never takes the word of a webhook that is not signed: what it names only chooses whose key it is verified with, and an
event is told to nobody whose own key does not fit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl, unquote

from attrs import define, field, frozen

from reminder_kit.errors import InvalidInputError, LedgerError, PayloadError, SignatureError
from reminder_kit.kit.receiving import verified
from reminder_kit.kit.tenant_kits import TenantKits
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.logs import LOG
from reminder_kit.model.consent import sender_name
from reminder_kit.model.messages import DeliveryEvent

__all__ = ["Named", "attributed", "named_in", "whose"]

_READ = 64 * 1024
"""Bytes of a body in which names are looked for."""
_MOST = 1000
_LONGEST = 200
_TOKENS, _NUMBERS = 20, 20
_TRIED = 50
"""Keys with which a webhook is verified at the most."""
_QUOTED = re.compile(r'"([^"\\]{3,200})"')
_WORD = re.compile(r"[\w+:.@-]{3,200}")
_TOKEN = re.compile(r"[0-9a-f]{32}")
_NUMBER = re.compile(r"\+?[1-9][0-9]{6,14}")

REPORTS: frozenset[str] = frozenset({"scheduled", "sent", "delivered", "undelivered", "cancelled", "unknown"})
"""Types of events that are about one message, and no reply of a person."""

_CONSENT = frozenset({"opted_out", "opted_in"})
"""Types of events that hold for all who write from a sender."""

Senders = Callable[[Iterable[str]], list[str]]
"""Returns the tenants that write from any of these senders, sorted."""


@frozen
class Named:
    """What a webhook names, signed or not."""

    words: frozenset[str] = field(repr=False)
    tokens: tuple[str, ...] = field(repr=False)
    numbers: tuple[str, ...] = field(repr=False)

    def candidates(self, ledger: Ledger, senders: Senders) -> Iterator[str]:
        """Yield the tenants whose keys it may be verified with, likely ones first."""
        from reminder_kit.ledger.namespaces import owners, writers

        yield from owners(ledger, self.words, self.tokens)
        ours = {sender_name(word) for word in self.words}
        found = writers(ledger, self.numbers)
        yield from (name for name, sender in found if sender_name(sender) in ours)
        yield from senders(ours)


def named_in(body: bytes, url: str | None) -> Named:
    """Return the names in a body and an address: words that may be an id, a token or a sender, and numbers."""
    text = f"{bytes(body[:_READ]).decode('utf-8', 'replace')} {(url or '')[:_READ]}"
    words = dict.fromkeys(word for word in _words(text) if len(word) <= _LONGEST)
    tokens = [word for word in words if _TOKEN.fullmatch(word)]
    numbers = dict.fromkeys(f"+{word.lstrip('+')}" for word in words if _NUMBER.fullmatch(word))
    return Named(frozenset(list(words)[:_MOST]), tuple(tokens[:_TOKENS]), tuple(numbers)[:_NUMBERS])


def _words(text: str) -> Iterator[str]:
    yield from (value for _, value in parse_qsl(text, max_num_fields=None))
    yield from _QUOTED.findall(text)
    yield from _WORD.findall(text)
    yield from _WORD.findall(unquote(text))


def whose(event: DeliveryEvent, named: Named, ledger: Ledger, senders: Senders) -> list[str]:
    """Return the tenants to whom an event may belong, who it is likeliest of first.

    A report is its message's; a reply is that of who wrote last, from the sender that it was sent to, to its number by
    then. What is about nothing that is recorded is of those who write from a sender that it names.
    """
    from reminder_kit.ledger.namespaces import owners, writers

    ids, tokens = ([value] if value else [] for value in (event.provider_id, event.token))
    if found := owners(ledger, ids, tokens):
        return found
    ours = {sender_name(sender) for sender in event.senders} or {sender_name(word) for word in named.words}
    wrote = [*writers(ledger, _number(event), event.occurred_at), *writers(ledger, _number(event))]
    last = [name for name, sender in wrote if sender_name(sender) in ours]
    if not last or event.type in _CONSENT:  # a STOP is no tenant's own: where that one is no more, it bars for the rest
        last += senders(ours)
    return list(dict.fromkeys(last))


def _number(event: DeliveryEvent) -> list[str]:
    return [event.number] if event.number and event.type not in REPORTS else []


# The keys


@define
class _Asked:
    """Whether a webhook is genuine to a tenant, by that tenant's own key; each is asked once."""

    tenants: TenantKits[Any]
    #: Headers, body, provider and address, as `receive` takes them.
    webhook: tuple[Mapping[str, str], bytes, str | None, str | None]
    #: Why the first that was asked did not find it so.
    error: Exception | None = None
    #: Of whom nobody can tell for now whether it is theirs, and why: their kits can't be built, or lack the key.
    failed: dict[str, Exception] = field(factory=dict)
    _known: dict[str, tuple[DeliveryEvent, ...]] = field(factory=dict)

    def events(self, name: str) -> tuple[DeliveryEvent, ...]:
        """Return the events as a tenant's adapter reads them; none where its key does not fit.

        Raises `PayloadError` where it is genuine, and no event.
        """
        if name not in self._known:
            self._known[name] = ()
            try:
                self._known[name] = self._read(name)
            except PayloadError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever a `build` raises, others are asked all the same
                self.error = self.error or error
                self.failed[name] = error
        return self._known[name]

    def _read(self, name: str) -> tuple[DeliveryEvent, ...]:
        """Return the events; none where the key is another one, and where there is no such tenant, or provider."""
        if (kit := self.tenants.if_any(name)) is None:
            return ()
        try:
            return verified(kit, *self.webhook)
        except (SignatureError, InvalidInputError) as error:
            self.error = self.error or error
            return ()

    def first_of(self, names: Iterable[str]) -> tuple[DeliveryEvent, ...]:
        """Return the events by the first key that fits; none fits: ()."""
        return next(filter(None, map(self.events, islice(names, _TRIED))), ())


def attributed(
    tenants: TenantKits[Any], webhook: tuple[Mapping[str, str], bytes, str | None, str | None]
) -> dict[str, list[DeliveryEvent]]:
    """Return the events of a webhook by whose they are; {}: it is genuine, and nobody's.

    Raises `SignatureError` (or why the first key did not fit) where nobody's key fits, `PayloadError`,
    `InvalidInputError` for a body that is not bytes, `LedgerError` as `TenantVerbs.receive` says, and what the kit of
    whose it is can't be built for.
    """
    _, body, _, url = webhook
    if not isinstance(body, bytes):
        raise InvalidInputError(f"a webhook's body is bytes, as they came, not a {type(body).__name__}")
    named, asked = named_in(body, url), _Asked(tenants, webhook)
    events = asked.first_of(named.candidates(tenants.ledger, tenants.writing_from))
    if not events:
        if asked.error is None and asked.first_of(tenants.recent()):
            return _nobodys(tenants)
        raise asked.error or SignatureError("no tenant has a message, a number or a sender that this webhook names")
    found: dict[str, list[DeliveryEvent]] = {}
    for event in events:
        likely = whose(event, named, tenants.ledger, tenants.writing_from)
        name = _owner(event, likely, asked)
        if name is not None:  # as its own adapter reads it
            found.setdefault(name, []).extend(one for one in asked.events(name) if one.id == event.id)
        elif not likely:
            _nobodys(tenants)
    return found


def _nobodys(tenants: TenantKits[Any]) -> dict[str, list[DeliveryEvent]]:
    """Pass over what is genuine and nobody's; raises why it can't be known whether it is."""
    if (error := tenants.doubt()) is not None:
        raise error
    LOG.info("a webhook is nobody's here: passed over")
    return {}


def _owner(event: DeliveryEvent, likely: Sequence[str], asked: _Asked) -> str | None:
    """Return the first of these tenants whose own key verifies an event; None: nobody's does.

    Raises why the kit of one could not be asked, where it is nobody else's: it is not lost, its provider tries again.
    """
    genuine = [name for name in likely[:_TRIED] if asked.events(name)]
    if not genuine and (failed := [name for name in likely[:_TRIED] if name in asked.failed]):
        raise asked.failed[failed[0]]
    if len(genuine) > 1 and event.type in REPORTS and event.type != "unknown":
        raise LedgerError(
            f"a report on a message that is not recorded yet, from a sender of {len(genuine)} tenants: its provider is "
            "asked to try again"
        )
    return genuine[0] if genuine else None
