"""The kits of many tenants: each built when it is asked for, and dropped once others are used more.

Never awaits anything, and calls no provider: what is done with kits stands in `tenants`.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, Generic, Self, TypeVar, cast
from weakref import WeakSet

from reminder_kit.config import checks
from reminder_kit.errors import ConfigurationError, InvalidInputError
from reminder_kit.forks import Forkable, survive_forks
from reminder_kit.kit.faces import AsyncReminderKit, ReminderKit
from reminder_kit.kit.listeners import EVENT_TYPES, Listeners
from reminder_kit.kit.shared import Common
from reminder_kit.kit.tenant_outcomes import Outcome
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.logs import LOG
from reminder_kit.model.host_data import shown_name
from reminder_kit.transport.pools import AsyncPool, Pool

__all__ = ["Build", "TenantKits"]

K = TypeVar("K", ReminderKit, AsyncReminderKit)

_TRIED_AGAIN = 60.0
"""Seconds after which a tenant that could not be built is built once more to find out what it writes from."""

Build = Callable[[str], Mapping[str, Any] | None]
"""Returns the arguments of a tenant's kit; None: there is no such tenant, or no more."""


class TenantKits(Forkable, ABC, Generic[K]):
    """The kits of many tenants; both faces add what is done with them. Safe to have been made before a fork."""

    _kind: type[K]
    _pool: Pool | AsyncPool

    def __init__(
        self,
        ledger: str | Any,
        build: Build,
        *,
        names: Callable[[], Iterable[str]] | None = None,
        keep: int = 100,
        at_once: int = 4,
    ) -> None:
        """Put nothing together yet: a tenant's kit is built when it is first asked for.

        `ledger` is the URL of the one ledger, an SQLAlchemy engine or a `Ledger`. `build` is called with a tenant's
        name, which is its namespace there, and returns the arguments of its kit but `ledger` and `namespace` (None:
        there is no such tenant any more); it may be called in any thread, and again. `names` returns tenants of whom
        nothing may be recorded yet (those whose calendars are polled): with them, `resync` serves whoever is in the
        ledger. At most `keep` kits are kept while nobody holds them, those that were used last; `at_once` tenants are
        worked on at the same time. Raises `ConfigurationError` and `InvalidInputError` for what none of these can be.
        """
        self.ledger = ledger if isinstance(ledger, Ledger) else Ledger(ledger)
        if not callable(build):
            raise InvalidInputError(
                f"`build` is a function from a tenant's name to its kit's arguments, not {type(build).__name__}"
            )
        self._build, self._names = build, names
        self._keep, self._at_once = checks.count(keep, "keep"), checks.count(at_once, "at_once")
        #: What is waited for as the tenants are closed: who follows commits (`kit.following`).
        self.before_closing: list[Callable[[], Any]] = []
        self._lock = Lock()
        self._kits: OrderedDict[str, K] = OrderedDict()
        self._all: WeakSet[K] = WeakSet()
        #: Who listens to a tenant: kept while its kit is dropped and built again.
        self._listeners: dict[str, Listeners] = {}
        self._callbacks: list[tuple[str, Callable[[str, Any], object]]] = []
        #: By sender, who writes from it; and of whom that is known.
        self._senders: dict[str, set[str]] = {}
        self._known: dict[str, frozenset[str]] = {}
        #: Who could not be built to find that out: when, by a clock that only grows, and why.
        self._unlearned: dict[str, tuple[float, Exception]] = {}
        self._pool = self._made_pool()
        self._common = Common(self._pool)
        survive_forks(self)

    def after_fork_in_child(self) -> None:
        """Forget who held the lock: no such thread is in the child."""
        self._lock = Lock()

    @classmethod
    def from_config(cls, path: str | Path = "reminders.toml", **options: Any) -> Self:
        """Return the tenants that a TOML file and the files in its `[tenants] folder` describe.

        `options` are `keep` and `at_once`. Raises `ConfigurationError` naming file, key and remedy, also where the file
        names no folder; what is wrong in a tenant's own file is told when its kit is built.
        """
        from reminder_kit.config.loading import load
        from reminder_kit.config.tenant_files import TenantFiles

        common = load(path)
        if common.tenants_folder is None:
            raise ConfigurationError(f'{path}: there are no tenants: write [tenants], and folder = "tenants" under it')
        files = TenantFiles(common)
        return cls(common.ledger(), files.build, names=files.names, **options)

    @abstractmethod
    def _made_pool(self) -> Pool | AsyncPool:
        """Return the connections that all kits share."""

    def __getitem__(self, name: str) -> K:
        """Return a tenant's kit: the one that is kept, or one that is built now.

        Raises `InvalidInputError` where there is no such tenant, whatever `build` raises, and as a kit's constructor
        does.
        """
        kit = self.if_any(name)
        if kit is None:
            raise InvalidInputError(f"there is no tenant {shown_name(name)}: `build` returned None for it")
        return kit

    def __iter__(self) -> Iterator[str]:
        """Return the names of all tenants, sorted, as a mapping's keys."""
        return iter(self.all_names())

    def __contains__(self, name: object) -> bool:
        return name in self.all_names()

    def if_any(self, name: str) -> K | None:
        """Return a tenant's kit as `[name]` does; None: `build` says that there is no such tenant, or no more."""
        with self._lock:
            if name in self._kits:
                self._kits.move_to_end(name)
                return self._kits[name]
        made = self._built(name)
        if made is None:
            return None
        with self._lock:  # another thread may have built it meanwhile: two kits of one tenant are as two processes
            kit = self._kits.setdefault(name, made)
            self._kits.move_to_end(name)
            while len(self._kits) > self._keep:
                self._kits.popitem(last=False)
            return kit

    def _built(self, name: str) -> K | None:
        ledger = self.ledger.namespaced(name)
        given: Mapping[str, Any] | None = self._build(name)
        if given is None:
            return None
        _check(name, given)
        kit = self._kind(**{**given, "ledger": ledger, "namespace": name, "shared": self._common})
        with self._lock:
            self._hear(name, kit)
            self._all.add(kit)
            self._note_senders(name, kit.settings.senders)
        return kit

    def _note_senders(self, name: str, senders: frozenset[str]) -> None:
        self._unlearned.pop(name, None)
        for sender in self._known.get(name, ()):
            self._senders[sender].discard(name)
        self._known[name] = senders
        for sender in senders:
            self._senders.setdefault(sender, set()).add(name)

    def all_names(self) -> list[str]:
        """Return all tenants, sorted, as `names` does, without awaiting anything."""
        from reminder_kit.ledger.namespaces import namespaces

        given: Iterable[str] = () if self._names is None else self._names()
        return sorted({*namespaces(self.ledger), *given})

    def kit_or_none(self, name: str) -> K | None:
        """Return a tenant's kit; None: it is no more, and nothing of it is left to do."""
        from reminder_kit.ledger.namespaces import is_anything_open

        kit = self.if_any(name)
        if kit is None and is_anything_open(self.ledger.namespaced(name)):
            raise ConfigurationError(
                f"tenant {shown_name(name)} is no more (`build` returned None), and messages of it are parked, "
                "which go out: have it built once more, and withdraw its appointments"
            )
        return kit

    # Listening

    def on(self, event_type: str, callback: Callable[[str, Any], object]) -> None:
        """Call back with a tenant's name and what a kit's `on` tells, for every tenant, built already or not.

        A keyword of their own is told where a tenant has it. Raises `InvalidInputError` for what is no function, or
        could never be awaited. Who listens to one tenant alone (`tenants[name].on`) is heard also by a kit that is
        built again.
        """
        probe = Listeners(self._kind is AsyncReminderKit, (*EVENT_TYPES, event_type))
        probe.add(event_type, cast("Callable[[Any], object]", callback))
        with self._lock:
            self._callbacks.append((event_type, callback))
            for name, listeners in self._listeners.items():
                _listen(listeners, name, event_type, callback)

    def _hear(self, name: str, kit: K) -> None:
        """Have a kit tell whoever listened to the tenant before."""
        made = kit._listeners  # noqa: SLF001 - a kit of our own
        before = self._listeners.get(name)
        if before is None:
            self._listeners[name] = made
            for event_type, callback in self._callbacks:
                _listen(made, name, event_type, callback)
        else:
            known = before.known
            before.known, kit._listeners = made.known, before  # noqa: SLF001 - likewise
            for event_type, callback in self._callbacks:
                if event_type not in known:  # a keyword that this tenant has by now
                    _listen(before, name, event_type, callback)

    # Who writes from what

    def writing_from(self, senders: Iterable[str]) -> list[str]:
        """Return who writes from any of these senders, sorted; whoever was not built yet is built to find out."""
        wanted = list(senders)
        found = self._found_writing(wanted)
        if not found and wanted:
            for name in self._unknown(self.all_names()):
                self._learn(name)
            found = self._found_writing(wanted)
        return found

    def _unknown(self, names: Sequence[str]) -> list[str]:
        """Return those of whom it is not known what they write from; who failed is tried again after a while.

        `names` are all tenants: who is none any more is in no doubt.
        """
        with self._lock:
            self._unlearned = {name: self._unlearned[name] for name in names if name in self._unlearned}
            lately = {name for name, (at, _) in self._unlearned.items() if time.monotonic() < at + _TRIED_AGAIN}
            return [name for name in names if name not in self._known and name not in lately]

    def doubt(self) -> Exception | None:
        """Return why somebody's senders are not known; None: those of all are, that were asked for."""
        with self._lock:
            return next((error for _, error in self._unlearned.values()), None)

    def _found_writing(self, senders: Sequence[str]) -> list[str]:
        with self._lock:
            return sorted({name for sender in senders for name in self._senders.get(sender, ())})

    def _learn(self, name: str) -> None:
        """Find out what a tenant writes from; one that is no more writes from nothing, until it is built."""
        try:
            made = self._built(name)
        except Exception as error:  # noqa: BLE001 - one tenant's failure is no other's
            LOG.warning("tenant %s: %s", shown_name(name), Outcome(name, error=error).words)
            with self._lock:
                self._unlearned[name] = (time.monotonic(), error)
            return
        if made is None:
            with self._lock:
                self._unlearned.pop(name, None)
                self._known.setdefault(name, frozenset())

    def recent(self) -> list[str]:
        """Return the tenants whose kits are kept, the one that was used last first."""
        with self._lock:
            return list(reversed(self._kits))


def _check(name: str, given: Any) -> None:
    """Raise `ConfigurationError` for what can't be the arguments of a tenant's kit."""
    if not isinstance(given, Mapping) or {"ledger", "namespace", "shared"}.intersection(given):
        raise ConfigurationError(
            f"tenant {shown_name(name)}: `build` returns the arguments of its kit, by name, but for `ledger` and "
            "`namespace`, which are the tenants' own"
        )


def _listen(listeners: Listeners, name: str, event_type: str, callback: Callable[[str, Any], object]) -> None:
    """Have a tenant's listeners tell a callback its name as well; a keyword that it does not know is never told."""
    if event_type in listeners.known:
        listeners.add(event_type, partial(callback, name))
