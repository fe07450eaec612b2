"""T."""

from __future__ import annotations

from reminder_kit.transport.asynchronous import AsyncIO
from reminder_kit.transport.blocking import BlockingIO, run_blocking
from reminder_kit.transport.pace import Pace

__all__ = ["AsyncIO", "BlockingIO", "Pace", "run_blocking"]
