"""The report: one file that needs nothing else, streamed, and for its owner alone."""

from __future__ import annotations

import re
import stat
from datetime import timedelta

import pytest

from reminder_kit.errors import LedgerError
from reminder_kit.page import write_report
from reminder_kit.page.report import _PAGE, report_pieces
from tests.factories import NUMBER, START, visit


def test_a_report_has_what_was_sent_in_one_file(told, tmp_path):
    """Messages with names, texts and states; numbers are masked; nothing is fetched from elsewhere."""
    file = tmp_path / "report.html"
    write_report(told, file, START - timedelta(days=1))
    html = file.read_text(encoding="utf-8")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for part in ("Ada", "Check-up tomorrow at 9:00 AM", "+12…23", "delivered", '<svg class="plot"', "100%"):
        assert part in html
    assert NUMBER not in html
    assert not re.search(r"(src|href)=\"(https?:)?//|<script|<form", html)
    assert not list(tmp_path.glob(".report*"))


def test_an_anonymous_report_names_nobody(told, tmp_path):
    """Neither names nor titles nor texts: what is left is numbers."""
    write_report(told, tmp_path / "r.html", START - timedelta(days=1), anonymous=True)
    html = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert not re.search("Ada|Ben|Check-up|Cleaning|A-1", html)
    assert "+12…23" in html
    assert "delivered" in html


def test_only_what_went_out_in_the_time_is_told(told, tmp_path):
    """What is parked for later, and what went out before, is left out."""
    html = "".join(report_pieces(told, told.now() - timedelta(hours=1)))
    assert "No message went out in this time" in html
    assert "Soon:" not in html


def test_a_report_that_fails_leaves_what_was_there(told, tmp_path, monkeypatch):
    """The file is replaced once the new one is whole; nothing else is left behind."""
    file = tmp_path / "report.html"
    file.write_text("before")

    def broken(_question):
        raise LedgerError("gone")

    monkeypatch.setattr(told.ledger, "read", broken)
    with pytest.raises(LedgerError):
        write_report(told, file, START)
    assert file.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".report")] == []


def test_messages_are_read_a_page_at_a_time_each_once(kit, sandbox):
    """Also where more than a page go out at one instant: none is left out, none comes twice."""
    from reminder_kit.page.report import _every_message

    count = _PAGE + 30
    kit.sync([visit(f"A-{n}", phone=f"+1202555{n:04}") for n in range(count)])
    sandbox.clock.advance(days=1, hours=8)
    found = [told.identity.id for told in _every_message(kit, START, kit.now())]
    assert len(found) == len(set(found)) == count
