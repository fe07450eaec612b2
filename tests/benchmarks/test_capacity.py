"""A ledger of a hundred thousand appointments on PostgreSQL: what it weighs, and what its daily work reads of it.

`python -m pytest -s -m benchmark tests/benchmarks/test_capacity.py`; the figures in the guide's `capacity` are of
`python -m tests.benchmarks.capacity URL COUNT`.
"""

from __future__ import annotations

import pytest

from tests.benchmarks.capacity import main
from tests.postgres import fresh_database

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(900)]

COUNT, DUE, BYTES = 100_000, 500, 5_000
"""Appointments, of these due in one night, and bytes that one may take, with its reminders, messages and history."""
COUNTING = {"the batch job, a thousand of them new", "the batch job, nothing due", "status", "record a thousand"}
"""Verbs that count all there is, or write so much at once that PostgreSQL may rather read on."""


def test_daily_work_reads_no_table_from_end_to_end(postgres_server):
    """Only what counts all there is does; an appointment weighs what the guide says."""
    with fresh_database(postgres_server) as url:
        found = main(url, COUNT, DUE)
    print(f"\n{found['weight']['bytes_by_appointment']} bytes an appointment, night: {found['night']}")
    for name, verb in found["verbs"].items():
        print(f"{verb['seconds']:8.3f} s  {name}")
    whole = {name: verb["read_whole"] for name, verb in found["verbs"].items() if name not in COUNTING}
    assert not any(whole.values())
    assert found["weight"]["bytes_by_appointment"] <= BYTES
    assert found["night"]["parked"] >= DUE
