"""The app's own kit, named as `package.module:kit`: its rules are in code, and it is used as it is.

Never makes a kit: the app does. Changes nothing of one but its clock, for as long as a command's --now says so.
"""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from functools import partial
from importlib import import_module
from inspect import iscoroutinefunction
from pathlib import Path, PurePath
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from attrs import frozen

from reminder_kit.calendars.settings import CalendarSettings
from reminder_kit.cli.output import ours_alone
from reminder_kit.errors import ConfigurationError, ReminderKitError
from reminder_kit.model.suggestions import suggestion
from reminder_kit.text.linter import warnings_of

if TYPE_CHECKING:
    from reminder_kit.kit.faces import AsyncReminderKit, ReminderKit
    from reminder_kit.kit.tenants import AsyncTenants, Tenants
    from reminder_kit.ledger.ledger import Ledger
    from reminder_kit.ports import Provider
    from reminder_kit.rules.defaults import Defaults
    from reminder_kit.rules.quiet_hours import QuietHours
    from reminder_kit.rules.rule import Rule

__all__ = ["OwnKit", "face_of", "is_tenants", "opened_tenants", "own", "own_kit", "several"]

_LONGEST = 300
"""Characters of the app's own error that are repeated."""


@frozen
class OwnKit:
    """A kit that the app made, as commands see a configuration: the names are those of `Config`."""

    #: As it was named: module, colon, attribute.
    path: str
    #: The kit itself, of either face.
    kit: ReminderKit | AsyncReminderKit
    #: The tenants that the kit is one of; None: it is a kit by itself.
    tenants: Tenants | AsyncTenants | None = None

    @property
    def defaults(self) -> Defaults:
        """Zone, locale, region, namespace and business days."""
        return self.kit.settings.defaults

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules, in the app's order."""
        return self.kit.rules

    @property
    def quiet_hours(self) -> QuietHours | None:
        """When nobody is written to; None: no quiet hours."""
        return self.kit.settings.quiet

    @property
    def calendar(self) -> CalendarSettings:
        """How calendars are read."""
        return self.kit.calendar or CalendarSettings()

    @property
    def ledger_url(self) -> str:
        """Where the ledger is, without its password."""
        return self.kit.ledger.url

    @property
    def options(self) -> Mapping[str, Any]:
        """Further arguments of the kit that commands ask for, by name."""
        settings = self.kit.settings
        notices = {"correction": settings.correction, "cancellation": settings.cancellation}
        return {"expected_every": self.kit.expected_every, **notices}

    @property
    def warnings(self) -> tuple[str, ...]:
        """What should be known of its rules and stops nothing."""
        found = [warning for rule in self.rules for warning in warnings_of(rule, self.defaults)]
        if not self.rules:
            found.append("the kit has no rules: nothing would ever be sent")
        if self.quiet_hours is not None and self.quiet_hours.always:
            found.append("the quiet hours cover the whole week: nothing would ever be sent")
        return tuple(found)

    def provider(self) -> Provider:
        """Return the kit's provider."""
        return self.kit.provider

    def fallback(self) -> Provider | None:
        """Return the kit's fallback; None: there is none."""
        return self.kit.fallback

    def ledger(self) -> Ledger:
        """Return the kit's ledger."""
        if self.tenants is None:
            return self.kit.ledger
        return self.tenants.ledger.namespaced(self.kit.ledger.namespace, closes=True)

    @contextmanager
    def opened(self, now: datetime | None) -> Iterator[ReminderKit]:
        """Work with the kit, and close it at the end; one that is used or closed again opens what it needs.

        `now` is what its clock says meanwhile; None: its own time. What its listeners print goes to stderr.
        """
        clock = nullcontext() if now is None else self.kit.standing_at(now)
        with ours_alone(), clock, self._blocking() as kit:
            yield kit

    def _blocking(self) -> AbstractContextManager[ReminderKit]:
        from reminder_kit.kit.faces import AsyncReminderKit

        if isinstance(self.kit, AsyncReminderKit):
            return _driven(self.kit, self.tenants or self.kit)
        return self.kit if self.tenants is None else _closing(self.kit, self.tenants)


# An async kit


class _Driven:
    """An `AsyncReminderKit` as a blocking one: each verb is driven to its end, one after the other, in one loop."""

    def __init__(self, kit: AsyncReminderKit | AsyncTenants, runner: asyncio.Runner) -> None:
        self.face = kit
        self._runner = runner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.face, name)
        return partial(self._run, found) if iscoroutinefunction(found) else found

    def _run(self, verb: Callable[..., Any], *args: Any, **options: Any) -> Any:
        return self._runner.run(verb(*args, **options))


@contextmanager
def _driven(kit: AsyncReminderKit, closed: Any) -> Iterator[ReminderKit]:
    with asyncio.Runner() as runner:
        try:
            yield cast("ReminderKit", _Driven(kit, runner))
        finally:
            runner.run(closed.close())


@contextmanager
def _closing(kit: ReminderKit, tenants: Any) -> Iterator[ReminderKit]:
    try:
        yield kit
    finally:
        tenants.close()


@contextmanager
def opened_tenants(tenants: Tenants | AsyncTenants) -> Iterator[Tenants]:
    """Work with tenants of either face as with blocking ones, and close them at the end."""
    from reminder_kit.kit.tenants import AsyncTenants

    with ours_alone():
        if isinstance(tenants, AsyncTenants):
            with asyncio.Runner() as runner:
                try:
                    yield cast("Tenants", _Driven(tenants, runner))
                finally:
                    runner.run(tenants.close())
        else:
            with tenants:
                yield tenants


def face_of(kit: ReminderKit) -> ReminderKit | AsyncReminderKit:
    """Return the kit itself of one that a command works with: for a server, which has an event loop of its own."""
    return cast("AsyncReminderKit", kit.face) if isinstance(kit, _Driven) else kit


# Finding it


def own_kit(name: str, said: str, tenant: str | None = None) -> OwnKit:
    """Return the kit that a name leads to, or that of a tenant where it leads to tenants.

    Raises `ConfigurationError` as `own` does, and where no tenant is named of several, or one of a kit.
    """
    found = own(name, said)
    if _is_kit(found):
        if tenant is not None:
            raise ConfigurationError(f"--tenant {tenant}: {said} is one kit, and no `Tenants`: leave --tenant out")
        return OwnKit(name, cast("ReminderKit", found))
    tenants = cast("Tenants", found)
    if tenant is None:
        raise ConfigurationError(several(said))
    try:
        with ours_alone():
            return OwnKit(name, tenants[tenant], tenants)
    except ReminderKitError:
        raise
    except (Exception, SystemExit) as error:
        raise _raised(said, f"building {tenant}", error, "mend what `build` does for it") from error


def several(said: str) -> str:
    """Return what is said to who works with several tenants and names none."""
    return f"{said} has several tenants: name one with --tenant NAME; `resync --all-tenants` serves all of them"


def own(name: str, said: str) -> ReminderKit | AsyncReminderKit | Tenants | AsyncTenants:
    """Return the kit, or the tenants, that a name leads to: an attribute, or what a function without arguments returns.

    `said` is how it was named, for errors. The current folder is importable, and what is printed as the app is loaded
    goes to stderr. Raises `ConfigurationError` with the remedy where the name leads to no kit, or to an error.
    """
    module, _, attribute = name.partition(":")
    if not all(part.isidentifier() for part in (*module.split("."), *attribute.split("."))):
        raise ConfigurationError(f"{said} names no kit: write {_spelt(module, attribute)}: a module, a colon, its kit")
    folder = str(Path.cwd())
    if folder not in sys.path and "" not in sys.path:
        sys.path.insert(0, folder)
    with ours_alone():
        return cast("ReminderKit", _kit(_attribute(_imported(module, said), attribute, said), name, said))


def _spelt(module: str, attribute: str) -> str:
    """Return what somebody may have meant who wrote the path of a file, or no attribute."""
    dotted = module.removesuffix(".py").strip("./\\").replace("/", ".").replace("\\", ".")
    parts = (*dotted.split("."), attribute or "kit")
    return f"{dotted}:{parts[-1]}" if all(part.isidentifier() for part in parts) else "myapp.reminders:kit"


def _imported(module: str, said: str) -> ModuleType:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            remedy = "reminder-kit must be installed in the app's own environment, beside what the app needs"
            raise _raised(said, f"importing {module}", error, remedy) from error
        raise ConfigurationError(
            f"{said}: there is no module {error.name!r} in {Path.cwd()}, nor where Python looks for packages: run the "
            "command in the folder that holds it (from cron: cd /srv/app && …), or set PYTHONPATH"
        ) from error
    except (Exception, SystemExit) as error:
        remedy = "mend that, or name a function that sets the app up and returns its kit"
        raise _raised(said, f"importing {module}", error, remedy) from error


def _attribute(module: ModuleType, attribute: str, said: str) -> Any:
    found: Any = module
    for part in attribute.split("."):
        if not hasattr(found, part):
            kits = [key for key, value in vars(module).items() if _is_kit(value) or is_tenants(value)]
            remedy = suggestion(part, kits) if kits else f"write kit = ReminderKit(…) in {module.__name__}"
            raise ConfigurationError(f"{said}: there is no {part!r} in {module.__name__}: {remedy}")
        found = getattr(found, part)
    return found


def _kit(found: Any, name: str, said: str) -> Any:
    if _is_kit(found) or is_tenants(found):
        return found
    if not callable(found):
        raise ConfigurationError(
            f"{said} is a {type(found).__name__}, and no kit: name a ReminderKit, or a function that returns one"
        )
    if iscoroutinefunction(found):
        raise ConfigurationError(f"{said} would have to be awaited: name a plain function, whose kit is of either face")
    try:
        made = found()
    except (Exception, SystemExit) as error:
        remedy = "it must return a ReminderKit, and take no arguments"
        raise _raised(said, f"calling {name}()", error, remedy) from error
    if not _is_kit(made) and not is_tenants(made):
        raise ConfigurationError(f"{said} returned a {type(made).__name__}, and no kit: return a ReminderKit")
    return made


def _is_kit(value: object) -> bool:
    from reminder_kit.kit.faces import AsyncReminderKit, ReminderKit

    return isinstance(value, ReminderKit | AsyncReminderKit)


def is_tenants(value: object) -> bool:
    """Say whether something is tenants, of either face."""
    from reminder_kit.kit.tenants import AsyncTenants, Tenants

    return isinstance(value, Tenants | AsyncTenants)


def _raised(said: str, what: str, error: BaseException, remedy: str) -> ConfigurationError:
    """Return the error for one that the app's code raised: its kind, its place, its words, and the remedy."""
    words = " ".join(str(error).split())[:_LONGEST]
    if not isinstance(error, ReminderKitError):
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<")]
        place = f" in {PurePath(frames[-1].filename).name} line {frames[-1].lineno}" if len(frames) > 1 else ""
        words = f"{type(error).__name__}{place}: {words}"
    return ConfigurationError(f"{said}: {what} raised {words}: {remedy} (--debug shows where)")
