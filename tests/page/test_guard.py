"""Who may look, and from where; and that browsers keep nothing, run nothing of others, and tell nobody."""

from __future__ import annotations

import re

import pytest

from reminder_kit.page.asked import LARGEST, Asked
from reminder_kit.page.guard import TokenGuard, Visitor, from_here
from reminder_kit.page.rendering import policy
from tests.factories import NUMBER

HOST = "127.0.0.1:8321"


def asked(path="/", query="", **headers):
    return Asked("GET", path, "", query, {"host": HOST, **{name.replace("_", "-"): v for name, v in headers.items()}})


@pytest.fixture
def guard():
    return TokenGuard(frozenset({HOST}))


def test_the_token_leaves_the_address_for_a_cookie(guard):
    """The printed address leads to the same one without its token; the cookie is out of reach of scripts and sites."""
    answer = guard.admit(asked("/health", f"token={guard.token}&a=1"))
    headers = dict(answer.headers)
    assert (answer.status, headers["location"]) == (303, "/health?a=1")
    assert re.fullmatch(r"reminder_kit_page=[0-9a-f]{64}; Path=/; HttpOnly; SameSite=Strict", headers["set-cookie"])
    assert guard.token not in headers["set-cookie"]
    cookie = headers["set-cookie"].partition(";")[0]
    assert guard.admit(asked(cookie=cookie)) == Visitor("the page")


@pytest.mark.parametrize("cookie", ["", "reminder_kit_page=", "reminder_kit_page=0", "other=1", "\x00;;=", "é=1"])
def test_without_the_cookie_nobody_is_let_in(guard, cookie):
    """Neither without a cookie nor with another one; the answer says where the right address is."""
    answer = guard.admit(asked(cookie=cookie))
    assert answer.status == 403
    assert b"reminder-kit serve" in answer.body


def test_a_wrong_token_is_refused(guard):
    """Also by who has a valid cookie, and whatever characters it has."""
    for wrong in ("", "x", guard.token[:-1], "%C3%A9"):
        assert guard.admit(asked(query=f"token={wrong}")).status == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "", "127.0.0.1:8321.evil.example"])
def test_another_host_is_refused_whatever_it_brings(guard, host):
    """A name that was bound to this machine from outside gets nothing (DNS rebinding), not even with the token."""
    assert guard.admit(asked(query=f"token={guard.token}", host=host)).status == 421


def test_every_answer_is_kept_by_nobody_and_framed_by_nobody(told, browser):
    """Pages, errors and refusals alike carry the headers."""
    for page in (browser().get("/"), browser().get("/nope"), browser().post("/act")):
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["x-frame-options"] == "DENY"
        assert page.headers["x-content-type-options"] == "nosniff"
        said = page.headers["content-security-policy"]
        assert "default-src 'none'" in said
        assert "frame-ancestors 'none'" in said
        assert "unsafe" not in said


def test_the_policy_names_the_one_script_and_style(told, browser):
    """Their digests are those of what stands in the page, so that a browser runs it and nothing else."""
    import base64
    from hashlib import sha256

    html = browser().get("/").html
    for tag in ("style", "script"):
        (found,) = re.findall(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        assert f"'sha256-{base64.b64encode(sha256(found.encode()).digest()).decode()}'" in policy()
    assert not re.search(r"\s(on\w+|style)=", html)
    assert not re.search(r"(src|href)=\"(https?:)?//", html)


@pytest.mark.parametrize(
    ("headers", "csrf"),
    [
        ({}, ""),
        ({}, "0" * 64),
        ({"sec-fetch-site": "cross-site"}, None),
        ({"origin": "https://evil.example", "host": HOST}, None),
        ({"origin": "null", "host": HOST}, None),
        ({"content-type": "text/plain"}, None),
    ],
)
def test_a_form_of_another_site_is_refused(told, browser, headers, csrf):
    """Without its secret, from elsewhere, or not posted as a form: nothing is done."""
    desk = browser(actions=True)
    secret = desk.get("/").csrf if csrf is None else csrf
    assert desk.post("/act", headers, csrf=secret, act="suppress", number=NUMBER).status == 403
    assert told.status().suppressions == 0


def test_a_forms_secret_is_of_one_visitor(told, browser):
    """Another visitor's secret, of the same page, is none."""
    ben = browser(actions=True, who="ben@clinic")
    assert ben.post("/act", csrf=browser(actions=True).get("/").csrf, act="suppress", number=NUMBER).status == 403


def test_no_address_holds_a_name_or_a_number(told, browser):
    """Neither links nor forms' addresses: they stay in histories and logs."""
    desk = browser(actions=True)
    for page in (desk.get("/day/2026-02-12"), desk.get("/person/1.0"), desk.send("/search", q="ben")):
        for address in re.findall(r'(?:href|action)="([^"]*)"', page.html):
            assert not re.search(r"\+?1?202555|Ada|Ben", address), address


def test_a_form_that_can_not_be_read_is_no_form():
    """Bytes that are no text, too many fields, another kind: empty, and never an error."""
    kind = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    assert Asked("POST", "/", headers=kind, body=b"a=%C3%A9&b=").form == {"a": "é", "b": ""}
    assert Asked("POST", "/", headers=kind, body=b"\xff=1").form == {}
    assert Asked("POST", "/", headers=kind, body=b"&".join([b"a=1"] * 30)).form == {}
    assert Asked("GET", "/", headers=kind, body=b"a=1").form == {}
    assert LARGEST >= 1024


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "null", "//", "https://evil.example", "\x00"])
def test_what_comes_from_elsewhere_or_nowhere_is_not_from_here(origin):
    """Whatever stands there: one that is no address is none of ours."""
    assert not from_here(asked(origin=origin))


def test_an_address_with_more_parameters_than_ours_have_has_none():
    """So it is answered as one without them, whoever asks."""
    assert asked(query="&".join(f"a{n}=1" for n in range(20))).query["a19"] == "1"
    assert asked(query="&".join(f"a{n}=1" for n in range(21))).query == {}
