"""Writes that are put off are made together, before anything else is asked or written, and in their order."""

from __future__ import annotations

import pytest
from sqlalchemy.dialects.sqlite.pysqlite import dialect

from reminder_kit.ledger.databases.write_behind import NotAsMeantError, WriteBehind
from reminder_kit.ledger.sql.each_row import EachRow


class Noting:
    """A runner that notes what it is to run."""

    dialect = dialect()
    kind = "sqlite"

    def __init__(self, touched=None):
        self.done = []
        self._touched = touched

    def statement(self, sql):
        self.done.append(("statement", sql))

    def pack(self, name, rows):
        return {name: rows}

    def rows(self, statement, **values):
        self.done.append(("rows", statement, values))
        return [statement]

    def run(self, statement, **values):
        self.done.append(("run", statement, values))
        return 7

    def many(self, statement, rows):
        self.done.append(("many", statement, list(rows)))
        return len(rows) if self._touched is None else self._touched


FIRST, SECOND = "first", "second"


def test_rows_of_one_statement_are_written_together_in_the_order_of_first_ones():
    """No rows are no write; a flush makes each once."""
    runner = Noting()
    behind = WriteBehind(runner)
    behind.defer(FIRST, [])
    behind.defer(SECOND, [{"a": 1}])
    behind.defer(FIRST, iter([{"a": 2}, {"a": 3}]))
    behind.defer(SECOND, [{"a": 4}])
    assert runner.done == []
    behind.flush()
    behind.flush()
    assert runner.done == [("many", SECOND, [{"a": 1}, {"a": 4}]), ("many", FIRST, [{"a": 2}, {"a": 3}])]
    assert behind.writes == 0


@pytest.mark.parametrize(
    ("call", "done", "answer", "writes"),
    [
        (lambda one: one.statement("SAVEPOINT x"), ("statement", "SAVEPOINT x"), None, 0),
        (lambda one: one.rows(SECOND, a=1), ("rows", SECOND, {"a": 1}), [SECOND], 0),
        (lambda one: one.run(SECOND, a=1), ("run", SECOND, {"a": 1}), 7, 1),
        (lambda one: one.many(SECOND, [{"a": 1}, {"a": 2}]), ("many", SECOND, [{"a": 1}, {"a": 2}]), 2, 1),
    ],
    ids=["a statement", "a question", "a write", "many writes"],
)
def test_whatever_is_run_comes_after_what_was_put_off(call, done, answer, writes):
    """And is answered as the runner answers; what wrote something is counted."""
    runner = Noting()
    behind = WriteBehind(runner)
    behind.defer(FIRST, [{"b": 1}])
    assert call(behind) == answer
    assert runner.done == [("many", FIRST, [{"b": 1}]), done]
    assert behind.writes == writes
    call(behind)
    assert behind.writes == 2 * writes
    assert (behind.kind, behind.dialect, behind.pack("rows", [(1,)])) == ("sqlite", runner.dialect, {"rows": [(1,)]})


@pytest.mark.parametrize(("each", "touched"), [(True, 1), (True, 3), (False, 1), (True, 2)])
def test_where_each_row_is_to_touch_one_the_number_must_be_right(each, touched):
    """Whoever meant it is told, and not for writes that may find nothing."""
    behind = WriteBehind(Noting(touched))
    behind.defer(FIRST, [{"a": 1}], each=each)
    behind.defer(FIRST, [{"a": 2}], each=each)
    if each and touched != 2:
        with pytest.raises(NotAsMeantError):
            behind.flush()
    else:
        behind.flush()


@pytest.mark.parametrize(
    ("apart", "rows", "taken"),
    [
        ((), [{"a": 1, "b": 1}, {"a": 1, "b": 1}], True),
        (("a",), [{"a": 1, "b": 1}, {"a": 2, "b": 1}], True),
        (("a",), [{"a": 1, "b": 1}, {"a": 1, "b": 2}], False),
        (("a", "b"), [{"a": 1, "b": 1}, {"a": 2, "b": 1}], False),
        (("a", "b"), [{"a": 1, "b": 1}], True),
        (("a",), [], True),
    ],
)
def test_rows_are_in_one_list_only_where_they_differ_in_what_must(apart, rows, taken):
    """In each of those columns."""
    assert EachRow("UPDATE", ("a", "b"), apart).takes(rows) is taken
