"""Channels: the ways to a person where no text arrives. An e-mail, a function of the host's, and what hosts write.

A channel does something in the world, in one method (`reminder_kit.ports.Channel.deliver`), and decides nothing: it is
handed letters whose intent is committed and whose time is right. May import `ports` and the rooms below it.

In reading order:

- `email`: a letter as an e-mail, over SMTP.
- `conversation`: the talk with an SMTP server, and what its answers mean.
- `bounces`: reports on delivery, as mail servers send them (RFC 3464).
- `callback`: a letter as a call of the host's own function.

Another package announces its channel in the entry-point group `reminder_kit.channels`.
"""

from __future__ import annotations

from reminder_kit.plugins import Plugins
from reminder_kit.ports.channel import Channel

__all__ = ["GROUP", "channel_class", "channel_names"]

GROUP = "reminder_kit.channels"
"""The entry-point group in which a package announces its channels."""

_PLUGINS = Plugins(
    "channel",
    GROUP,
    {
        "callback": ("reminder_kit.channels.callback", "Callback"),
        "email": ("reminder_kit.channels.email", "Email"),
    },
)


def channel_names() -> tuple[str, ...]:
    """Return every name that `channel_class` knows, sorted; reads what is installed, loads nothing of it."""
    return _PLUGINS.names()


def channel_class(name: str) -> type[Channel]:
    """Return the class of the channel of that name, loading its module; raises as `Plugins.load` does."""
    found: type[Channel] = _PLUGINS.load(name)
    return found
