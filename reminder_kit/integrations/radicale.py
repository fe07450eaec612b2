"""Radicale 3: a hook, by which its calendars are reminded of.

Never works under the storage's lock, which Radicale holds while it calls a hook: it only marks, and a thread reads the
collection afterwards, as a complete source. Never fails a request.

    [hook]
    type = reminder_kit.integrations.radicale

The environment says which kit: REMINDER_KIT_APP ("package.module:kit"), else REMINDER_KIT_CONFIG, else reminders.toml
in the server's folder. `reminder-kit resync` with the same file, from cron, does what time brings. Each collection is a
source of its own, named "user/collection"; all of them are read as the server starts, and one each time it changes.
(Radicale tells no hook of a MOVE or of a new collection: those are seen with the next change, or at the next start.)
"""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock
from typing import Any

from radicale.hook import BaseHook

from reminder_kit.config.loading import DEFAULT_PATH
from reminder_kit.errors import CalendarError, InvalidInputError, ReminderKitError, UnsafePlanError, unforeseen
from reminder_kit.kit.faces import ReminderKit
from reminder_kit.kit.following import Follower
from reminder_kit.logs import LOG
from reminder_kit.webhook_app import CONFIG_VARIABLE

__all__ = ["Hook"]

_APP_VARIABLE = "REMINDER_KIT_APP"
_CONTACTS = ("VCARD", "VADDRESSBOOK")


def _kit() -> ReminderKit:
    """Return the kit that the environment names; raises `ConfigurationError`, `InvalidInputError` for an async one."""
    name = os.environ.get(_APP_VARIABLE)
    if not name:
        return ReminderKit.from_config(os.environ.get(CONFIG_VARIABLE) or DEFAULT_PATH)
    from reminder_kit.cli.own_kit import own_kit

    kit = own_kit(name, f"{_APP_VARIABLE}={name}").kit
    if not isinstance(kit, ReminderKit):
        raise InvalidInputError(f"{_APP_VARIABLE}={name} is an async kit: Radicale's threads need a ReminderKit")
    return kit


class Hook(BaseHook):
    """What Radicale calls for each change, under its lock: it notes which collection it was, and wakes a thread."""

    def __init__(self, configuration: Any) -> None:
        super().__init__(configuration)
        self._root = Path(configuration.get("storage", "filesystem_folder")) / "collection-root"
        self._lock = Lock()
        #: The collections that changed, each with the ids of events that were deleted from it.
        self._marked: dict[str, set[str]] = {}
        self.kit = _kit()
        self.follower = Follower(self.kit, job=self._read_marked)
        for collection in self._root.glob("*/*"):
            if collection.is_dir() and not collection.name.startswith("."):
                self._marked[f"{collection.parent.name}/{collection.name}"] = set()
        if self._marked:
            self.follower.wake()

    @property
    def enabled(self) -> bool:
        """Say yes: it was configured."""
        return True

    def notify(self, notification_item: Any) -> None:
        """Mark the collection of a change; returns at once."""
        if not notification_item.point or notification_item.content_type in _CONTACTS:
            return
        with self._lock:
            gone = self._marked.setdefault(notification_item.point, set())
            if notification_item.type == "delete" and notification_item.uid:
                gone.add(notification_item.uid)
        self.follower.wake()

    # In the thread

    def _read_marked(self) -> None:
        while True:
            with self._lock:
                if not self._marked:
                    return
                point = next(iter(self._marked))
                gone = self._marked.pop(point)
            try:
                self._read(point, gone)
            except Exception as error:  # noqa: BLE001 - the other collections are read all the same
                told = str(error) if isinstance(error, ReminderKitError) else unforeseen(error)
                LOG.error("collection %s could not be followed: %s (its next change does it)", point, told)

    def _read(self, point: str, gone: set[str]) -> None:
        """Withdraw what was deleted from a collection, then have the rest be all that it has.

        What is deleted is named, since the last event of a collection leaves nothing that could be read as complete.
        """
        folder = self._root / point
        for uid in gone:
            self.kit.withdraw(uid, point)
        if not folder.is_dir() or not any(not file.name.startswith(".") for file in folder.glob("*.ics")):
            return
        try:
            report = self.kit.import_calendar(folder, point, complete=True)
        except UnsafePlanError as error:
            LOG.error("collection %s: %s", point, error)
            return
        for problem in report.problems:
            LOG.warning("collection %s: %s", point, problem if isinstance(problem, CalendarError) else str(problem))
