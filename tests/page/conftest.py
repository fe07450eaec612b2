"""Fixtures of the page's tests: a kit with Ada's and Ben's appointments, and browsers without a browser."""

from __future__ import annotations

import re

import pytest
from attrs import define, field

from reminder_kit import ReminderKit
from reminder_kit.page import PageWsgi
from reminder_kit.page.asked import Asked
from reminder_kit.page.guard import Visitor
from reminder_kit.providers.telnyx import Telnyx
from reminder_kit.sandbox import SandboxTransport
from reminder_kit.transport.blocking import run_blocking
from tests.factories import DAY, HOUR, SENDER, visit

BEN = "+12025550177"


@pytest.fixture
def kit(sandbox, tmp_path):
    """A kit with two rules on an SQLite file."""
    provider = Telnyx("KEY", SENDER, public_key=sandbox.public_key)
    options = {"timezone": "America/New_York", "default_region": "US", "clock": sandbox.clock}
    with ReminderKit(
        provider, [DAY, HOUR], f"sqlite:///{tmp_path / 'r.db'}", transport=SandboxTransport(sandbox), **options
    ) as made:
        yield made


@pytest.fixture
def told(kit, sandbox):
    """Two appointments on Thursday, of which people were told on Wednesday; it is Wednesday evening."""
    kit.sync([visit("A-1"), visit("A-2", 11, name="Ben", phone=BEN, title="Cleaning", location="Room 2")])
    sandbox.clock.advance(days=1, hours=8)
    kit.resync()
    return kit


@define
class Browser:
    """Asks the page as a browser would, for one visitor."""

    desk: object
    who: str = "ada@clinic"
    headers: dict = field(factory=dict)

    def get(self, path, **more):
        place, _, query = path.partition("?")
        return Shown(
            run_blocking(self.desk.answer(Asked("GET", place, query_string=query, headers=self.headers, **more)))
        )

    def post(self, path, headers=(), **form):
        from urllib.parse import urlencode

        kind = {"content-type": "application/x-www-form-urlencoded", **self.headers, **dict(headers)}
        return Shown(run_blocking(self.desk.answer(Asked("POST", path, headers=kind, body=urlencode(form).encode()))))

    def send(self, path, **form):
        """Post a form of the page itself, with the secret that it carries."""
        return self.post(path, csrf=self.get("/").csrf, **form)


@define
class Shown:
    """What came back."""

    answer: object

    @property
    def status(self):
        return self.answer.status

    @property
    def html(self):
        return self.answer.body.decode()

    @property
    def text(self):
        """The text without markup, spaces as one."""
        import html

        body = re.sub(r"<(style|script)>.*?</\1>", " ", self.html, flags=re.DOTALL)
        return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())

    @property
    def csrf(self):
        return re.search(r'name="csrf" value="([0-9a-f]+)"', self.html)[1]

    @property
    def headers(self):
        return dict(self.answer.headers)


@pytest.fixture
def browser(kit):
    """Return a factory of browsers, with or without actions."""

    def make(*, actions=False, who="ada@clinic", may_act=True):
        page = PageWsgi(kit, lambda _environ: Visitor(who, may_act), actions=actions, secret="s")
        return Browser(page.desk, who)

    return make
