"""A kit's fallback that is a channel: put behind the port of a provider, with the way that letters take.

Never delivers anything: `transport.letters` hands letters to the channel.
"""

from __future__ import annotations

from collections.abc import Mapping
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

from reminder_kit.errors import ConfigurationError
from reminder_kit.kit.shared import Alone, Shared
from reminder_kit.planning.settings import Settings
from reminder_kit.ports import Failure, Provider
from reminder_kit.ports.channel import Channel
from reminder_kit.providers.channels import ChannelProvider
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.rule import Rule
from reminder_kit.text.linter import warnings_of

if TYPE_CHECKING:
    from reminder_kit.transport.letters import LetterTransport

__all__ = ["as_provider", "carried", "in_common", "lasting", "letter_keys", "subject_of"]


def as_provider(fallback: Provider | Channel | None, *, is_async: bool) -> Provider | None:
    """Return a fallback as a provider; a channel behind the port of one.

    Raises `ConfigurationError` for a channel that the face of the kit can't wait for.
    """
    if not isinstance(fallback, Channel):
        return fallback
    if not is_async and iscoroutinefunction(fallback.deliver):
        raise ConfigurationError(
            f"the channel {fallback.name!r} is asynchronous: give it to AsyncReminderKit, or make it a plain function"
        )
    return ChannelProvider(fallback)


def carried(provider: Provider | None) -> dict[str, LetterTransport]:
    """Return by which transport letters are carried, as an option of `IO`; {}: it is no channel, and speaks HTTP."""
    if not isinstance(provider, ChannelProvider):
        return {}
    from reminder_kit.transport.letters import LetterTransport

    return {"transport": LetterTransport(provider.channel)}


def in_common(fallback: Provider | None, shared: Shared) -> Shared:
    """Return what the fallback of a kit has in common with that of others: of a channel nothing, it is the kit's own.

    Two clinics' e-mails may go by one server, and two functions have one name: neither says that they are one account.
    """
    return Alone() if fallback is not None and fallback.capabilities.reaches else shared


def subject_of(provider: Provider, defaults: Defaults) -> str:
    """Return the template of what stands above the words of a channel's letters; "": it has none.

    Raises `InvalidRuleError` where it can't be written.
    """
    subject = str(getattr(getattr(provider, "channel", None), "subject", ""))
    if subject:
        tuple(warnings_of(Rule("fallback", before="1 minute", text=subject), defaults, "fallback: subject"))
    return subject


def letter_keys(provider: Provider, settings: Settings) -> dict[str, Any]:
    """Return what the settings of a fallback have of a channel; {}: it is none.

    Whether one that nobody knows the outcome of is delivered once more is up to `unknown_outcome`: a letter that comes
    twice has the same name.
    """
    if not isinstance(provider, ChannelProvider):
        return {}
    subject = subject_of(provider, settings.defaults)
    reaches = provider.capabilities.reaches
    return {"reaches": reaches, "subject": subject, "prefer_duplicate": settings.prefer_duplicate, "max_parts": 1_000}


def lasting(failures: Mapping[str, Failure], permanent: frozenset[Failure], fallback: Provider) -> frozenset[str]:
    """Return the codes of undelivered messages after which the fallback would fare no better.

    What is wrong with a number does not matter to who reaches people otherwise.
    """
    if fallback.capabilities.reaches:
        permanent = frozenset({Failure.OPTED_OUT})
    return frozenset(code for code, failure in failures.items() if failure in permanent)
