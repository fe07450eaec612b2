"""The page as a view of Django's: behind Django's own users, below any path, with forms of its own."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from reminder_kit.page import Visitor, django_view
from tests.factories import NUMBER

pytest_plugins = ["tests.integrations.clinic.project"]


@pytest.fixture
def ask(told, django):
    """Return a function that asks the view, mounted at /clinic/reminders/."""
    from django.test import RequestFactory

    view = django_view(told, lambda request: getattr(request, "visitor", None), actions=True, secret="s")

    def ask(path="", visitor="ada", **form):
        factory, whole = RequestFactory(), f"/clinic/reminders/{path}"
        kind = "application/x-www-form-urlencoded"
        request = factory.generic("POST", whole, urlencode(form), kind) if form else factory.get(whole)
        request.visitor = visitor
        return view(request, path)

    return ask


def test_links_lead_below_the_path_where_it_is_mounted(ask):
    """Also from a page further down; headers are those of every door."""
    for path in ("", "day/2026-02-12"):
        answer = ask(path)
        assert (answer.status_code, answer["cache-control"]) == (200, "no-store")
        assert 'href="/clinic/reminders/attention"' in answer.content.decode()


def test_who_is_not_permitted_gets_nothing(ask):
    """The host's function decides, and says who may act."""
    assert ask(visitor=None).status_code == 403
    assert b"Send nothing" not in ask("person/1.0", Visitor("ben", may_act=False)).content


def test_forms_are_taken_without_djangos_own_token(ask, told):
    """They carry the page's: a search finds, an action is carried out and noted."""
    csrf = ask().content.decode().partition('name="csrf" value="')[2].partition('"')[0]
    assert b"Cleaning" in ask("search", csrf=csrf, q="ben").content
    assert b"Nothing is sent to this number" in ask("act", csrf=csrf, act="suppress", number=NUMBER).content
    assert ask("act", csrf="0", act="allow", number=NUMBER).status_code == 403
    assert told.person(NUMBER)["looks"][-1]["who"] == "ada"


@pytest.mark.parametrize("length", ["9" * 5000, "16385", "x", "-1"])
def test_a_body_of_a_length_that_no_form_has_is_none(told, django, length):
    """The page answers as it does to a form that is not its own."""
    from django.test import RequestFactory

    view = django_view(told, lambda _request: "ada", actions=True, secret="s")
    request = RequestFactory().generic("POST", "/r/search", b"q=ben", "application/x-www-form-urlencoded")
    request.META["CONTENT_LENGTH"] = length
    assert view(request, "search").status_code == 403
