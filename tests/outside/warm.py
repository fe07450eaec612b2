"""Run the command in processes that need not import it first: each request is a fork of this one, warmed up once.

Reads {"argv", "cwd", "env", "out", "err"} a line from stdin; writes the exit status of each.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
import time
from importlib import import_module

WARM = (
    *("alembic.command", "babel.dates", "click", "httpx", "icalendar", "jinja2.sandbox", "pendulum", "phonenumbers"),
    *("recurring_ical_events", "rich.progress", "rich.table", "sqlalchemy", "sqlalchemy.dialects.sqlite"),
    *("reminder_kit.cli", "reminder_kit.cli.runs", "reminder_kit.kit.faces", "reminder_kit.ledger.ledger"),
    *("reminder_kit.calendars", "reminder_kit.providers.telnyx.provider", "reminder_kit.config.loading"),
)


def child(wish):
    os.chdir(wish["cwd"])
    os.environ.clear()
    os.environ.update(wish["env"])
    time.tzset()
    for descriptor, path in ((1, wish["out"]), (2, wish["err"])):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv = ["reminder_kit", *wish["argv"]]
    try:
        runpy.run_module("reminder_kit", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


def main():
    for name in WARM:
        import_module(name)
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            status = 70
            try:
                status = child(json.loads(line))
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        print(status, flush=True)


if __name__ == "__main__":
    main()
