"""Which appointments a run speaks for.

Pure: no clock, no I/O.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from attrs import frozen

from reminder_kit.errors import InvalidInputError
from reminder_kit.model.records import Identity

__all__ = ["Scope", "require_one_source"]


@frozen
class Scope:
    """What a run is about.

    `source` is where the appointments come from; `complete` withdraws what that source
    no longer has, up to `horizon`; `covers` names ids of which all occurrences were
    handed in; `sweep` also looks at everything else in the ledger (the batch job);
    `guarded` says whether the guard's ratio applies; `number` is one that was barred just now.
    """

    actor: str
    source: str | None = None
    complete: bool = False
    covers: Collection[str] = ()
    spare: Collection[str] = ()
    sweep: bool = False
    only_dirty: bool = False
    guarded: bool = True
    horizon: datetime | None = None
    as_of: datetime | None = None
    refusal: str | None = None
    withdraw: Sequence[Identity] = ()
    number: str | None = None
    covered: Sequence[Scope] = ()


def require_one_source(found: list[Identity]) -> list[Identity]:
    """Return the identities; raises `InvalidInputError` where they belong to several sources."""
    names = sorted({identity.source for identity in found})
    if len(names) > 1:
        raise InvalidInputError(
            f"appointment {found[0].id!r} is recorded for several sources ({', '.join(names)}): name one"
        )
    return found
