"""Rows as the database has them before a flush, whatever their session has done to them in memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstanceState, Mapper, Session

from reminder_kit.integrations.sqlalchemy.collecting import Collected
from reminder_kit.reconciler.batches import batched

__all__ = ["Before"]


class Before(Session):
    """Reads beside a session, on its own connections and in its transaction.

    In the session itself a row that goes has lost its parent already, and what a function loads there before the flush
    is no longer left to the database by it: children of a deleted row would have their keys emptied. To the host's
    functions and listeners it is as theirs: it has the `info` of the session, and of what it has not itself, the same.
    """

    def __init__(self, session: Session) -> None:
        self._beside = session
        info = {key: value for key, value in session.info.items() if not isinstance(value, Collected)}
        super().__init__(autoflush=False, join_transaction_mode="rollback_only", info=info)
        #: What was read, so that what it leads to is read once: a session by itself forgets what nobody holds.
        self._read: dict[InstanceState[Any], Any] = {}
        self._held: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        """Return what the host's own class of sessions, or the host, has given the session."""
        return getattr(self._beside, name)

    def get_bind(self, mapper: Any = None, **arguments: Any) -> sa.Connection:
        """Return the session's connection, begun if need be."""
        return self._beside.connection(bind_arguments={"mapper": mapper, **arguments})

    def read(self, instances: Iterable[Any]) -> None:
        """Read instances of the session together: `saved` would ask the database for each of them."""
        keys: dict[Mapper[Any], list[tuple[Any, ...]]] = {}
        for state in map(sa.inspect, instances):
            keys.setdefault(state.mapper, []).append(state.identity)
        for mapper, alike in keys.items():
            first, *others = mapper.primary_key
            for some in batched(alike):
                among = sa.tuple_(first, *others).in_(some) if others else first.in_([key for (key,) in some])
                self._held += self.scalars(sa.select(mapper).where(among)).unique()

    def saved(self, instance: Any) -> Any:
        """Return an instance of the session as it is saved; one that nobody knows any more, as it is."""
        state = sa.inspect(instance)
        if state not in self._read:
            found = self.get(type(instance), state.identity)
            self._read[state] = instance if found is None else found
        return self._read[state]
