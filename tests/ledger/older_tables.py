"""Tables as older libraries made them: by the migrations of that time, filled with what each version can hold."""

from __future__ import annotations

import sqlalchemy as sa

from reminder_kit.ledger import versions
from reminder_kit.ledger.sql.row_mapping import message_values, micros, outcome_values
from reminder_kit.ledger.sql.tables import VERSION_TABLE
from reminder_kit.testing.ledger_contract import NOW, incoming, message, outcome


def made_as_of(ledger, version):
    """Make the tables of an older version, by the migrations of that time."""
    from alembic import command
    from alembic.config import Config

    if ledger._database.kind == "sqlite":
        ledger._database.path.touch()  # a file that is there is not made by copying one of this version
    ledger._database.create()
    with ledger._database.writing() as connection:
        options = {"connection": connection, "schema": None, "version_table": VERSION_TABLE}
        config = Config(attributes=options)
        config.set_main_option("script_location", str(versions._MIGRATIONS).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        command.upgrade(config, version)


def filled(ledger, count):
    """Fill the tables, whatever their version, with appointments that each have a parked message."""
    with ledger._database.writing() as connection:
        metadata = sa.MetaData()
        metadata.reflect(connection, only=lambda name, _: name.startswith("reminder_kit"))
        tables = {name.removeprefix("reminder_kit_"): table for name, table in metadata.tables.items()}
        for number in range(1, count + 1):
            recorded = incoming(f"A-{number}")
            start_at, text = micros(recorded.appointment.start_at), {"namespace": "default"}
            row = {
                "row_id": number, "id": f"A-{number}", "source": "default", "recurrence_id": "", "revision_kind": "",
                "snapshot": recorded.snapshot, "fingerprint": recorded.fingerprint, "revision": "", "generation": 1,
                "fence": 0, "dirty": False, "removed": False, "planned_with": "x", "starts_at": start_at,
                "ends_at": start_at, "recorded_at": micros(NOW), "next_at": start_at,
            }  # fmt: skip
            connection.execute(tables["appointments"].insert(), row | text)
            values = message_values("default", number, message(id=f"M-{number}", key=f"K-{number}"), "day-before", "P")
            known = {name: value for name, value in values.items() if name in tables["messages"].c}
            connection.execute(tables["messages"].insert(), known)
            values = outcome_values("default", number, outcome(key=f"K-{number}"))
            connection.execute(tables["reminders"].insert(), values)
