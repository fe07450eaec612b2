"""The log: the logger `reminder_kit`, each of whose lines is one line that any terminal can show.

Never adds a handler and never sets a level: where lines go, and which, is the host's.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from numbers import Number
from typing import Any

from reminder_kit.text.printable import printable

__all__ = ["LOG"]

LOG = logging.getLogger("reminder_kit")
"""What the whole package logs to."""


def _show_one_line(record: logging.LogRecord) -> bool:
    """Make what a line is filled in with printable: a name, a path or a provider's words must not begin another one.

    The line itself stays apart from what fills it in, for those who group lines by it.
    """
    if not record.args:
        record.msg = printable(record.msg)
    elif isinstance(record.args, Mapping):
        record.args = {name: _shown(value) for name, value in record.args.items()}
    else:
        record.args = tuple(_shown(value) for value in record.args)
    return True


def _shown(value: Any) -> Any:
    return value if isinstance(value, Number) else printable(value)


LOG.addFilter(_show_one_line)
