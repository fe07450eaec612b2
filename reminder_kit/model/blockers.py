"""Blockers: what keeps a provider from taking messages until somebody mends it, and when one of them is tried next.

Pure: `now` is an argument. Never holds a whole number or a text. A blocker is known by the provider, the account, the
sender, the country that messages go to, and the provider's code. A code that is known to be the account's stops every
message like it; one that is not known stops only the reminders that met it, until `_OTHERS` different ones did with no
success between. What is stopped waits 5, 15, 30, then 60 minutes; then one message is tried, and where it is taken, all
follow.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import blake2b

from attrs import evolve, frozen

from reminder_kit.errors import AccountRefusedError, ProviderError, RefusedCredentialError, SenderRefusedError
from reminder_kit.model.messages import Draft, Message
from reminder_kit.model.phones import country_of
from reminder_kit.model.reasons import Reason

__all__ = ["Blocker", "stopping", "turn_of", "waiting_time"]

_WAITS = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 30, 60))
_OTHERS = 3
"""After how many different reminders a code that is not known counts as the account's."""
_KEPT = 50
"""How many reminders are remembered that met a code, the latest ones."""
_BEFORE = "~"
"""What stands before the key of a reminder that met a code before another message was taken."""
_LET = "!"
"""What stands before the key of a parked reminder whose new words a person has tried, whatever met the code."""


def turn_of(start_at: datetime, key: str) -> str:
    """Return the text by which reminders take turns in being tried, the soonest start (UTC) first."""
    return f"{start_at:%Y%m%d%H%M%S} {key}"


def waiting_time(attempts: int) -> timedelta:
    """Return how long is waited after so many refusals (from 1): 5, 15, 30, then 60 minutes."""
    return _WAITS[min(attempts, len(_WAITS)) - 1]


def _bare(key: str) -> str:
    """Return the key of a reminder without what stands before it."""
    return key.removeprefix(_BEFORE).removeprefix(_LET)


@frozen
class Blocker:
    """One cause for which a provider refuses messages. Instants are UTC."""

    #: The provider's name.
    provider: str
    #: A digest of the account's credentials: with another key it is another account.
    account: str
    #: What messages are sent from; "": whatever they are sent from, since the account's key is refused.
    sender: str
    #: The country that the messages go to (`country_of`); "": any, since the account's key is refused.
    country: str
    #: The channel that is refused ("mms"); "": any.
    channel: str
    #: The provider's code.
    code: str
    #: Whether the code is known to be the account's.
    known: bool
    #: Whether another sender, or account, may be taken.
    elsewhere: bool
    #: The keys of reminders that met it, the latest ones; after a `~` those that met it before something was taken:
    #: they wait, and don't count. After a `!` those of which a person has the new words tried (`letting`).
    keys: tuple[str, ...]
    #: Since when it is met.
    since: datetime
    #: How often a message was tried and refused.
    attempts: int
    #: When a message is tried next.
    next_try_at: datetime
    #: What the provider said, and the remedy, in words.
    error: str
    #: Start and key of the reminder that was tried last, as text that sorts.
    tried: str

    @property
    def name(self) -> str:
        """The digest by which the ledger knows it."""
        parts = (self.provider, self.account, self.sender, self.country, self.channel, self.code)
        return blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()

    @property
    def is_of_account(self) -> bool:
        """Whether it stops every message like those that met it."""
        return self.known or sum(not key.startswith((_BEFORE, _LET)) for key in self.keys) >= _OTHERS

    def stops(self, key: str) -> bool:
        """Say whether it stops the reminder with this key, of those that are like it."""
        return self.is_of_account or key in self.keys or f"{_BEFORE}{key}" in self.keys

    def letting(self, key: str) -> Blocker:
        """Return it with the new words of the parked reminder with this key let through once, as a person says."""
        return self if self.lets(key) else evolve(self, keys=(*self.keys, f"{_LET}{key}"))

    def lets(self, key: str) -> bool:
        """Say whether the new words of the parked reminder with this key are let through, once."""
        return f"{_LET}{key}" in self.keys

    def after_success(self, key: str) -> Blocker | None:
        """Return what is left of it now that a message like it was taken, of the reminder with this key; None: nothing.

        One that is the account's is over. Else those that met it wait on, each by itself.
        """
        if self.is_of_account:
            return None
        left = [before for before in map(_bare, self.keys) if before != key]
        return evolve(self, keys=tuple(f"{_BEFORE}{before}" for before in left)) if left else None

    def looked_at_again(self, now: datetime) -> datetime:
        """Return when a message that stands is looked at again of which it stops another version.

        It is never the one that is tried: where that is due already, others are, and it waits as long once more.
        """
        return self.next_try_at if self.next_try_at > now else now + waiting_time(self.attempts)

    @property
    def reason(self) -> Reason:
        """Why a reminder that it stops is held."""
        return Reason.WAITING_ACCOUNT if self.is_of_account else Reason.WAITING_PROVIDER

    def is_like(self, provider: str, account: str, sender: str, draft: Draft) -> bool:
        """Say whether a draft would be refused for it, from that account and sender."""
        return (
            (self.provider, self.account) == (provider, account)
            and self.sender in ("", sender)
            and self.country in ("", country_of(draft.to))
            and self.channel in ("", "mms" if draft.media_urls else draft.channel)
        )

    @classmethod
    def met(
        cls, error: ProviderError, message: Message, account: str, now: datetime, before: Iterable[Blocker]
    ) -> Blocker:
        """Return the blocker that a refused message of an account met; `before` are those that are known.

        A refusal while it is waited for anyway (several messages left at once) is no further attempt.
        """
        whole = isinstance(error, RefusedCredentialError)
        tried = turn_of(message.start_at, message.key)
        fresh = cls(
            provider=message.provider,
            account=account,
            sender="" if whole else message.sender,
            country="" if whole else country_of(message.draft.to),
            channel=error.channel if isinstance(error, AccountRefusedError) else "",
            code=error.code or str(error.status or type(error).__name__),
            known=isinstance(error, AccountRefusedError),
            elsewhere=isinstance(error, SenderRefusedError),
            keys=(message.key,),
            since=now,
            attempts=1,
            next_try_at=now + waiting_time(1),
            error=str(error),
            tried=tried,
        )
        known = next((blocker for blocker in before if blocker.name == fresh.name), None)
        if known is None:
            return fresh
        others = [key for key in known.keys if _bare(key) != message.key]
        keys = (*others, message.key)[-_KEPT:]
        if now < known.next_try_at:
            return evolve(known, keys=keys)
        attempts = known.attempts + 1
        return evolve(
            known,
            keys=keys,
            attempts=attempts,
            next_try_at=now + waiting_time(attempts),
            error=fresh.error,
            tried=tried,
        )


def stopping(
    blockers: Iterable[Blocker], key: str, draft: Draft, *, provider: str, account: str, sender: str
) -> Blocker | None:
    """Return what stops a draft of the reminder with this key, the longest of several; None: nothing does.

    One whose `next_try_at` is over is due: it stops others until one message was tried.
    """
    found = [
        blocker for blocker in blockers if blocker.stops(key) and blocker.is_like(provider, account, sender, draft)
    ]
    return max(found, key=lambda blocker: blocker.next_try_at, default=None)
