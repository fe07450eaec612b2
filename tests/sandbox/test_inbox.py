"""The sandbox's page: there for browsers, and nothing to providers' requests."""

from __future__ import annotations

import re

from reminder_kit.sandbox import Call, Sandbox
from reminder_kit.sandbox.faults import KINDS


def page():
    return Sandbox(clock="2026-02-10T14:00:00Z").handle(Call("GET", "/"))


def test_the_page_is_one_document_that_needs_nothing_else():
    """No address outside of it; the browser runs its one script and no other."""
    answer = page()
    html = answer.body.decode()
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert not re.search(r"(src|href)=\"(https?:)?//", html)
    assert not re.search(r"\son\w+=|innerHTML", html)
    assert re.search(r"script-src 'sha256-[\w+/]+='", answer.headers["content-security-policy"])


def test_every_fault_there_is_can_be_switched_on():
    """The list of faults is that of the sandbox."""
    assert re.findall(r'<option value="([^"]*)">', page().body.decode()) == list(KINDS)


def test_looking_is_no_request_of_a_provider():
    """Neither counted nor met by a fault."""
    sandbox = Sandbox()
    sandbox.fault("503", None)
    assert sandbox.handle(Call("GET", "/")).status == 200
    assert (sandbox.request_count, len(sandbox.requests)) == (0, 0)
    assert sandbox.handle(Call("POST", "/")).status == 503
