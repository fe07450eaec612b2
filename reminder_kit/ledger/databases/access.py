"""Access: why this user may not open or write a file, as what is wrong and what helps.

Never changes anything, and opens nothing.
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["refused"]

_FOR_A_GROUP = 'for a group, `chgrp` and `chmod 0660` it, and set `[ledger] mode = "0660"` for files that are made anew'


def refused(path: Path, *, to_write: bool) -> str:
    """Return what keeps a file from being opened (`to_write`: from being written), and what helps."""
    folder = path.parent
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        if not folder.is_dir():
            return f"can't be opened: there is no folder {folder}: create its folder, or name another file"
        return f"can't be created by {_user()}: {_owned('its folder', folder)}: make the folder writable for this user"
    except OSError:
        return f"may not be opened by {_user()}: {_owned('its folder', folder)}: make the folder accessible to it"
    facts = f"{_owned('the file', path)}, {_owned('its folder', folder)}"
    helps = "make the file and its folder {} for this user, or run as the file's owner; " + _FOR_A_GROUP
    if not _may(path, os.R_OK):
        return f"may not be opened by {_user()}: {facts}: {helps.format('accessible')}"
    if to_write or not (_may(path, os.W_OK) and _may(folder, os.W_OK)):
        return f"is read-only for {_user()}: {facts}: {helps.format('writable')}"
    return f"can't be opened by {_user()}, although it may be ({facts}): too many files may be open (`ulimit -n`)"


def _may(path: Path, how: int) -> bool:
    return os.access(path, how, effective_ids=os.access in os.supports_effective_ids)


def _user() -> str:
    """Return this process' user, in words."""
    if not hasattr(os, "geteuid"):
        return "this user"
    return f"user {_name_of(os.geteuid())}"


def _name_of(number: int) -> str:
    """Return a user's name; its number where it has none."""
    try:
        import pwd

        return pwd.getpwuid(number).pw_name
    except (ImportError, KeyError):
        return f"{number}"


def _owned(what: str, path: Path) -> str:
    """Return whose a file is, and its mode, in words."""
    try:
        found = path.stat()
    except OSError:
        return f"{what} can't be looked at"
    return f"{what} is {_name_of(found.st_uid)}'s, mode {found.st_mode & 0o7777:04o}"
