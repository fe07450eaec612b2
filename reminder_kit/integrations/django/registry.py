"""The registry: `reminders.track` a model, `touch` what Django tells nobody of, and `feed` the batch job.

Never makes the kit before it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING, Any

from reminder_kit.errors import InvalidInputError, UnsafePlanError
from reminder_kit.logs import LOG

if TYPE_CHECKING:
    from reminder_kit.integrations.django.configuration import Configuration
    from reminder_kit.integrations.django.recording import Recording
    from reminder_kit.integrations.django.tracking import Tracked
    from reminder_kit.kit.faces import ReminderKit
    from reminder_kit.kit.following import Follower
    from reminder_kit.kit.rows import Said
    from reminder_kit.planning.report import Report

__all__ = ["Reminders", "reminders"]

Function = Callable[[Any], "Said"]
_CHUNK = 500
"""Rows that are recorded at a time."""

TASK = "reminder_kit.resync_dirty"
"""The name of the Celery task that follows (`reminder_kit.integrations.celery`)."""

_RAW = "_reminder_kit_raw"
"""What an instance bears that a fixture loads: no signal of its links says so."""


class Reminders:
    """The tracked models of a project, and its kit."""

    def __init__(self) -> None:
        self.tracked: list[Tracked] = []
        self._lock = RLock()
        self._kit: ReminderKit | None = None
        self._made_for: object = None
        self._follower: Follower | None = None

    @property
    def configuration(self) -> Configuration:
        """What REMINDER_KIT says. Raises `ConfigurationError`."""
        from reminder_kit.integrations.django.configuration import configuration

        return configuration()

    @property
    def kit(self) -> ReminderKit:
        """The project's kit, made when first needed, and anew where Django's database is another (in tests).

        Raises `ConfigurationError`.
        """
        from django.db import connections

        from reminder_kit.integrations.django.signals import connect

        described = self.configuration
        name = connections[described.database].settings_dict["NAME"] if described.database else None
        with self._lock:
            if self._kit is not None and self._made_for == (described, name):
                return self._kit
            before, made = self._taken(), described.kit()
            connect(made, self._model_of)
            self._kit, self._made_for = made, (described, name)
        _close(*before)  # unlocked: what still follows may ask for the kit
        return made

    def _taken(self) -> tuple[ReminderKit | None, Follower | None]:
        """Return the kit and who follows, which are the registry's no more."""
        before = self._kit, self._follower
        self._kit = self._follower = self._made_for = None
        return before

    def close(self) -> None:
        """Wait for what follows, and close the kit; it is made anew when it is needed."""
        with self._lock:
            before = self._taken()
        _close(*before)

    @property
    def database(self) -> str | None:
        """The alias of the database that holds the ledger; None: the ledger is elsewhere."""
        return self.configuration.database

    def _model_of(self, source: str | None) -> Any:
        """Return the model whose rows have this source; None: none has."""
        return next((tracked.model for tracked in self.tracked if tracked.source == source), None)

    @cached_property
    def recording(self) -> Recording:
        """What hears the project's signals."""
        from reminder_kit.integrations.django.recording import Recording

        return Recording(self)

    # Hearing

    def listen(self) -> None:
        """Hear every save, deletion and link; those of other models are passed over by class, and load nothing."""
        from django.db.models import signals

        signals.pre_save.connect(self._saving, dispatch_uid="reminder_kit")
        signals.post_save.connect(self._saved, dispatch_uid="reminder_kit")
        signals.pre_delete.connect(self._deleting, dispatch_uid="reminder_kit")
        signals.post_delete.connect(self._deleted, dispatch_uid="reminder_kit")
        signals.m2m_changed.connect(self._links_changed, dispatch_uid="reminder_kit")

    def _concerns(self, sender: Any) -> bool:
        return any(issubclass(sender, tracked.kinds) for tracked in self.tracked)

    def _saving(self, sender: Any, instance: Any, *, raw: bool = False, using: str = "default", **_more: Any) -> None:
        if not raw and self._concerns(sender):
            self.recording.saving(instance, using)

    def _saved(self, sender: Any, instance: Any, *, raw: bool = False, using: str = "default", **_more: Any) -> None:
        if raw:  # what a fixture loads is left to the batch job, and so are its links
            instance.__dict__[_RAW] = True
        elif self._concerns(sender):
            self.recording.saved(instance, using)

    def _deleting(self, sender: Any, instance: Any, using: str = "default", **_more: Any) -> None:
        if self._concerns(sender):
            self.recording.deleting(instance, using)

    def _deleted(self, sender: Any, instance: Any, using: str = "default", **_more: Any) -> None:
        if self._concerns(sender):
            self.recording.deleted(instance, using)

    def _links_changed(
        self,
        sender: Any,
        instance: Any,
        model: Any,
        action: str,
        *,
        reverse: bool = False,
        pk_set: Any = None,
        using: str = "default",
        **_more: Any,
    ) -> None:
        if any(map(self._concerns, (sender, type(instance), model))) and _RAW not in instance.__dict__:
            from reminder_kit.integrations.django.links import Links

            links = Links(sender, instance, model, reverse, pk_set, using)
            self.recording.links_changed(links, action)

    # Tracking

    def track(
        self,
        model: Any,
        *,
        id: Callable[[Any], str] | None = None,  # noqa: A002 - the identity's public name
        live: Callable[[], Any] | None = None,
        also: Mapping[Any, Callable[[Any], Iterable[Any]]] | None = None,
        source: str | None = None,
        using: str | None = None,
    ) -> Callable[[Function], Function]:
        """Return a decorator of the function that says which appointment a row of a model is (None: none).

        A row that recurs is all its occurrences, a list of appointments, each with its `recurrence_id`.
        `id` says a row's appointment's id (default: its primary key as text), `live` returns all rows that are, or may
        be, appointments to come (default: all there are): the batch job withdraws what is not among them. `also` says
        for other models which rows one of theirs changes. `source` is the appointments' source (default:
        "app.model"). Rows of one database count, and in any other they are copies, which are left alone: `using` is its
        alias (default: the one that the routers write the model to). A model is tracked once; raises
        `InvalidInputError` for one that is no model, or tracked already, and for an unknown database.
        """
        from django.db import connections

        if not hasattr(model, "_meta") or not hasattr(model, "_base_manager"):
            raise InvalidInputError(f"reminders.track takes a model, not {model!r}")
        if using is not None and using not in connections:
            raise InvalidInputError(
                f"using = {using!r} is no database of DATABASES, which has {', '.join(map(repr, connections))}"
            )

        def decorator(function: Function) -> Function:
            from reminder_kit.integrations.django.tracking import Tracked, key_as_text

            if any(tracked.model is model and tracked.function is not function for tracked in self.tracked):
                raise InvalidInputError(f"{model._meta.label} is tracked already: one function says what a row is")
            self.tracked.append(
                Tracked(
                    model=model,
                    function=function,
                    id=id or key_as_text,
                    live=live or (lambda: model._default_manager.using(using)),
                    also=also or {},
                    source=source or model._meta.label_lower,
                    using=using,
                )
            )
            return function

        return decorator

    def touch(self, rows: Any, keys: Iterable[Any] | None = None) -> None:
        """Record rows that changed without a signal, as `update()` and `bulk_update` change them: a query set, or rows.

        A query set finds them after the change: where that changed what its condition asks for, `rows` is the model,
        and `keys` are the primary keys that were read before. Of a tracked model, or of one that is named under `also`.
        Inside the caller's transaction. Raises `InvalidInputError` for rows of another model.
        """
        using = getattr(rows, "db", None) if keys is None else None
        for some in batched(_drawn(rows, keys), _CHUNK):
            changed: dict[tuple[int, str], list[Any]] = {}
            for instance in some if keys is None else self._by_key(rows, some):
                for number, tracked in self._concerned(type(instance)):
                    place = (number, using or instance._state.db or tracked.database)
                    changed.setdefault(place, []).append(instance)
            for (number, alias), instances in changed.items():
                tracked = self.tracked[number]
                found = self.recording.keys_of_all(tracked, instances, tracked.database)
                self.recording.changed(tracked, found, alias)

    def _by_key(self, model: Any, keys: Sequence[Any]) -> Iterable[Any]:
        """Return the rows of a model that have these keys, in the database in which they count."""
        from django.db import router

        kept = [tracked.database for _, tracked in self._concerned(model) if issubclass(model, tracked.model)]
        using = kept[0] if kept else router.db_for_write(model)
        return model._base_manager.using(using).filter(pk__in=keys)  # type: ignore[no-any-return]

    def _concerned(self, model: Any) -> list[tuple[int, Tracked]]:
        found = [(number, one) for number, one in enumerate(self.tracked) if issubclass(model, one.kinds)]
        if not found:
            raise InvalidInputError(f"{model.__name__} is not tracked, nor named under `also`")
        return found

    # Following and feeding

    def wake(self) -> None:
        """Have what was recorded be followed, by whom FOLLOW names; never raises for a broker that is away."""
        follow = self.configuration.follow
        if follow == "thread":
            self._thread().wake()
        elif follow == "celery":
            from celery import current_app

            try:
                current_app.send_task(TASK, retry=False, ignore_result=True)
            except Exception:  # noqa: BLE001 - any broker's; what it would have done the batch job does
                LOG.exception("the broker can't be reached: the next wake, or the batch job, follows what was recorded")

    def _thread(self) -> Follower:
        from django.db import connections

        from reminder_kit.kit.following import Follower

        kit = self.kit
        with self._lock:
            if self._follower is None:
                self._follower = Follower(kit, connections.close_all)
            return self._follower

    def wait(self) -> None:
        """Wait until the thread that follows is done: for tests."""
        with self._lock:
            follower = self._follower
        if follower is not None:
            follower.wait()

    def feed(self, *, force: bool = False) -> Iterator[tuple[str, Report | UnsafePlanError]]:
        """Hand all live rows of each tracked model to the kit, complete: what no signal told is found.

        They are read as the kit draws them, so that what is recorded from then on is newer.

        Yields the source of each, with its report or why it was refused as unsafe. A row that can't be read stays as
        it was recorded, and is listed with why; `failed` of what is tracked has it.
        """
        from reminder_kit.kit.rows import list_failures

        kit = self.kit
        for tracked in self.tracked:
            listed = kit.ledger.read(lambda reader: reader.marks())
            try:
                report = kit.sync(tracked.appointments(kit), tracked.source, complete=True, force=force)
            except UnsafePlanError as error:
                LOG.error("%s: %s", tracked.source, error)
                yield tracked.source, error
                continue
            list_failures(kit, tracked.source, tracked.failed, listed)
            yield tracked.source, report


def _drawn(rows: Any, keys: Iterable[Any] | None) -> list[Any]:
    """Return what `touch` was handed; tells of a query set that is empty by now, since it may not have been before."""
    given: Any = rows if keys is None else keys
    found = list(given)
    if not found and hasattr(given, "query"):
        name = given.model.__name__
        LOG.warning(
            "touch: a query set of %s is empty, and nothing is recorded: where an update changed what its condition "
            'asks for, read keys = list(rows.values_list("pk", flat=True)) before it, and touch(%s, keys) after it',
            name,
            name,
        )
    return found


def _close(kit: ReminderKit | None, follower: Follower | None) -> None:
    if follower is not None:
        follower.wait()
    if kit is not None:
        kit.close()


def batched(rows: list[Any], size: int) -> Iterator[list[Any]]:
    """Yield rows in parts of a size."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


reminders = Reminders()
"""The registry of this project."""
