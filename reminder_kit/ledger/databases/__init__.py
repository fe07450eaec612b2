"""Databases a ledger lives in: SQLite files, SQLite in memory, PostgreSQL, or a connection of the host's.

Never decides what is read or written: statements come from `ledger.sql`, their order from the ledger. May import
`errors`, `ledger.sql`, `ledger.versions` and SQLAlchemy. In reading order:

- `connections`: what each kind of database offers, which one an URL names, and PostgreSQL; `sqlite` has the others.
- `transactions`: how a transaction of an engine is opened, and ended.
- `sqlite_files`: how SQLite files are opened, with and without leaving a trace beside them.
- `patience`: for how long a lock is waited for.
- `private_files`: files that their owner alone may read; `access`: why this user may not open one.
- `runner`: prepared statements on a connection of SQLAlchemy's, or on cursors of a driver's.
- `write_behind`: a runner that puts writes off, in order to make them together.
- `host_connection`: the host's own connection, inside the host's own transaction.
- `failures`: what a database reports, as one line with the remedy.

To know:

- Transactions begin with an explicit `BEGIN` (`BEGIN IMMEDIATE` to write on SQLite): drivers' own ideas of when a
  transaction begins are off.
- A file is made for its owner alone, whatever the umask; one that is there keeps its mode.
- Reading changes nothing, not even a file beside an SQLite database, so that a plan and `doctor` can run anywhere.
- A commit that fails with its connection may have been carried out (`CommitError`): it is never simply repeated.
"""
