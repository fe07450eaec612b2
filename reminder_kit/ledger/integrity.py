"""Check a ledger's invariants, and repair what can be repaired without asking anyone.

Never deletes a message, never calls the provider: whatever may be parked there is looked at by the next resync.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from attrs import frozen

from reminder_kit.ledger.databases.runner import ConnectionRunner, Runner
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.ledger.sql.builder import lease_is_over, words
from reminder_kit.ledger.sql.row_mapping import micros
from reminder_kit.ledger.sql.tables import Tables, tables_of
from reminder_kit.ledger.transaction import Transaction
from reminder_kit.model.lifecycle import LIVE, OPEN, SENT, State
from reminder_kit.model.records import Identity

__all__ = ["check"]


@frozen
class _Finding:
    """Something wrong: whose it is, what it is, and what row it can be repaired by."""

    text: str
    identity: Identity | None
    row: int
    key: str = ""


@frozen
class _Check:
    """One invariant: a query for what breaks it, and how that reads."""

    name: str
    query: Any
    text: str
    repair: str


def check(ledger: Ledger, *, now: datetime | None = None, repair: bool = False) -> list[str]:
    """Return what is wrong with a ledger, a line each; nothing, if all is well.

    With `now`, leases that ran out are listed too. With `repair`, orphaned reminders are
    dropped, leases that ran out are freed, and whatever else was found is marked for the next
    resync; the lines then say so. Raises `SchemaError` where the tables are not current.
    """
    if ledger.check_schema() == "absent":
        return []
    lines = list(_damage(ledger))
    for probe in _checks(ledger.schema, with_leases=now is not None):
        found = _found(ledger, probe, now)
        done = ""
        if repair and found:
            _repair(ledger, probe, found)
            done = f" ({probe.repair})"
        lines += [finding.text + done for finding in found]
    return lines


def _ask(ledger: Ledger, question: Callable[[Runner], Sequence[Sequence[Any]]]) -> Sequence[Sequence[Any]]:
    return ledger.ask(lambda connection: question(ConnectionRunner(connection)), [])


def _damage(ledger: Ledger) -> Iterator[str]:
    """Yield what SQLite itself says of the file."""
    if ledger.url.startswith("sqlite"):
        nothing: Sequence[Any] = ()
        found = ledger.ask(lambda connection: connection.exec_driver_sql("PRAGMA integrity_check").fetchall(), nothing)
        yield from (f"the file is damaged: {line}" for (line,) in found if line != "ok")


def _found(ledger: Ledger, probe: _Check, now: datetime | None) -> list[_Finding]:
    values: dict[str, Any] = {"namespace": ledger.namespace}
    if probe.name == "lease":
        assert now is not None  # noqa: S101 - leases are only looked at with a clock
        values["now"] = micros(now)
    findings = []
    for row, key, source, id_, recurrence_id in _ask(ledger, lambda runner: runner.rows(probe.query, **values)):
        identity = None if id_ is None else Identity(source, id_, recurrence_id)
        label = f"row {row}" if identity is None else "@".join(filter(None, (id_, recurrence_id)))
        findings.append(_Finding(f"{label}: {probe.text}", identity, row, key or ""))
    return findings


def _repair(ledger: Ledger, probe: _Check, found: Sequence[_Finding]) -> None:
    def mend(transaction: Transaction) -> None:
        if probe.name == "orphan":
            transaction.forget_reminders([finding.key for finding in found])
        elif probe.name == "lease":
            transaction.expire_rows([finding.row for finding in found])
        else:
            transaction.mark_dirty(identities=[finding.identity for finding in found if finding.identity])

    with ledger.writing() as transaction:
        mend(transaction)


@cache
def _checks(schema: str | None, *, with_leases: bool) -> tuple[_Check, ...]:
    tables = tables_of(schema)
    marked = "marked for the next resync"
    checks = (
        _Check("twice", _twice(tables), "two live messages for one reminder", marked),
        _Check(
            "stray", _astray(tables, tables.messages), "a message whose appointment is not recorded", "left as it is"
        ),
        _Check("orphan", _astray(tables, tables.reminders), "a reminder whose appointment is not recorded", "dropped"),
        _Check("empty", _empty(tables), "a reminder is recorded as parked, but has no message", marked),
        _Check("loose", _loose(tables), "a message is open, but its reminder is not recorded", marked),
        _Check("forgotten", _forgotten(tables), "a message is open, but nothing is to look at it again", marked),
    )
    leases = (_Check("lease", _lease(tables), "its worker's lease ran out", "freed"),)
    return (*checks, *leases) if with_leases else checks


def _named(tables: Tables, row: Any, key: Any, source: Any, *conditions: Any) -> Any:
    """Return a query for (row, key, identity) of what a table holds, with its appointment if there is one."""
    owner = tables.appointments
    joined = source.outerjoin(owner, owner.c.row_id == row) if source is not owner else source
    columns = (row, key, owner.c.source, owner.c.id, owner.c.recurrence_id)
    return sa.select(*columns).select_from(joined).where(*conditions).order_by(row, key)


def _twice(tables: Tables) -> Any:
    table = tables.messages
    both = sa.and_(table.c.namespace == sa.bindparam("namespace"), table.c.state.in_(words(LIVE)))
    twice = sa.select(table.c.key).where(both).group_by(table.c.key).having(sa.func.count() > 1)
    first = sa.select(sa.func.min(table.c.serial)).where(both, table.c.key.in_(twice)).group_by(table.c.key)
    return _named(tables, table.c.row_id, table.c.key, table, table.c.serial.in_(first))


def _astray(tables: Tables, table: sa.Table) -> Any:
    """Return the rows of a table whose appointment is not there."""
    mine = table.c.namespace == sa.bindparam("namespace")
    return _named(tables, table.c.row_id, table.c.key, table, mine, tables.appointments.c.row_id.is_(None))


def _empty(tables: Tables) -> Any:
    table, messages = tables.reminders, tables.messages
    there = sa.exists().where(
        messages.c.namespace == table.c.namespace,
        messages.c.key == table.c.key,
        messages.c.row_id == table.c.row_id,
        messages.c.state.in_(words(OPEN | SENT | {State.UNKNOWN})),
    )
    return _named(
        tables,
        table.c.row_id,
        table.c.key,
        table,
        table.c.namespace == sa.bindparam("namespace"),
        table.c.stand == sa.literal_column("'parked'"),
        tables.appointments.c.snapshot != "",
        tables.appointments.c.dirty == sa.false(),
        sa.not_(there),
    )


def _open_messages(tables: Tables, *conditions: Any) -> Any:
    table, owner = tables.messages, tables.appointments
    return _named(
        tables,
        table.c.row_id,
        table.c.key,
        table,
        table.c.namespace == sa.bindparam("namespace"),
        table.c.state.in_(words(OPEN)),
        owner.c.dirty == sa.false(),
        *conditions,
    )


def _loose(tables: Tables) -> Any:
    table, messages = tables.reminders, tables.messages
    there = sa.exists().where(table.c.namespace == messages.c.namespace, table.c.key == messages.c.key)
    return _open_messages(tables, sa.not_(there))


def _forgotten(tables: Tables) -> Any:
    return _open_messages(tables, tables.appointments.c.next_at.is_(None))


def _lease(tables: Tables) -> Any:
    table = tables.appointments
    return _named(
        tables,
        table.c.row_id,
        table.c.id,
        table,
        table.c.namespace == sa.bindparam("namespace"),
        lease_is_over(table),
    )
