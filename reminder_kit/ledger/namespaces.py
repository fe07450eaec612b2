"""The namespaces of one ledger: which there are, which have something to do, and whose a message is.

Never tells one namespace of another: these are the questions of whoever serves all of them. Never writes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from reminder_kit.ledger.sql.restoration_statements import EVERYWHERE
from reminder_kit.ledger.sql.row_mapping import micros
from reminder_kit.ledger.sql.tables import tables_of
from reminder_kit.model.lifecycle import LIVE, OPEN

if TYPE_CHECKING:
    from reminder_kit.ledger.ledger import Ledger

__all__ = ["is_anything_open", "namespaces", "namespaces_at_work", "owners", "writers"]


def namespaces(ledger: Ledger) -> list[str]:
    """Return all namespaces of a ledger, sorted; none where there is no ledger yet."""
    return _column(ledger, lambda: _each(ledger.schema, "appointments", "runs"))


def namespaces_at_work(ledger: Ledger) -> list[str]:
    """Return the namespaces in which something was recorded, or was answered, that no run has looked at since."""
    return _column(ledger, lambda: _dirty(ledger.schema))


def is_anything_open(ledger: Ledger) -> bool:
    """Say whether the ledger's own namespace has a message that is, or may be, parked."""
    return bool(_column(ledger, lambda: _live(ledger.schema, ledger.namespace)))


def owners(ledger: Ledger, ids: Collection[str], tokens: Collection[str]) -> list[str]:
    """Return the namespaces with a message that a provider calls by one of these ids, or that has one of our tokens."""
    found = _column(ledger, lambda: _called(ledger.schema, ids)) if ids else []
    return list(dict.fromkeys([*found, *(_column(ledger, lambda: _carrying(ledger.schema, tokens)) if tokens else ())]))


def writers(ledger: Ledger, numbers: Collection[str], until: datetime | None = None) -> list[tuple[str, str]]:
    """Return which namespaces write to any of these numbers, and from what, who did so last before the others.

    `until` (UTC): what goes out later says nothing; None: it is taken for what went out.
    """
    if not numbers:
        return []
    return [(namespace, sender) for namespace, sender, _ in _rows(ledger, lambda: _to(ledger.schema, numbers, until))]


def _column(ledger: Ledger, statement: Callable[[], Any]) -> list[str]:
    return [row[0] for row in _rows(ledger, statement)]


def _rows(ledger: Ledger, statement: Callable[[], Any]) -> Sequence[Any]:
    nothing: Sequence[Any] = ()
    return ledger.ask(lambda connection: connection.execute(statement()).all(), nothing)


@lru_cache(maxsize=32)
def _each(schema: str | None, *names: str) -> Any:
    """Return the statement for the namespaces of tables: one step of an index for each, however many rows it has."""
    tables = tables_of(schema)
    steps = [_steps(getattr(tables, name)) for name in names]
    listed = sa.union(*(sa.select(found.c.name).where(found.c.name.is_not(None)) for found in steps)).subquery()
    return sa.select(listed.c.name).where(listed.c.name != EVERYWHERE).order_by(listed.c.name)


def _steps(table: sa.Table) -> Any:
    """Return the namespaces of a table as a recursive query that leaps from one to the next (a "loose index scan")."""
    found = sa.select(sa.func.min(table.c.namespace).label("name")).cte(f"each_of_{table.name}", recursive=True)
    following = sa.select(sa.func.min(table.c.namespace)).where(table.c.namespace > found.c.name).scalar_subquery()
    return found.union_all(sa.select(following).where(found.c.name.is_not(None)))


@lru_cache(maxsize=32)
def _dirty(schema: str | None) -> Any:
    table, known = tables_of(schema).appointments, _each(schema, "appointments").subquery()
    waits = sa.exists().where(table.c.namespace == known.c.name, table.c.dirty == sa.true())
    return sa.select(known.c.name).where(waits).order_by(known.c.name)


def _live(schema: str | None, namespace: str) -> Any:
    table = tables_of(schema).messages
    states = sorted(map(str, {*LIVE, *OPEN}))
    return sa.select(table.c.id).where(table.c.state.in_(states), table.c.namespace == namespace).limit(1)


def _called(schema: str | None, ids: Iterable[str]) -> Any:
    table = tables_of(schema).messages
    return sa.select(table.c.namespace).where(table.c.provider_id.in_(list(ids))).distinct()


def _carrying(schema: str | None, tokens: Iterable[str]) -> Any:
    """Return the statement for the namespaces of tokens: a look into the index of each, since there is none of all."""
    table, known = tables_of(schema).messages, _each(schema, "appointments").subquery()
    has = sa.exists().where(table.c.namespace == known.c.name, table.c.id.in_(list(tokens)))
    return sa.select(known.c.name).where(has)


def _to(schema: str | None, numbers: Iterable[str], until: datetime | None) -> Any:
    table = tables_of(schema).messages
    last = sa.func.max(table.c.send_at)
    found = sa.select(table.c.namespace, table.c.sender, last).where(table.c.to_number.in_(list(numbers)))
    if until is not None:
        found = found.where(table.c.send_at <= micros(until))
    return found.group_by(table.c.namespace, table.c.sender).order_by(last.desc(), table.c.namespace)
