"""One tracked model: which appointment each of its rows is, which rows are live, and what else changes them.

Never writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import define, field
from django.db import router

from reminder_kit.errors import UnsafePlanError
from reminder_kit.logs import LOG
from reminder_kit.model.host_data import shown_name

if TYPE_CHECKING:
    from reminder_kit.kit.faces import ReminderKit
    from reminder_kit.kit.rows import Row, Said
    from reminder_kit.model.appointments import Appointment

__all__ = ["Tracked", "key_as_text"]

_CHUNK = 500
"""Rows that are read at a time."""


def key_as_text(instance: Any) -> str:
    """Return a row's primary key as text: the id of its appointment, unless said otherwise."""
    return str(instance.pk)


@define(eq=False)
class Tracked:
    """A model whose rows are appointments."""

    #: The model.
    model: Any
    #: Which appointment a row is, or all occurrences of one that recurs; None: none.
    function: Callable[[Any], Said]
    #: The id of a row's appointment.
    id: Callable[[Any], str]
    #: All rows that are, or may be, appointments to come: what is not among them is withdrawn by the batch job.
    live: Callable[[], Any]
    #: For other models, which rows one of theirs changes.
    also: Mapping[Any, Callable[[Any], Iterable[Any]]]
    #: The source of its appointments.
    source: str
    #: The alias of the database whose rows count; None: the one that the routers write the model to.
    using: str | None = None
    #: The ids of rows that could not be read when they were fed last, each with why.
    failed: dict[str, str] = field(factory=dict)

    @property
    def kinds(self) -> tuple[Any, ...]:
        """The models whose saves concern its rows."""
        return (self.model, *self.also)

    @property
    def database(self) -> str:
        """The alias of the database whose rows are appointments: elsewhere are copies of them."""
        return self.using or router.db_for_write(self.model)

    def row(self, instance: Any) -> Row:
        """Return what a row is; whatever its function raises is raised."""
        from reminder_kit.kit.rows import Row

        return Row.of(self.source, str(self.id(instance)), self.function(instance))

    def read_again(self, keys: Sequence[Any]) -> Iterator[Any]:
        """Yield rows by primary key as the database has them: relations of an instance in hand may be of yesterday."""
        yield from self.model._base_manager.using(self.database).filter(pk__in=keys)

    def appointments(self, kit: ReminderKit) -> Iterator[Appointment]:
        """Yield the appointments of all live rows as they are drawn; a row that raises stays as it was recorded.

        Raises `UnsafePlanError` where the id of one can't be told: it would be withdrawn as gone.
        """
        from reminder_kit.kit.rows import said

        self.failed = {}
        for instance in _drawn(self.live()):
            identifier = self._live_id(instance)
            try:
                found = self.row(instance).appointments
            except Exception as error:  # noqa: BLE001 - one row stops nothing else
                self.failed[identifier] = said(error)
                LOG.error("%s %s can't be read: %s", self.source, shown_name(identifier), self.failed[identifier])
                yield from _recorded(kit, self.source, identifier)
            else:
                yield from found

    def _live_id(self, instance: Any) -> str:
        from reminder_kit.kit.rows import said

        try:
            return str(self.id(instance))
        except Exception as error:
            raise UnsafePlanError(
                f"the id of row {shown_name(str(instance.pk))} can't be told ({said(error)}), and without it the "
                "row would be withdrawn as gone; nothing was changed. Correct the function given as `id`, or the row"
            ) from error


def _drawn(rows: Any) -> Iterable[Any]:
    """Return rows that are drawn a few at a time, of a query set or of whatever else there is."""
    if not hasattr(rows, "iterator"):
        return rows  # type: ignore[no-any-return]
    return rows.iterator(chunk_size=_CHUNK)  # type: ignore[no-any-return]


def _recorded(kit: ReminderKit, source: str, id: str) -> list[Appointment]:  # noqa: A002 - the identity's public name
    """Return what is recorded under an id."""
    found = kit.ledger.read(lambda reader: list(reader.records(identities=reader.identities(id, source, None))))
    return [record.appointment for record in found if record.appointment is not None and not record.removed]
