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

from importlib import import_module

from reminder_kit.errors import ConfigurationError
from reminder_kit.ports import Provider

__all__ = ["GROUP", "provider_class", "provider_names"]

GROUP = "reminder_kit.providers"
"""The entry-point group in which a package announces its providers."""

_OWN = {
    "telnyx": ("reminder_kit.providers.telnyx", "Telnyx"),
    "twilio": ("reminder_kit.providers.twilio", "Twilio"),
    "vonage": ("reminder_kit.providers.vonage", "Vonage"),
}


def provider_names() -> tuple[str, ...]:
    """Return every name that `provider_class` knows, sorted; reads what is installed, loads nothing of it."""
    from importlib.metadata import entry_points

    return tuple(sorted({*_OWN, *(point.name for point in entry_points(group=GROUP))}))


def provider_class(name: str) -> type[Provider]:
    """Return the class of the provider of that name, loading its module.

    Our own names come first, so that no other package can put itself in their place. Raises `ConfigurationError`
    naming the known providers, or the package whose provider cannot be loaded.
    """
    if name in _OWN:
        module, attribute = _OWN[name]
        return getattr(import_module(module), attribute)  # type: ignore[no-any-return]
    from importlib.metadata import entry_points

    for point in entry_points(group=GROUP, name=name):
        try:
            return point.load()  # type: ignore[no-any-return]
        except (ImportError, AttributeError) as error:
            raise ConfigurationError(
                f"provider {name!r} ({point.value}) cannot be loaded: {error}; mend or reinstall its package"
            ) from error
    known = ", ".join(provider_names())
    raise ConfigurationError(f"unknown provider {name!r}: use one of {known}, or install the package that brings it")
