"""A fleet on PostgreSQL alone: Procrastinate's workers do the batch job, and follow what the application records.

Its queue is in the database of the ledger, so there is no broker to run. Once: `python -m procrastinate --app
procrastinate_worker.app schema --apply` and `reminder-kit ledger upgrade`. Then, as often and on as many machines as
wanted: `python -m procrastinate --app procrastinate_worker.app worker --delete-jobs successful`, without which the jobs
of each minute stay in its table (needs `procrastinate`, `reminder-kit[postgres]`, TELNYX_API_KEY and the reminders.toml
of this folder). A worker ends where its database goes away: have it started again, as systemd and Kubernetes do. In the
application, after a commit: `from procrastinate_worker import follow; follow.defer()`.

Nothing rests on the queue: a job that is done twice, or never, costs nothing but time. Whatever a worker that was
killed left open is settled by the next round, from the ledger.
"""

from __future__ import annotations

import os
from functools import cache

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued

from reminder_kit import ReminderKit

URL = os.environ.get("DATABASE_URL", "postgresql:///clinic")
SHARD = int(os.environ.get("REMINDERS_SHARD", "200"))
EVERY = os.environ.get("REMINDERS_EVERY", "* * * * *")  # as cron has it, or with seconds at its end
app = App(connector=PsycopgConnector(conninfo=URL), import_paths=["procrastinate_worker"])


@cache
def kit() -> ReminderKit:
    """Return the kit of this process; the ledger's address stands in reminders.toml, or is that of the queue."""
    return ReminderKit.from_config("reminders.toml", ledger=URL)


@app.periodic(cron=EVERY)
@app.task(queueing_lock="resync", pass_context=False)
def resync(timestamp: int) -> None:
    """Do the batch job: hand out all of it but one shard, and do that one."""
    del timestamp
    shards = kit().shards(SHARD)
    for part in shards.others:
        try:  # one that waits already, of an earlier round, is enough
            resync_shard.configure(queueing_lock=f"shard {part[0]}").defer(rows=list(part))
        except AlreadyEnqueued:
            continue
    kit().resync(shard=shards.own)


@app.task
def resync_shard(rows: list[int]) -> None:
    """Do a part of the batch job."""
    kit().resync(shard=rows)


@app.task(queueing_lock="follow")
def follow() -> None:
    """Look at what was recorded since."""
    kit().resync(only_dirty=True)
