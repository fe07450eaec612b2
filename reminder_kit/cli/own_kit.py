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
    from reminder_kit.ledger.ledger import Ledger
    from reminder_kit.ports import Provider
    from reminder_kit.rules.defaults import Defaults
    from reminder_kit.rules.quiet_hours import QuietHours
    from reminder_kit.rules.rule import Rule

__all__ = ["OwnKit", "face_of", "own_kit"]

_LONGEST = 300
"""Characters of the app's own error that are repeated."""


@frozen
class OwnKit:
    """A kit that the app made, as commands see a configuration: the names are those of `Config`."""

    #: As it was named: module, colon, attribute.
    path: str
    #: The kit itself, of either face.
    kit: ReminderKit | AsyncReminderKit

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
        return self.kit.ledger

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

        return _driven(self.kit) if isinstance(self.kit, AsyncReminderKit) else self.kit


# An async kit


class _Driven:
    """An `AsyncReminderKit` as a blocking one: each verb is driven to its end, one after the other, in one loop."""

    def __init__(self, kit: AsyncReminderKit, runner: asyncio.Runner) -> None:
        self.face = kit
        self._runner = runner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.face, name)
        return partial(self._run, found) if iscoroutinefunction(found) else found

    def _run(self, verb: Callable[..., Any], *args: Any, **options: Any) -> Any:
        return self._runner.run(verb(*args, **options))


@contextmanager
def _driven(kit: AsyncReminderKit) -> Iterator[ReminderKit]:
    with asyncio.Runner() as runner:
        try:
            yield cast("ReminderKit", _Driven(kit, runner))
        finally:
            runner.run(kit.close())


def face_of(kit: ReminderKit) -> ReminderKit | AsyncReminderKit:
    """Return the kit itself of one that a command works with: for a server, which has an event loop of its own."""
    return kit.face if isinstance(kit, _Driven) else kit


# Finding it


def own_kit(name: str, said: str) -> OwnKit:
    """Return the kit that a name leads to, an attribute or what a function without arguments returns.

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
        kit = _kit(_attribute(_imported(module, said), attribute, said), name, said)
    return OwnKit(name, kit)


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
            kits = [key for key, value in vars(module).items() if _is_kit(value)]
            remedy = suggestion(part, kits) if kits else f"write kit = ReminderKit(…) in {module.__name__}"
            raise ConfigurationError(f"{said}: there is no {part!r} in {module.__name__}: {remedy}")
        found = getattr(found, part)
    return found


def _kit(found: Any, name: str, said: str) -> ReminderKit | AsyncReminderKit:
    if _is_kit(found):
        return cast("ReminderKit", found)
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
    if not _is_kit(made):
        raise ConfigurationError(f"{said} returned a {type(made).__name__}, and no kit: return a ReminderKit")
    return cast("ReminderKit", made)


def _is_kit(value: object) -> bool:
    from reminder_kit.kit.faces import AsyncReminderKit, ReminderKit

    return isinstance(value, ReminderKit | AsyncReminderKit)


def _raised(said: str, what: str, error: BaseException, remedy: str) -> ConfigurationError:
    """Return the error for one that the app's code raised: its kind, its place, its words, and the remedy."""
    words = " ".join(str(error).split())[:_LONGEST]
    if not isinstance(error, ReminderKitError):
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<")]
        place = f" in {PurePath(frames[-1].filename).name} line {frames[-1].lineno}" if len(frames) > 1 else ""
        words = f"{type(error).__name__}{place}: {words}"
    return ConfigurationError(f"{said}: {what} raised {words}: {remedy} (--debug shows where)")
