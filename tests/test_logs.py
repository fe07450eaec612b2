"""The log: one line each, whatever a name, a path or a provider says."""

from __future__ import annotations

import logging

from reminder_kit.logs import LOG
from reminder_kit.providers.answers import short

EVIL = "x\n2026-01-01 ERROR forged\x1b[2J\u202e"
SHOWN = "x\\n2026-01-01 ERROR forged\\x1b[2J\\u202e"


def test_nobodys_words_begin_a_line_of_their_own(caplog):
    """What fills a line in is printable, numbers stay numbers, and the line itself stays apart for those who group."""
    caplog.set_level(logging.INFO, "reminder_kit")
    LOG.info("%s took %.1f s for %d", EVIL, 1.25, 3)
    LOG.info("%(who)s", {"who": EVIL})
    LOG.info(EVIL)
    LOG.warning("waits: %s", ValueError(EVIL))
    assert [record.getMessage() for record in caplog.records] == [
        f"{SHOWN} took 1.2 s for 3",
        SHOWN,
        SHOWN,
        f"waits: {SHOWN}",
    ]
    assert caplog.records[0].msg == "%s took %.1f s for %d"


def test_a_providers_words_are_one_printable_line():
    """What a provider says comes into errors without control characters."""
    assert short("no\x1b[2J\u202e credit\nat all") == "no\\x1b[2J\\u202e credit at all"
