"""What came of doing something for every tenant: for each what it came to, or why it could not be done.

Pure: no clock, no I/O. Never raises for what failed: `ok` says whether all is done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Generic, TypeVar

from attrs import field, frozen

from reminder_kit.errors import ReminderKitError, UnsafePlanError, unforeseen
from reminder_kit.planning.report import Report

__all__ = ["Heard", "Outcome", "TenantsReport"]

T = TypeVar("T")


@frozen
class Outcome(Generic[T]):
    """What something came to for one tenant."""

    tenant: str
    #: What was returned; None: it raised `error`.
    result: T | None = None
    #: Why it could not be done: the tenant's kit could not be built, its plan was refused, …
    error: Exception | None = field(default=None, repr=False)

    @property
    def words(self) -> str:
        """Why it could not be done, in one line without a number or text of anybody; "": it was."""
        if self.error is None:
            return ""
        return str(self.error) if isinstance(self.error, ReminderKitError) else unforeseen(self.error)


@frozen
class Heard:
    """A webhook that was taken in: whose it is, and its events."""

    tenant: str
    events: tuple[Any, ...]


@frozen
class TenantsReport:
    """What a batch job did, tenant by tenant, in the order of their names."""

    outcomes: tuple[Outcome[Report], ...] = ()

    @property
    def reports(self) -> dict[str, Report]:
        """The report of each tenant that was served."""
        return {one.tenant: one.result for one in self.outcomes if one.result is not None}

    @property
    def errors(self) -> dict[str, Exception]:
        """Why each of the others could not be served."""
        return {one.tenant: one.error for one in self.outcomes if one.error is not None}

    @property
    def ok(self) -> bool:
        """Whether every tenant was served, and everything that was to be done for it is done."""
        return not self.errors and all(report.ok for report in self.reports.values())

    @property
    def summary(self) -> dict[str, int]:
        """How many changes of each kind there are for all tenants together, and how many tenants were, or not, served.

        The names are those of `Report.summary`, with `tenants` and `tenants_failed`.
        """
        total: Counter[str] = Counter()
        for report in self.reports.values():
            total.update(report.summary)
        return {**total, "tenants": len(self.outcomes), "tenants_failed": len(self.errors)}

    def as_json(self) -> dict[str, Any]:
        """Return all of it as plain JSON values: `summary`, and under `tenants` a document for each."""
        return {"summary": self.summary, "tenants": [*map(as_json, self.outcomes)]}

    def __iter__(self) -> Iterator[Outcome[Report]]:
        return iter(self.outcomes)

    def __str__(self) -> str:
        lines = (f"{one.tenant}: {one.result.headline if one.result else one.words}" for one in self.outcomes)
        return "\n".join(lines)


def as_json(outcome: Outcome[Report]) -> Mapping[str, Any]:
    """Return what came of one tenant as plain JSON values: its report's, or an `error`."""
    if outcome.result is None:
        return {"tenant": outcome.tenant, "error": outcome.words, "unsafe": isinstance(outcome.error, UnsafePlanError)}
    return {"tenant": outcome.tenant, "error": None, **outcome.result.as_json()}
