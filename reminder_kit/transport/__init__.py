"""T."""

from __future__ import annotations

from reminder_kit.transport.http import AsyncIO, BlockingIO, Pace, run_blocking

__all__ = ["AsyncIO", "BlockingIO", "Pace", "run_blocking"]
