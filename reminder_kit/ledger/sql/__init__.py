"""The ledger's SQL: its tables, every statement on them as SQLAlchemy Core constructs, and rows as values.

Never opens a connection and never runs anything: `ledger.databases` does. May import `model` and SQLAlchemy, nothing
else. In reading order:

- `tables`: the ten tables, with a word on each column.
- `builder`: what statements are built from: lists handed over as one value, upserts that write only what differs.
- `each_row`: a statement for a list of rows (PostgreSQL), in the place of one that is run for each of them (SQLite).
- `queries`, `updates`, `message_statements`, `phone_statements`: what is asked, what is written of appointments, what
  is written of reminders and messages, and both for the numbers that appointments are for; `rename_statements`: what
  is written where an appointment gets another identity.
- `statements`: all of them together, built once for each schema and kind of database.
- `row_mapping`: from rows to the values of `reminder_kit.model`, and back.

To know:

- A statement's text never depends on how many values it is given, so that it is compiled once for each driver and run
  as text after that.
- Instants are microseconds since 1970 (UTC) in every table: SQLite has no type for them, and PostgreSQL's would come
  back in the zone of the session.
- Column names are what released migrations say they are; a field of `reminder_kit.model` may be called otherwise
  (`stand` is `ReminderRecord.status`, `told` is `Message.includes`).
"""
