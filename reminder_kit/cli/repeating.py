"""A job done again and again, until the process is asked to end.

Never ends for a failure that may have passed by the next time.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from datetime import timedelta

from reminder_kit.cli.output import say
from reminder_kit.cli.streams import with_what_was_lost
from reminder_kit.errors import ConfigurationError, LedgerError, ProviderError, UnsafePlanError

__all__ = ["repeated"]


def repeated(job: Callable[[], int], pause: timedelta) -> int:
    """Do a job again and again until terminated; a failure that may have passed by the next time does not end it.

    What is wrong with its configuration ends it unless a run found all right: then a file is being replaced.
    """
    stop = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: stop.set())
    status, was_right = 0, False
    try:
        while not stop.is_set():
            try:
                status = job()
                was_right = True
            except (LedgerError, ProviderError, UnsafePlanError) as error:
                _tell(error, pause)
                status = 3 if isinstance(error, UnsafePlanError) else 1
            except ConfigurationError as error:
                if not was_right:
                    raise
                _tell(error, pause)
                status = 2
            status = with_what_was_lost(status)
            stop.wait(pause.total_seconds())
    finally:
        signal.signal(signal.SIGTERM, before)
    return status


def _tell(error: Exception, pause: timedelta) -> None:
    say(f"error: {error} (next try in {pause.total_seconds():g} s)")
