"""A run that is interrupted (Ctrl-C, SIGTERM): what was done by then, and what finishes the rest.

Never loses anything: each intent is in the ledger before its request leaves, and requests under way are waited for.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from reminder_kit.cli.output import say
from reminder_kit.cli.progress import Counting

if TYPE_CHECKING:
    from reminder_kit.kit.faces import ReminderKit

__all__ = ["Terminated", "telling_if_interrupted", "terminable"]


class Terminated(KeyboardInterrupt):
    """The process was asked to end (SIGTERM): its exit status is 143, as the shell knows it, and not 130."""


@contextmanager
def telling_if_interrupted(kit: ReminderKit) -> Iterator[None]:
    """Carry out a run; where it is interrupted, say what was done, and by what the rest is finished."""
    with terminable():
        try:
            yield
        except KeyboardInterrupt:
            say(f"interrupted{_done(kit)}: what was begun is recorded, and the next `reminder-kit resync` finishes it")
            raise


def _done(kit: ReminderKit) -> str:
    """Return what the provider has answered by now, in words; "" where the kit is the app's own."""
    counting: object = kit.provider
    if not isinstance(counting, Counting):
        return ""
    return f" after {counting.parked} parked and {counting.withdrawn} withdrawn"


@contextmanager
def terminable() -> Iterator[None]:
    """Have SIGTERM end what is done meanwhile as Ctrl-C does; only the main thread can say so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(_number: int, _frame: FrameType | None) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
