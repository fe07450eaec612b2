"""A command that ends with the process that started it, whichever way that ends, on Linux.

A program of its own: `python ends_with_parent.py COMMAND …`. Never imports anything but the standard library.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress

_SET_PARENT_DEATH_SIGNAL = 1

if __name__ == "__main__":
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    os.execvp(sys.argv[1], sys.argv[1:])
