"""A scope: which appointments a plan speaks for, and what their absence means.

Pure: no clock, no I/O. Never holds the appointments themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from attrs import field, frozen
from attrs.converters import optional

from reminder_kit.errors import InvalidInputError
from reminder_kit.model.as_of import AsOf
from reminder_kit.model.host_data import whole_text
from reminder_kit.model.records import Identity

__all__ = ["Scope", "require_one_source"]


def _ids(value: str | Collection[str]) -> frozenset[str]:
    """Return one id, or several, as appointments have theirs."""
    return frozenset(map(whole_text, (value,) if isinstance(value, str) else value))


def _nothing(_identity: Identity) -> bool:
    return False


@frozen
class Scope:
    """Which appointments a plan speaks for."""

    #: The verb: "sync", "import", "resync", "withdraw" or "suppress".
    actor: str
    #: The source the appointments come from; None: none in particular.
    source: str | None = field(default=None, converter=optional(whole_text))
    #: Whether all that the source has came in, so that what it no longer has is withdrawn.
    complete: bool = False
    #: Appointment ids of which every occurrence came in, so that those that did not are withdrawn.
    covers: Collection[str] = field(default=(), converter=_ids)
    #: By appointment id the occurrences that it says are taken out: recurrence ids, and dates for whole days.
    taken_out: Mapping[str, Collection[str]] = field(factory=dict, repr=False)
    #: Appointment ids that are never withdrawn for their absence: they could not be read.
    spare: Collection[str] = ()
    #: Of a source that tells changes alone: the ids that it named as gone, which are in `covers`. None: all it has came
    #: in, so that what did not is known.
    gone: Collection[str] | None = None
    #: What is called off as a whole by a calendar that says nothing else of it: to the guard it is absent.
    called_off: Collection[Identity] = ()
    #: Whether everything else in the ledger is decided as well (the batch job).
    sweep: bool = False
    #: Whether such a sweep is only of appointments that were written and not worked on yet.
    only_dirty: bool = False
    #: The rows of appointments that such a sweep is of; None: of all.
    rows: Collection[int] | None = None
    #: Whether the guard's ratio applies.
    guarded: bool = True
    #: The start, UTC, up to which absence means anything; None: any start.
    horizon: datetime | None = None
    #: Up to which start, UTC, all that the source had then was read the time before; None: that is not known.
    read_until: datetime | None = None
    #: When what came in was read: what is newer is not withdrawn for its absence. None: at the plan's instant.
    as_of: AsOf | None = None
    #: Those of which it is written down that they were handed in, also where nothing of them has changed.
    noted: Collection[Identity] = ()
    #: Why nothing may be withdrawn for its absence; None: it may.
    refusal: str | None = None
    #: Recorded appointments to be withdrawn by name.
    withdraw: Sequence[Identity] = ()
    #: The number, E.164, that was suppressed just now; None: none was.
    number: str | None = field(default=None, repr=False)
    #: Whether a person said that it is to be done although the guard, or another rule set, stands against it.
    forced: bool = False
    #: The scopes of the calendars that the batch job has read.
    covered: Sequence[Scope] = ()
    #: Says of an appointment whether it came in as it is recorded, and was let go.
    let_go: Callable[[Identity], bool] = field(default=_nothing, eq=False, repr=False)

    @property
    def takes(self) -> bool:
        """Whether the run may have the ledger serve its own rules from then on."""
        return self.actor in ("sync", "import", "resync")

    @property
    def whole(self) -> bool:
        """Whether the run is over the whole ledger, or a whole calendar, so that its rules must be those of it."""
        return self.actor in ("import", "resync") and not self.only_dirty and self.rows is None


def require_one_source(identities: list[Identity]) -> list[Identity]:
    """Return the identities of one appointment id; raises `InvalidInputError` where they are of several sources."""
    names = sorted({identity.source for identity in identities})
    if len(names) > 1:
        raise InvalidInputError(
            f"appointment {identities[0].id!r} is recorded for several sources ({', '.join(names)}): name one"
        )
    return identities
