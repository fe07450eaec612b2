"""A Flask application on sqlite3: a booking and what it is reminded of are one transaction of one database.

Serve it: `flask --app flask_app:main run` (needs `reminder-kit[flask,webhooks]`, TELNYX_API_KEY and TELNYX_PUBLIC_KEY);
from cron: `flask --app flask_app:main reminders resync`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

from flask import Flask, abort, jsonify, request
from flask.typing import ResponseReturnValue

from reminder_kit import Appointment, Recipient, ReminderKit, Rule
from reminder_kit.integrations.flask import Reminders
from reminder_kit.providers.telnyx import Telnyx

RULES = [Rule("day-before", before="24 hours", text="Hi {{ recipient.name or 'there' }}, see you {{ when }}.")]
TABLE = "CREATE TABLE IF NOT EXISTS bookings (id INTEGER PRIMARY KEY, name TEXT, phone TEXT, starts_at TEXT)"


def appointment(row: tuple[int, str, str, str]) -> Appointment:
    """Return the appointment that a row is."""
    number, name, phone, starts_at = row
    return Appointment(str(number), datetime.fromisoformat(starts_at), recipients=[Recipient(phone, name=name)])


def application(kit: ReminderKit, file: Path) -> Flask:
    """Return the application around a kit, whose ledger is in the same file as the bookings."""

    def connect() -> closing[sqlite3.Connection]:
        return closing(sqlite3.connect(file))

    def live() -> Iterator[Appointment]:
        with connect() as db:
            yield from (appointment(row) for row in db.execute("SELECT * FROM bookings"))

    app = Flask("clinic")
    reminders = Reminders(kit, app, live=live)
    kit.ledger.upgrade()
    with connect() as db:
        db.execute(TABLE)

    @app.post("/bookings")
    def book() -> ResponseReturnValue:
        asked = (request.form["name"], request.form["phone"], request.form["starts_at"])
        with connect() as db, reminders.transaction(db) as tx:
            made = db.execute("INSERT INTO bookings (name, phone, starts_at) VALUES (?, ?, ?) RETURNING *", asked)
            row = made.fetchone()
            tx.saved(appointment(row))
        return jsonify(id=row[0]), 201

    @app.put("/bookings/<int:number>")
    def move(number: int) -> ResponseReturnValue:
        with connect() as db, reminders.transaction(db) as tx:
            values = (request.form["starts_at"], number)
            row = db.execute("UPDATE bookings SET starts_at = ? WHERE id = ? RETURNING *", values).fetchone()
            if row is None:
                abort(404)
            tx.saved(appointment(row))
        return "", 204

    @app.delete("/bookings/<int:number>")
    def cancel(number: int) -> ResponseReturnValue:
        with connect() as db, reminders.transaction(db) as tx:
            db.execute("DELETE FROM bookings WHERE id = ?", (number,))
            tx.gone(str(number))
        return "", 204

    return app


def main() -> Flask:
    """Return the application as it is served."""
    file = Path("clinic.db")
    return application(ReminderKit(Telnyx(from_="+12025550100"), RULES, f"sqlite:///{file}"), file)
