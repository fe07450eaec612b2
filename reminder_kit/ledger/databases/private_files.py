"""Private files: made so that nobody but their owner, or a group that is named, may read them, whatever the umask.

Never changes the mode of a file that is there already, and never has one open to more people for a moment.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

from reminder_kit.errors import ConfigurationError

__all__ = ["OWNER_ALONE", "copy_private", "create_private", "file_mode", "write_private"]

OWNER_ALONE = 0o600
"""The mode of files that hold numbers and texts, where nobody says otherwise."""

_MODES = re.compile(r"0?6[046]0")


def file_mode(value: Any, what: str) -> int:
    """Return the mode that a setting names; `what` is its name. Raises `ConfigurationError`.

    The owner always reads and writes, the group as it says, nobody else does anything.
    """
    if isinstance(value, str) and _MODES.fullmatch(value):
        return int(value, 8)
    raise ConfigurationError(
        f'{what} cannot be {value!r}: write "0600" (the owner alone, as usual), "0640" (the group may read) or "0660" '
        "(the group may write, too), in quotes"
    )


def create_private(path: Path, mode: int = OWNER_ALONE) -> bool:
    """Create an empty file of this mode; says whether it did: one that is there stays as it is. Raises `OSError`.

    A link that leads nowhere is followed, as SQLite follows it.
    """
    try:
        made = os.open(os.path.realpath(path), os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    except FileExistsError:
        return False
    try:
        if os.name == "posix":
            os.fchmod(made, mode)  # what the umask has taken away
    finally:
        os.close(made)
    return True


def write_private(path: Path, content: bytes) -> None:
    """Write a file whole; one that was not there is its owner's alone. Raises `OSError`."""
    create_private(path)
    path.write_bytes(content)


def copy_private(source: Path, target: Path) -> None:
    """Copy the content of a file into one that is its owner's alone. Raises `OSError`."""
    with source.open("rb") as original:
        create_private(target)
        with target.open("wb") as copy:
            shutil.copyfileobj(original, copy)
