"""The setting REMINDER_KIT, and the kit that it describes.

Never opens a ledger or speaks to a provider: a kit does when it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import field, frozen
from django.conf import settings

from reminder_kit.config.loading import DEFAULT_PATH, load
from reminder_kit.errors import ConfigurationError
from reminder_kit.integrations.django.databases import ledger_of
from reminder_kit.model.suggestions import suggestion

if TYPE_CHECKING:
    from reminder_kit.kit.faces import ReminderKit

__all__ = ["FOLLOWS", "Configuration", "configuration"]

FOLLOWS = ("thread", "celery", None)
"""Who follows a commit: a thread of this process, a Celery worker, or the batch job alone."""

_KEYS = ("CONFIG", "DATABASE", "FOLLOW", "OPTIONS")


@frozen
class Configuration:
    """What the setting REMINDER_KIT says."""

    #: The file with the rules; None: all is in `options`.
    config: Path | None
    #: The alias of the database that holds the ledger's tables; None: the ledger is where the file says.
    database: str | None = "default"
    #: Who follows a commit.
    follow: str | None = "thread"
    #: Arguments of `ReminderKit` that win over the file.
    options: Mapping[str, Any] = field(factory=dict)

    def kit(self) -> ReminderKit:
        """Return a kit, made anew. Raises `ConfigurationError`, and `InvalidRuleError`."""
        from reminder_kit.kit.faces import ReminderKit

        arguments = {} if self.config is None else load(self.config).arguments()
        arguments = {"rules": (), **arguments, **self.options}
        if arguments.get("timezone") is None:
            arguments["timezone"] = settings.TIME_ZONE
        if self.database is not None:
            arguments["ledger"] = ledger_of(self.database, arguments.get("namespace", "default"))
        if "provider" not in arguments:
            raise ConfigurationError('REMINDER_KIT names no provider: set "CONFIG": "reminders.toml"')
        return ReminderKit(**arguments)


def configuration() -> Configuration:
    """Return what the project's settings say, checked. Raises `ConfigurationError`, naming the key."""
    given = getattr(settings, "REMINDER_KIT", {})
    if not isinstance(given, Mapping):
        raise ConfigurationError(f'REMINDER_KIT must be a dict, not {given!r}: {{"CONFIG": "reminders.toml"}}')
    for key in given:
        if key not in _KEYS:
            raise ConfigurationError(f"REMINDER_KIT has an unknown key {key!r}: {suggestion(str(key), _KEYS)}")
    follow = given.get("FOLLOW", "thread")
    if follow not in FOLLOWS:
        raise ConfigurationError(f"REMINDER_KIT: FOLLOW cannot be {follow!r}: write 'thread', 'celery' or None")
    database = given.get("DATABASE", "default")
    if database is not None and database not in settings.DATABASES:
        raise ConfigurationError(
            f"REMINDER_KIT: DATABASE names {database!r}, and DATABASES has {', '.join(map(repr, settings.DATABASES))}"
        )
    options = given.get("OPTIONS", {})
    config = given.get("CONFIG", None if "provider" in options else DEFAULT_PATH)
    return Configuration(None if config is None else _placed(config), database, follow, options)


def _placed(config: str | Path) -> Path:
    """Return the file's path: a relative one is in the project's BASE_DIR, where there is one."""
    return Path(getattr(settings, "BASE_DIR", ".")) / config
