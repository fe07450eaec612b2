"""A function of the host's own as a channel: it puts a call into a queue, rings a desk, writes to a chat.

Never keeps a letter: what the function does with it is the host's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any

from reminder_kit.errors import ConfigurationError
from reminder_kit.ports.channel import REACHES, Channel, Letter
from reminder_kit.ports.provider import Receipt

__all__ = ["Callback"]


Ring = Callable[[Letter], Receipt | str | Awaitable[Receipt | str | None] | None]
"""A function that takes a letter, and says what became of it."""


class Callback(Channel):
    """Hand letters to a function: `ReminderKit(…, fallback=Callback(ring_the_desk))`.

    `call` takes a `Letter` and returns as `Channel.deliver` does (nothing: it was delivered), or is where such a
    function stands ("clinic.desk:ring"). `reaches` says what it needs of a person: "phone", "email", or "anyone" (a
    person whose number can't be one is handed over as well). `as_name` is the name that plans and the ledger show.
    Raises `ConfigurationError` for what is no function.
    """

    name = "callback"

    def __init__(
        self,
        call: Ring | str | None = None,
        reaches: str = "anyone",
        as_name: str = "callback",
    ) -> None:
        if reaches not in REACHES:
            raise ConfigurationError(f"reaches must be one of {', '.join(REACHES)}, not {reaches!r}")
        function = _function(call) if isinstance(call, str) else call
        if call is None:
            raise ConfigurationError("a callback needs a function: write call = package.module:function in [fallback]")
        if not callable(function):
            raise ConfigurationError(f"call must be a function that takes a letter, not {call!r}")
        self.deliver = function  # type: ignore[method-assign, assignment]
        self.reaches, self.name = reaches, as_name

    def __repr__(self) -> str:
        return f"Callback({getattr(self.deliver, '__qualname__', 'a function')}, reaches={self.reaches!r})"


def _function(place: str) -> Any:
    """Return the function that stands at "package.module:name". Raises `ConfigurationError` where none does."""
    module, _, name = place.partition(":")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigurationError(
            f"call: there is no function {place!r} ({error}): write package.module:function"
        ) from None
