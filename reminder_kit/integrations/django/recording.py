"""Recording: what a tracked model's signals do, inside the host's own transaction.

Never fails the host's save: what can't be recorded is rolled back to a savepoint, logged, listed, and done by the batch
job.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from django.db import connections, transaction

from reminder_kit.integrations.django.databases import to_record_on
from reminder_kit.integrations.django.links import Links
from reminder_kit.integrations.django.tracking import Tracked, key_as_text
from reminder_kit.kit.rows import Row, list_failure, record_each, record_rows, said
from reminder_kit.logs import LOG
from reminder_kit.model.host_data import shown_name

if TYPE_CHECKING:
    from reminder_kit.kit.faces import ReminderKit

__all__ = ["Recording"]

_STASH = "_reminder_kit_gone"
"""Where an instance that is about to be deleted holds what it was: afterwards nothing leads there any more."""

_FORMER = "_reminder_kit_former"
"""Where an instance holds, for each save that goes on, what it was, by the tracked model's label and the key."""

_LINKS = "_reminder_kit_links"
"""Where an instance whose links are about to go holds which rows that changes, by the links' own model."""


class _Former(NamedTuple):
    """A row before a save."""

    #: The id of its appointment.
    id: str
    #: The row as the database had it: what its function says of that is asked where the id has changed.
    stored: Any


class Registry(Protocol):
    """What is tracked, and by which kit it is recorded."""

    tracked: list[Tracked]

    @property
    def kit(self) -> ReminderKit:
        """The project's kit."""
        ...

    @property
    def database(self) -> str | None:
        """The alias of the database that holds the ledger; None: another place."""
        ...

    def wake(self) -> None:
        """Have what was recorded be followed."""
        ...


class Recording:
    """Hears a project's saves, deletions and links, and records what they come to."""

    def __init__(self, reminders: Registry) -> None:
        self._reminders = reminders

    # What is heard

    def saving(self, instance: Any, using: str) -> None:
        """Note what a row that is about to be saved was: the save may change its id.

        Each save has a note of its own, under those of the saves within it, which a host's own receiver may make before
        we hear of this one; that of a save that fails is never taken up.
        """
        noted = {
            tracked.model._meta.label: self._former(tracked, instance, using)
            for tracked in self._reminders.tracked
            if tracked.id is not key_as_text and instance.pk is not None and _is_own(tracked, instance, using)
        }
        instance.__dict__.setdefault(_FORMER, []).append(noted)

    def saved(self, instance: Any, using: str) -> None:
        """Record a row, or the rows that another model's row changes; what it was under another id is withdrawn."""
        *others, former = instance.__dict__.pop(_FORMER, None) or [{}]
        if others:
            instance.__dict__[_FORMER] = others
        for tracked in self._reminders.tracked:
            if isinstance(instance, tracked.kinds):
                keys = self.keys_of(tracked, instance, using)
                self.changed(tracked, keys, using, former.get(tracked.model._meta.label))

    def deleting(self, instance: Any, using: str) -> None:
        """Note what an instance is as long as its relations are there."""
        noted: list[tuple[Tracked, str, list[Any]]] = []
        for tracked in self._reminders.tracked:
            if _is_own(tracked, instance, using):
                noted.append((tracked, self._id_of(tracked, instance), []))
            noted += [(tracked, "", self._keys(tracked, rows, instance)) for rows in _also(tracked, type(instance))]
        setattr(instance, _STASH, noted)

    def deleted(self, instance: Any, using: str) -> None:
        """Withdraw what a row was, and record the rows that it changed."""
        for tracked, name, keys in instance.__dict__.pop(_STASH, ()):
            if name:
                gone = [Row(tracked.source, name)]
                self._guarded(tracked, [name], using, partial(self._record, gone, using))
            self.changed(tracked, keys, using)

    def links_changed(self, links: Links, action: str) -> None:
        """Record the rows that links join, or that `also` says; of links that go, they are noted while those are there.

        `action` is the one of Django's signal.
        """
        held, place = links.instance.__dict__, f"{_LINKS} {links.through._meta.label}"
        if action in ("post_add", "pre_remove", "pre_clear"):
            held[place] = [(tracked, self._keys_by(tracked, links)) for tracked in self._reminders.tracked]
        if action.startswith("post_"):
            for tracked, keys in held.pop(place, ()):
                self.changed(tracked, keys, links.using)

    # How it is recorded

    def changed(
        self, tracked: Tracked, keys: Sequence[Any], using: str, former: Mapping[Any, _Former] | None = None
    ) -> None:
        """Record rows as their database has them now: all at once, and where one fails, each by itself.

        A key that has no row any more is passed over. What is heard in another database (`also`) counts once it is
        committed there. `former` has what rows were before, by key, as far as their ids may have changed.
        """
        if using != tracked.database:
            if keys:
                _after_commit(lambda: self.changed(tracked, keys, tracked.database), using)
            return
        former = former or {}
        if len(keys) > 1 and self._all_at_once(tracked, keys, using, former):
            self._wake(using)
            return
        for key in keys:
            self._one(tracked, key, using, former)

    def _all_at_once(self, tracked: Tracked, keys: Sequence[Any], using: str, former: Mapping[Any, _Former]) -> bool:
        if _is_lost(using):
            return False
        try:
            with transaction.atomic(using=using):
                rows = [row for found in tracked.read_again(keys) for row in self._rows_of(tracked, found, former)]
                self._record(rows, using)
        except Exception:  # noqa: BLE001 - which one it was is found by trying each
            return False
        return True

    def _one(self, tracked: Tracked, key: Any, using: str, former: Mapping[Any, _Former]) -> None:
        names = [str(key)]

        def step() -> None:
            for found in tracked.read_again([key]):
                names.append(str(tracked.id(found)))
                self._record(self._rows_of(tracked, found, former), using)

        self._guarded(tracked, names, using, step)

    def _record(self, rows: Sequence[Row], using: str) -> None:
        """Record on Django's connection; where the ledger is elsewhere, after the commit."""
        if using == self._reminders.database:
            with to_record_on(using) as connection:
                record_rows(self._reminders.kit, rows, connection)
        else:
            _after_commit(lambda: self._record_elsewhere(rows), using)

    def _record_elsewhere(self, rows: Sequence[Row]) -> None:
        """Record what a host has committed in another database, then have it followed; what can't be is listed."""
        for row, words in record_each(self._reminders.kit, rows):
            LOG.error("%s %s could not be recorded: %s", row.source, shown_name(row.id), words)
            list_failure(self._reminders.kit, row.source or "default", row.id, words)
        self._reminders.wake()

    def _guarded(self, tracked: Tracked, names: Sequence[str], using: str, step: Callable[[], None]) -> None:
        """Take a step in a savepoint; one that fails is rolled back, logged under the last of its names, and listed."""
        if _is_lost(using):
            return
        try:
            with transaction.atomic(using=using):
                step()
        except Exception as error:  # noqa: BLE001 - a host's save goes on whatever it is
            self._tell(tracked, names[-1], using, said(error))
        else:
            self._wake(using)

    def _tell(self, tracked: Tracked, name: str, using: str, words: str) -> None:
        LOG.error(
            "%s %s could not be recorded: %s (it is saved all the same; the batch job repairs it)",
            tracked.source,
            shown_name(name),
            words,
        )
        _after_commit(lambda: list_failure(self._reminders.kit, tracked.source, name, words), using)

    def _wake(self, using: str) -> None:
        """Have the commit be followed, once; a savepoint that is undone takes its wake along."""
        registered = connections[using].run_on_commit
        if not any(entry[1] == self._reminders.wake for entry in registered):
            _after_commit(self._reminders.wake, using)

    # What the host's own functions say

    def keys_of(self, tracked: Tracked, instance: Any, using: str) -> list[Any]:
        """Return the keys of the tracked rows that an instance of a database is, or changes."""
        keys = [instance.pk] if _is_own(tracked, instance, using) else []
        return keys + [key for rows in _also(tracked, type(instance)) for key in self._keys(tracked, rows, instance)]

    def keys_of_all(self, tracked: Tracked, instances: Sequence[Any], using: str) -> list[Any]:
        """Return the keys, each once, of what instances of a database are, or change; where one fails, of the others.

        All are asked within one savepoint, and each within its own where one fails.
        """
        databases = {instance._state.db for instance in instances}
        if len(instances) > 1 and len(databases) == 1:
            with suppress(Exception), transaction.atomic(using=databases.pop()):
                return [*dict.fromkeys(key for instance in instances for key in _keys_said(tracked, instance, using))]
        return [*dict.fromkeys(key for instance in instances for key in self.keys_of(tracked, instance, using))]

    def _id_of(self, tracked: Tracked, instance: Any) -> str:
        """Return the id of a row's appointment; where that can't be told, the row's key names it."""
        try:
            return str(tracked.id(instance))
        except Exception as error:  # noqa: BLE001 - it is the host's function
            LOG.error("the id of a row of %s can't be told: %s", tracked.source, said(error))
            return str(instance.pk)

    def _former(self, tracked: Tracked, instance: Any, using: str) -> dict[Any, _Former]:
        """Return, by key, what a row is in the database; nothing where there is none, or its id can't be told."""
        if _is_lost(using):
            return {}
        try:
            with transaction.atomic(using=using):
                return {found.pk: _Former(str(tracked.id(found)), found) for found in tracked.read_again([instance.pk])}
        except Exception as error:  # noqa: BLE001 - it is the host's function
            LOG.error(
                "the id that a row of %s had can't be told: %s (the batch job repairs it)", tracked.source, said(error)
            )
            return {}

    def _rows_of(self, tracked: Tracked, found: Any, former: Mapping[Any, _Former]) -> list[Row]:
        """Return what a row is, after what it was under another id and is no more."""
        row, was = tracked.row(found), former.get(found.pk)
        return [row] if was is None or was.id == row.id else [*self._gone(tracked, was), row]

    def _gone(self, tracked: Tracked, was: _Former) -> list[Row]:
        """Return what a row was under another id; nothing where it was no appointment, or that can't be told."""
        try:
            with transaction.atomic(using=tracked.database):
                return Row.of(tracked.source, was.id, tracked.function(was.stored)).former()
        except Exception as error:  # noqa: BLE001 - it is the host's function
            LOG.error(
                "what %s %s was before its id changed can't be told: %s (the batch job repairs it)",
                tracked.source,
                shown_name(was.id),
                said(error),
            )
            return []

    def _keys(self, tracked: Tracked, rows: Callable[[Any], Any], instance: Any) -> list[Any]:
        """Return the keys of the rows that another model's row changes."""
        try:
            with transaction.atomic(using=instance._state.db):
                return [row.pk for row in rows(instance)]
        except Exception as error:  # noqa: BLE001 - it is the host's function
            LOG.error(
                "which rows of %s are changed by a %s can't be told: %s (the batch job repairs it)",
                tracked.source,
                type(instance).__name__,
                said(error),
            )
            return []

    def _keys_by(self, tracked: Tracked, links: Links) -> list[Any]:
        """Return the keys of the tracked rows that links join, or change."""
        try:
            with transaction.atomic(using=links.using):
                ends = links.ends(tracked.kinds)
        except Exception as error:  # noqa: BLE001 - a host's save goes on whatever it is
            LOG.error(
                "which rows of %s are changed by links of a %s can't be told: %s (the batch job repairs it)",
                tracked.source,
                type(links.instance).__name__,
                said(error),
            )
            return []
        return self.keys_of_all(tracked, ends, links.using)


def _after_commit(step: Callable[[], None], using: str) -> None:
    """Take a step once the host's transaction is committed; without hooks (manual commits) the batch job does it.

    A function and no `partial`: Django asks a callback that raises for its `__qualname__`.
    """
    connection = connections[using]
    if connection.in_atomic_block or connection.get_autocommit():
        transaction.on_commit(step, using=using, robust=True)


def _is_lost(using: str) -> bool:
    """Say whether the host's transaction has failed already: nothing of it will be committed."""
    connection = connections[using]
    return bool(connection.in_atomic_block and connection.needs_rollback)


def _is_own(tracked: Tracked, instance: Any, using: str) -> bool:
    """Say whether an instance of a database is one of the rows that count, and no copy of one."""
    return isinstance(instance, tracked.model) and using == tracked.database


def _keys_said(tracked: Tracked, instance: Any, using: str) -> list[Any]:
    """Return the keys of the tracked rows that an instance is, or changes; whatever the host's functions raise is."""
    own = [instance.pk] if _is_own(tracked, instance, using) else []
    return own + [row.pk for rows in _also(tracked, type(instance)) for row in rows(instance)]


def _also(tracked: Tracked, sender: Any) -> list[Callable[[Any], Any]]:
    return [rows for model, rows in tracked.also.items() if issubclass(sender, model)]
