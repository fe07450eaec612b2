"""Appointments named on the command line: what is recorded under a name, and what is said where nothing is.

Never writes to the ledger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reminder_kit.cli.output import say
from reminder_kit.model.appointments import recurrence_name
from reminder_kit.model.instants import spelled

if TYPE_CHECKING:
    from reminder_kit.kit.faces import ReminderKit
    from reminder_kit.model.records import Identity

__all__ = ["identities", "occurrence_option", "say_not_recorded"]

_SHOWN = 3
"""How many occurrences are named of a series that has another one than was asked for."""


def _given(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Return the occurrence that is named; None: all are meant. Raises `click.BadParameter` for one without a name."""
    if value is not None and not value.strip():
        raise _no_start(value)
    return value


def _no_start(value: str, example: str = "2026-02-15T14:30:00Z") -> click.BadParameter:
    return click.BadParameter(
        f"{value!r} is no start of an occurrence: write {example} or 2026-02-15T09:30:00-05:00; of an all-day series "
        "2026-02-15, of one without a zone 2026-02-15T09:30:00",
        param_hint="'--recurrence-id'",
    )


occurrence_option = click.option(
    "--recurrence-id",
    metavar="START",
    callback=_given,
    help="Only this occurrence of a series: its original start, an instant in any spelling, or a day.",
)


def identities(
    kit: ReminderKit,
    id: str,  # noqa: A002 - the contract's name
    source: str | None = None,
    recurrence_id: str | None = None,
) -> list[Identity]:
    """Return what is recorded under an id, of a source and an occurrence where these are named."""
    found: list[Identity] = kit.ledger.read(lambda reader: reader.identities(id, source, recurrence_id))
    return found


def say_not_recorded(
    kit: ReminderKit,
    id: str,  # noqa: A002 - the contract's name
    source: str | None = None,
    recurrence_id: str | None = None,
) -> int:
    """Say that nothing is recorded under a name, and what is; returns the exit status.

    Raises `click.BadParameter` where `recurrence_id` spells no start at all.
    """
    starts = sorted({recurrence_name(one.recurrence_id) or "" for one in identities(kit, id, source)} - {""})
    if recurrence_id is not None and spelled(recurrence_id) is None:
        raise _no_start(recurrence_id, *starts[:1])
    if recurrence_id is not None and starts:
        more = ", …" if len(starts) > _SHOWN else ""
        remedy = f"recorded of it are {', '.join(starts[:_SHOWN])}{more}"
        say(f"error: appointment {id!r} has no occurrence {recurrence_name(recurrence_id)}: {remedy}")
    elif source is not None and (others := sorted({one.source for one in identities(kit, id)})):
        remedy = f"it is of {', '.join(map(repr, others[:_SHOWN]))}: name that, or leave --source out"
        say(f"error: appointment {id!r} is of no source {source!r}: {remedy}")
    else:
        say(f"error: nothing is recorded for appointment {id!r}: check the id (the UID of a calendar's event)")
    return 1
