"""The runs: `plan`, `import` and `resync`.

Never plans anything itself: the kit does.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reminder_kit.cli.options import EVERY, INSTANT, chosen, common, forced, now_option, source_option
from reminder_kit.cli.output import say, tell_problems, warn, write_json, write_json_list, write_lines, zone_of
from reminder_kit.cli.progress import progress
from reminder_kit.cli.rendering import Line, change_lines, outcome_line
from reminder_kit.cli.session import opened
from reminder_kit.errors import CalendarError, LedgerError, ProviderError, UnsafePlanError
from reminder_kit.model.phones import is_given_out
from reminder_kit.model.reasons import Reason
from reminder_kit.planning.changes import ChangeKind
from reminder_kit.planning.plan import Plan
from reminder_kit.planning.report import Report
from reminder_kit.planning.unchanged import recorded_changes

if TYPE_CHECKING:
    from reminder_kit.kit.faces import ReminderKit
    from reminder_kit.ledger.reader import Reader

__all__ = ["finished", "import_", "plan", "resync"]

_HOUR = timedelta(hours=1)

_as_of = click.option(
    "--as-of", help="When the file was exported: what was recorded later is newer than it.", **INSTANT
)
_complete = click.option("--complete", is_flag=True, help="The file is all there is: withdraw what it no longer has.")


@click.command()
@click.argument("file")
@_complete
@_as_of
@source_option
@now_option
@common
def plan(file: str, source: str | None, now: datetime | None, as_of: datetime | None, *, complete: bool) -> int:
    """Show what an import of FILE (.ics file, folder, address, or - for stdin) would do.

    Writes nothing. Exit status 1 where events could not be read, 3 where the import
    would be refused as unsafe.
    """
    with opened(now, warn=True) as kit:
        return _show_plan(kit, kit.plan_calendar(file, source, complete=complete, as_of=as_of), file)


@click.command("import")
@click.argument("file")
@_complete
@_as_of
@click.option("--dry-run", is_flag=True, help="Only show the plan.")
@forced
@click.option("--expect-digest", metavar="DIGEST", help="Carry out only the plan with this digest (see plan).")
@source_option
@now_option
@common
def import_(
    file: str,
    expect_digest: str | None,
    source: str | None,
    now: datetime | None,
    as_of: datetime | None,
    *,
    complete: bool,
    dry_run: bool,
    force: bool,
) -> int:
    """Read FILE (.ics file, folder, address, or - for stdin) and park its reminders.

    It is read up to `[calendar] horizon` (60 days, or as far as a rule reaches). What is due beyond the provider's
    window is recorded, and parked in time by `resync`.
    """
    with opened(now, writing=not dry_run, warn=True) as kit:
        if not dry_run:
            kit.ledger.upgrade_if_older()
        made = kit.plan_calendar(file, source, complete=complete, as_of=as_of, force=force)
        if dry_run:
            return _show_plan(kit, made, file, force=force)
        if not force:
            _refuse_unsafe(made)
        with progress(kit, _answers(made), "parking"):
            report = kit.apply(made, expect_digest=expect_digest, force=force)
        return finished(kit, report, file)


@click.command()
@click.option("--dry-run", is_flag=True, help="Only show the plan.")
@click.option("--every", help="Go on for ever, with this pause: 60s, 5m, 1h.", **EVERY)
@click.option("--opt-outs", is_flag=True, help="First read the provider's list of opt-outs (hourly with --every).")
@click.option("--all", "whole", is_flag=True, help="With --json: list what was passed over, since it stands, as well.")
@forced
@now_option
@common
def resync(
    now: datetime | None, every: timedelta | None, *, dry_run: bool, opt_outs: bool, whole: bool, force: bool
) -> int:
    """Do the batch job: park what entered the window, repeat what failed, settle what was left open.

    It looks at what changed, is due or is in doubt; all that stands is counted in the summary, and
    listed with --json --all. With --every it goes on until terminated, each run's JSON on a line of
    its own; the configuration is read once.
    """
    if whole and (dry_run or not chosen().json):
        raise click.UsageError("--all lists what stands after a run, as JSON: give --json as well, and no --dry-run")
    if every is not None and (now is not None or dry_run):
        raise click.UsageError(
            f"--every goes on with time and can't be combined with {'--now' if now else '--dry-run'}"
        )
    with opened(now, writing=not dry_run) as kit:
        if kit.ledger.check_schema(older=True) == "absent":
            warn(f"there is no ledger at {kit.ledger.url} yet, seen from {Path.cwd()}: nothing is recorded in it")
        if dry_run:
            return _show_plan(kit, kit.plan_resync(force=force), "calendar", force=force)
        pause = None if not opt_outs else _HOUR if every else timedelta(0)
        if every is None:
            return max(_reconcile_opt_outs(kit, pause), _resync_once(kit, force=force, whole=whole))
        once = partial(_resync_once, kit, force=force, whole=whole, one_line=True)
        return _repeat(lambda: max(_reconcile_opt_outs(kit, pause), once()), every)


def _reconcile_opt_outs(kit: ReminderKit, pause: timedelta | None) -> int:
    """Read the provider's list of opt-outs and return the exit status; a failure there does not stop the batch job.

    `pause` is how old the last reading must be; None means that the list is not asked for.
    """
    if pause is None:
        return 0
    try:
        if found := kit.reconcile_opt_outs(not_within=pause):
            say(f"{found} numbers opted out at {kit.provider.name}: nothing more is sent to them")
    except ProviderError as error:
        say(f"warning: the list of opt-outs could not be read: {error}")
        return 1
    return 0


def _resync_once(kit: ReminderKit, *, force: bool, whole: bool, one_line: bool = False) -> int:
    """Do the batch job once and return the exit status; the JSON of an unsafe plan is written before it is refused.

    `whole` lists also what it passed over.
    """
    try:
        with progress(kit, None, "resync"):
            report = kit.resync(force=force)
    except UnsafePlanError:
        if chosen().json:
            write_json(kit.plan_resync().as_json(), one_line=one_line)
        raise
    if not whole:
        return finished(kit, report, "calendar", one_line=one_line, terse=True)
    kit.ledger.read(partial(_write_all, report, one_line=one_line))
    return _told(report, "calendar")


def _write_all(report: Report, reader: Reader, *, one_line: bool) -> None:
    """Write the JSON of a run with all that it passed over, as it is read."""
    looked_at = {change.identity for change in report.changes}
    stands = (
        change
        for record in reader.records(ended_after=report.now)
        if not record.removed and record.identity not in looked_at
        for change in recorded_changes(record, report.now)
    )
    head = {name: value for name, value in report.as_json().items() if name != "changes"}
    write_json_list(head, "changes", (change.as_json() for change in chain(report.changes, stands)), one_line=one_line)


def _repeat(job: Callable[[], int], pause: timedelta) -> int:
    """Do a job again and again until terminated; a failure that may have passed by the next time does not end it."""
    stop = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: stop.set())
    status = 0
    try:
        while not stop.is_set():
            try:
                status = job()
            except (LedgerError, ProviderError, UnsafePlanError) as error:
                say(f"error: {error} (next try in {pause.total_seconds():g} s)")
                status = 3 if isinstance(error, UnsafePlanError) else 1
            stop.wait(pause.total_seconds())
    finally:
        signal.signal(signal.SIGTERM, before)
    return status


def _refuse_unsafe(made: Plan) -> None:
    """Raise `UnsafePlanError` for an unsafe plan, after its JSON was written for whoever reviews it."""
    try:
        made.raise_if_unsafe()
    except UnsafePlanError:
        if chosen().json:
            write_json(made.as_json())
        raise


def _answers(made: Plan) -> int:
    """Return how many answers of the provider a plan takes: a replacement takes two."""
    return sum(2 if change.kind is ChangeKind.REPLACE else 1 for change in made.work)


def _show_plan(kit: ReminderKit, made: Plan, file: str, *, force: bool = False) -> int:
    """Show a plan with a forecast of its costs and return the exit status; an unsafe one is refused like its run."""
    costs = kit.forecast(made)
    if chosen().json:
        write_json({**made.as_json(), "forecast": costs.as_json()})
    else:
        _write(kit, made)
        write_lines(Line(line, "", 2) for line in costs.lines)
        if made.work:
            write_lines([Line(f"digest {made.digest}", "dim")])
    broken = tell_problems(made.problems, file)
    _tell_doubtful_numbers(made)
    if not force:
        made.raise_if_unsafe()
    return 1 if broken or made.summary["failed"] else 0


def finished(kit: ReminderKit, report: Report, file: str = "", *, one_line: bool = False, terse: bool = False) -> int:
    """Show what a run did and return the exit status; `terse` leaves out changes that needed nothing done.

    1: something failed or is unknown, a calendar could not be read at all, or a rule can be written for nobody; 4: all
    was done, but something waits for a person who has not seen it.
    """
    _write(kit, report, one_line=one_line, terse=terse)
    return _told(report, file)


def _told(report: Report, file: str) -> int:
    """Say what a run met, and return its exit status."""
    tell_problems(report.problems, file)
    _tell_doubtful_numbers(report)
    nobody = {change.identity for change in report.changes if change.reason is Reason.NO_RECIPIENT}
    if count := len(nobody) + report.passed_over.without_phone:
        say(f"{count} appointments have no phone number: nobody is reminded of them")
    unseen = [item for item in report.attention if not item.seen]
    for item in unseen:
        say(f"waits for a person: {item}")
    unread = any(isinstance(problem, CalendarError) for problem in report.problems)
    if not report.ok or unread or any(item.fails for item in unseen):
        return 1
    return 4 if unseen else 0


def _tell_doubtful_numbers(run: Plan | Report) -> None:
    """Say how many numbers are newly written to that are in no range their country gives out, as far as is known."""
    new = {change.to: change.identity.id for change in run.changes if change.kind is ChangeKind.SCHEDULE and change.to}
    doubtful = [name for number, name in new.items() if not is_given_out(number)]
    if doubtful:
        several = "" if len(doubtful) == 1 else "s"
        say(
            f"{len(doubtful)} number{several} in no range that a country is known to give out, written to all the same "
            f"(as for appointment {doubtful[0]!r}): look whether a digit is wrong"
        )


def _write(kit: ReminderKit, run: Plan | Report, *, one_line: bool = False, terse: bool = False) -> None:
    if chosen().json:
        write_json(run.as_json(), one_line=one_line)
        return
    listed = [change for change in run.changes if not terse or change.is_work or change.outcome]
    write_lines([*change_lines(listed, zone_of(kit)), outcome_line(run)])
