"""`resync --all-tenants`: the batch job for every tenant, told tenant by tenant.

Never stops for one: whose kit can't be built, or whose plan is refused, is listed, and the next is served.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import click
from attrs import define, field

from reminder_kit.cli.interrupted import terminable
from reminder_kit.cli.options import chosen
from reminder_kit.cli.outcomes import status_of, worse
from reminder_kit.cli.output import say, warn, write_json, write_lines
from reminder_kit.cli.own_kit import opened_tenants
from reminder_kit.cli.rendering import Line
from reminder_kit.cli.repeating import repeated
from reminder_kit.cli.session import all_tenants
from reminder_kit.errors import LedgerError, ReminderKitError, unforeseen
from reminder_kit.kit.tenant_outcomes import as_json
from reminder_kit.ledger.namespaces import namespaces
from reminder_kit.planning.report import Report

if TYPE_CHECKING:
    from reminder_kit.kit.tenant_outcomes import Outcome, TenantsReport
    from reminder_kit.kit.tenants import Tenants
    from reminder_kit.ledger.ledger import Ledger

__all__ = ["resync_all"]


def resync_all(every: timedelta | None, *, force: bool, quiet: bool) -> int:
    """Do the batch job for all tenants, once or (`every`) again and again, and return the exit status.

    Raises `click.UsageError` where there are no tenants, or one is named.
    """
    if chosen().tenant is not None:
        raise click.UsageError("--tenant names one, --all-tenants means every one: give one of them")
    found = all_tenants()
    if found is None:
        raise click.UsageError(
            "--all-tenants: there are no tenants: name their folder ([tenants] folder), or the app's Tenants (--app)"
        )
    with opened_tenants(found) as tenants:
        _warn_if_absent(tenants.ledger)
        job = partial(_once, tenants, force=force, quiet=quiet)
        return _interruptible(job) if every is None else repeated(job, every)


def _warn_if_absent(ledger: Ledger) -> None:
    """Say that there is no ledger; one that can't be asked now is the run's to tell of."""
    with suppress(LedgerError):
        if ledger.check_schema(older=True) == "absent":
            warn(f"there is no ledger at {ledger.url} yet, seen from {Path.cwd()}: nothing is recorded in it")


def _interruptible(job: Any) -> int:
    with terminable():
        try:
            return int(job())
        except KeyboardInterrupt:
            say("interrupted: what was begun is recorded, and the next `reminder-kit resync --all-tenants` finishes it")
            raise


def _once(tenants: Tenants, *, force: bool, quiet: bool) -> int:
    """Do the batch job once, tell each tenant's outcome as it comes, then all together; returns the exit status.

    1: a tenant could not be served, or something of one failed, or is unknown; 4: something waits for a person.
    """
    teller = _Teller(quiet, is_json=chosen().json)
    tenants.ledger.upgrade_if_older()
    wanted, teller.status = _wanted(tenants)
    report = tenants.resync(force=force, tenants=wanted, tell=teller.tell)
    teller.end(report)
    return teller.status


def _wanted(tenants: Tenants) -> tuple[list[str], int]:
    """Return all tenants, and the exit status of knowing them: 1 where the app's `names` fails, which stops nobody."""
    try:
        return tenants.names(), 0
    except ReminderKitError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever the app's own function raises, its database may be back soon
        say(f"error: the tenants could not be listed: {unforeseen(error)} (those in the ledger are served)")
        return namespaces(tenants.ledger), 1


@define
class _Teller:
    """Tells outcomes, which come from several threads, and keeps the worst status."""

    quiet: bool
    is_json: bool
    status: int = 0
    _lock: Any = field(factory=Lock)

    def tell(self, outcome: Outcome[Report]) -> None:
        """Write what came of one tenant: JSON on a line of its own, or its headline; what is wrong goes to stderr."""
        with self._lock:
            self.status = worse(self.status, _status(outcome))
            if self.is_json:
                write_json(as_json(outcome), one_line=True)
            elif outcome.result is not None and not (self.quiet and _is_idle(outcome.result)):
                write_lines([Line(f"{outcome.tenant}: {outcome.result.headline}")])
            _warn(outcome)

    def end(self, report: TenantsReport) -> None:
        """Write what came of all of them together."""
        if not self.is_json and not (self.quiet and not self.status):
            counts = ", ".join(f"{count} {name}" for name, count in report.summary.items() if count)
            write_lines([Line(f"all: {counts or 'no tenants'}", "bold")])


def _warn(outcome: Outcome[Report]) -> None:
    """Say on stderr what failed, and what waits for a person."""
    if outcome.result is None:
        say(f"error: tenant {outcome.tenant}: {outcome.words}")
        return
    for change in (*outcome.result.failed, *outcome.result.unknown):
        say(f"error: tenant {outcome.tenant}: appointment {change.identity.id}: {change.outcome}: {change.error}")
    for problem in outcome.result.problems:
        say(f"warning: tenant {outcome.tenant}: {problem}")
    for item in outcome.result.attention:
        if not item.seen:
            say(f"waits for a person: tenant {outcome.tenant}: {item}")


def _status(outcome: Outcome[Report]) -> int:
    """Return the exit status that one tenant's outcome means."""
    return 1 if outcome.result is None else status_of(outcome.result)


def _is_idle(report: Report) -> bool:
    return report.ok and not any(change.is_work or change.outcome for change in report.changes)
