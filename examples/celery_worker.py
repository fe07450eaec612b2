"""A Celery worker that does the batch job, and follows what the application records.

Run it: `celery --app celery_worker worker --beat`, and as many further ones without `--beat` as are wanted, on as many
machines: they share what is due, in shards, where the ledger is PostgreSQL (needs `reminder-kit[celery]`, a broker,
TELNYX_API_KEY and the reminders.toml of this folder). In the application, after a commit: `from celery_worker import
tasks; tasks.wake()`.
"""

from __future__ import annotations

import os

from celery import Celery

from reminder_kit import ReminderKit
from reminder_kit.integrations.celery import setup

app = Celery("clinic", broker=os.environ.get("BROKER_URL", "redis://localhost:6379/0"))


def make_kit() -> ReminderKit:
    """Return a kit of the worker process' own, by the rules that code and cron share."""
    return ReminderKit.from_config("reminders.toml")


tasks = setup(
    app,
    make_kit,
    every=os.environ.get("REMINDERS_EVERY", "60s"),
    shard=int(os.environ.get("REMINDERS_SHARD", "200")),
)
