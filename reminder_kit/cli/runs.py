"""The runs: `plan`, `import` and `resync`.

Never plans anything itself: the kit does.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reminder_kit.cli.interrupted import telling_if_interrupted
from reminder_kit.cli.options import EVERY, INSTANT, chosen, common, file_argument, forced, now_option, source_option
from reminder_kit.cli.outcomes import finished, show_plan, told, worse
from reminder_kit.cli.output import say, warn, write_json, write_json_list
from reminder_kit.cli.progress import PARKING, progress
from reminder_kit.cli.repeating import repeated
from reminder_kit.cli.session import opened
from reminder_kit.cli.tenants import resync_all
from reminder_kit.errors import ProviderError, UnsafePlanError
from reminder_kit.model.instants import iso
from reminder_kit.planning.changes import ChangeKind
from reminder_kit.planning.plan import Plan
from reminder_kit.planning.report import Report
from reminder_kit.planning.unchanged import recorded_changes
from reminder_kit.reconciler.calendar_import import source_name

if TYPE_CHECKING:
    from reminder_kit.kit.faces import ReminderKit
    from reminder_kit.ledger.reader import Reader

__all__ = ["import_", "plan", "resync"]

_HOUR = timedelta(hours=1)

_as_of = click.option(
    "--as-of", help="When the file was exported: what was recorded later is newer than it.", **INSTANT
)
_changes_only = click.option("--changes-only", is_flag=True, help="Leave out what needs nothing done.")
_quiet = click.option("--quiet", is_flag=True, help="Say nothing where nothing is done, fails or waits for a person.")
_complete = click.option("--complete", is_flag=True, help="The file is all there is: withdraw what it no longer has.")


@click.command()
@file_argument
@_complete
@_as_of
@_changes_only
@_quiet
@source_option
@now_option
@common
def plan(
    file: str,
    source: str | None,
    now: datetime | None,
    as_of: datetime | None,
    *,
    complete: bool,
    changes_only: bool,
    quiet: bool,
) -> int:
    """Show what an import of FILE (.ics file, folder, address, or - for stdin) would do.

    Writes nothing. Exit status 1 where events could not be read, 3 where the import
    would be refused as unsafe.
    """
    with opened(now, warn=True) as kit:
        _refuse_later(as_of, kit.now())
        with progress(kit):
            made = kit.plan_calendar(file, source, complete=complete, as_of=as_of)
        name = source or source_name(file)
        return show_plan(kit, made, file, source=name, terse=changes_only, quiet=quiet)


@click.command("import")
@file_argument
@_complete
@_as_of
@click.option("--dry-run", is_flag=True, help="Only show the plan.")
@forced
@click.option("--expect-digest", metavar="DIGEST", help="Carry out only the plan with this digest (see plan).")
@_changes_only
@_quiet
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
    changes_only: bool,
    quiet: bool,
) -> int:
    """Read FILE (.ics file, folder, address, or - for stdin) and park its reminders.

    It is read up to `[calendar] horizon` (60 days, or as far as a rule reaches). What is due beyond the provider's
    window is recorded, and parked in time by `resync`.
    """
    with opened(now, writing=not dry_run, warn=True) as kit:
        _refuse_later(as_of, kit.now())
        if not dry_run:
            kit.ledger.upgrade_if_older()
        with progress(kit):
            made = kit.plan_calendar(file, source, complete=complete, as_of=as_of, force=force)
        if dry_run:
            name = source or source_name(file)
            return show_plan(kit, made, file, source=name, force=force, terse=changes_only, quiet=quiet)
        if not force:
            _refuse_unsafe(made)
        with telling_if_interrupted(kit), progress(kit) as bar:
            bar.begin(PARKING, _answers(made))
            report = kit.apply(made, expect_digest=expect_digest, force=force)
        return finished(kit, report, file, terse=changes_only, quiet=quiet)


@click.command()
@click.option("--dry-run", is_flag=True, help="Only show the plan.")
@click.option("--every", help="Go on for ever, with this pause: 60s, 5m, 1h.", **EVERY)
@click.option("--opt-outs", is_flag=True, help="First read the provider's list of opt-outs (hourly with --every).")
@click.option("--all-tenants", is_flag=True, help="For every tenant of the ledger; one that fails stops no other.")
@click.option("--all", "whole", is_flag=True, help="With --json: list what was passed over, since it stands, as well.")
@_changes_only
@_quiet
@forced
@now_option
@common
def resync(
    now: datetime | None,
    every: timedelta | None,
    *,
    dry_run: bool,
    opt_outs: bool,
    all_tenants: bool,
    whole: bool,
    force: bool,
    changes_only: bool,
    quiet: bool,
) -> int:
    """Do the batch job: park what entered the window, repeat what failed, settle what was left open.

    It looks at what changed, is due or is in doubt; all that stands is counted in the summary, and
    listed with --json --all. With --every it goes on until terminated, each run's JSON on a line of
    its own; the configuration is read once. With --all-tenants there is a report for each tenant, a line of JSON each.
    """
    if all_tenants:
        if now is not None or dry_run or opt_outs or whole or changes_only:
            raise click.UsageError("--all-tenants goes with --every, --force, --quiet and --json alone")
        return resync_all(every, force=force, quiet=quiet)
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
            with progress(kit):
                made = kit.plan_resync(force=force)
            return show_plan(kit, made, "calendar", force=force, terse=changes_only, quiet=quiet)
        pause = None if not opt_outs else _HOUR if every else timedelta(0)
        if every is None:
            with telling_if_interrupted(kit):
                return worse(_reconcile_opt_outs(kit, pause), _resync_once(kit, force=force, whole=whole, quiet=quiet))
        once = partial(_resync_once, kit, force=force, whole=whole, quiet=quiet, one_line=True)
        return repeated(lambda: worse(_reconcile_opt_outs(kit, pause), once()), every)


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


def _resync_once(kit: ReminderKit, *, force: bool, whole: bool, quiet: bool, one_line: bool = False) -> int:
    """Do the batch job once and return the exit status; the JSON of an unsafe plan is written before it is refused.

    `whole` lists also what it passed over; one that is `quiet` says nothing where nothing is to be told.
    """
    try:
        with progress(kit):
            report = kit.resync(force=force)
    except UnsafePlanError:
        if chosen().json:
            write_json(kit.plan_resync().as_json(), one_line=one_line)
        raise
    if not whole:
        return finished(kit, report, "calendar", one_line=one_line, terse=True, quiet=quiet)
    kit.ledger.read(partial(_write_all, report, one_line=one_line))
    return told(kit, report, "calendar")


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


def _refuse_later(as_of: datetime | None, now: datetime) -> None:
    """Raise `click.BadParameter` for a file that was exported in the future."""
    if as_of is not None and as_of > now:
        words = f"{iso(as_of)} is later than the kit's clock ({iso(now)}): say when the file was exported"
        raise click.BadParameter(words, param_hint="'--as-of'")


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
