"""Providers: the adapters to Telnyx, Twilio and Vonage, and the names by which any provider is found.

Never loads a provider that was not asked for, and never performs I/O: an adapter turns values into requests and
answers into values (`reminder_kit.ports.Provider`), and a transport carries them. May import `ports` and the rooms
below it (planning, text, rules, model, errors); never the ledger, the transport, or one provider another.

In reading order:

- `telnyx/`, `twilio/`, `vonage/`: a folder for each provider, whose `__init__` says what is odd about it: `provider`
  builds requests and reads answers, `responses` holds tables and errors, `webhooks` verifies and reads events.
- `answers`: what all answers have in common: JSON that may be broken, words that may hold a phone number.
- `refusals`: what all refusals have in common: a table of codes, and the error for an answer whose code is in none.
- `replies`: what a person's reply asks for, and the host's own keywords.
- `addresses`: what a provider's own address may be.
- `signatures`, `jwt`: how webhooks are verified, over their raw bytes, beside what `ports.verifying` has of it.

To know:

- A provider's words pass through a table, and a word that is not in the table becomes `unknown`; no word raises.
- A refused request is of the moment, of the account or of the message, by its code; a code that is in no table is an
  `UnknownRefusalError`, which is tried again: only what is known to be the message's fault is remembered as refused.
- A draft that the provider documents as impossible is refused before there is a request (`RejectedError`). Where its
  documents are silent an answer counts neither as yes nor as no: the outcome is unknown, and is settled later.
- Another package announces its provider in the entry-point group `reminder_kit.providers`. It needs
  `reminder_kit.ports` alone of this library, and `reminder_kit.testing.ProviderContract` tests it.
"""

from __future__ import annotations

from reminder_kit.plugins import Plugins
from reminder_kit.ports import Provider

__all__ = ["GROUP", "provider_class", "provider_names"]

GROUP = "reminder_kit.providers"
"""The entry-point group in which a package announces its providers."""

_PLUGINS = Plugins(
    "provider",
    GROUP,
    {
        "telnyx": ("reminder_kit.providers.telnyx", "Telnyx"),
        "twilio": ("reminder_kit.providers.twilio", "Twilio"),
        "vonage": ("reminder_kit.providers.vonage", "Vonage"),
    },
)


def provider_names() -> tuple[str, ...]:
    """Return every name that `provider_class` knows, sorted; reads what is installed, loads nothing of it."""
    return _PLUGINS.names()


def provider_class(name: str) -> type[Provider]:
    """Return the class of the provider of that name, loading its module; raises as `Plugins.load` does."""
    found: type[Provider] = _PLUGINS.load(name)
    return found
