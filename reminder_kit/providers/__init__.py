"""Providers by name: our own and those that other packages announce.

Never loads a provider that was not asked for.
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
    """Return every name that `provider_class` knows, sorted."""
    from importlib.metadata import entry_points

    return tuple(sorted({*_OWN, *(point.name for point in entry_points(group=GROUP))}))


def provider_class(name: str) -> type[Provider]:
    """Return the class of the provider of that name; our own names can't be taken by others.

    Raises `ConfigurationError` naming those that are known, or the package whose
    provider cannot be loaded.
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
