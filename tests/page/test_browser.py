"""The page, and the sandbox's inbox, in a real browser: headless Chromium from the distribution's packages.

Each page is looked at empty and with people, whose names are markup; light and dark, wide and narrow; axe finds nothing
against WCAG 2.2 AA, and the console says nothing.
"""

from __future__ import annotations

import shutil
import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
import sqlalchemy as sa

from reminder_kit.page import PageWsgi, write_report
from reminder_kit.page.guard import TokenGuard
from reminder_kit.sandbox import serve
from tests.factories import NUMBER, START, visit
from tests.ledger.grown import grow

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

EVIL = "<img src=x onerror=alert(1)> Łucja \u202e <script>alert(2)</script>"
PAGES = ("/", "/day/2026-02-12", "/person/1.0", "/attention", "/health", "/rules", "/nope")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module")
def chromium():
    """Headless Chromium."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "Chromium is missing: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


class Silent(WSGIRequestHandler):
    """Serves without a log."""

    def log_message(self, *_):
        pass


@pytest.fixture
def served(kit):
    """The page on loopback, as `serve --actions` has it: its address with the token."""
    server = make_server("127.0.0.1", 0, None, handler_class=Silent)
    port = server.server_address[1]
    guard = TokenGuard(frozenset({f"127.0.0.1:{port}"}), token="t0ken")
    server.set_app(PageWsgi(kit, guard, actions=True))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{port}/?token={guard.token}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def look(chromium):
    """Return a function that opens an address, as somebody with such a screen, and the console's complaints."""
    opened = []

    def look(address, **screen):
        context = chromium.new_context(**{"viewport": {"width": 1100, "height": 800}, **screen})
        opened.append(context)
        page = context.new_page()
        said = []
        page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: (said.append("a dialog"), dialog.dismiss()))
        page.goto(address)
        return page, said

    yield look
    for context in opened:
        context.close()


def violations(page):
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options=AXE).response["violations"]
    return [(item["id"], [node["html"][:120] for node in item["nodes"]][:3]) for item in found]


def fill(kit, sandbox):
    """Ada and Ben were told, Ada replied; somebody waits for a number; names are markup."""
    kit.sync([visit("A-1", name=EVIL, title=EVIL), visit("A-2", 11, name="Ben", phone="+12025550177", location=EVIL)])
    sandbox.clock.advance(days=1, hours=8)
    kit.receive(*sandbox.inbound(NUMBER, EVIL).as_sent(sandbox.now()))
    kit.sync(visit("A-3", 12, phone="12"))
    kit.resync()


SCREENS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "narrow": {"viewport": {"width": 360, "height": 700}},
    "without scripts": {"java_script_enabled": False},
}


def test_axe_would_find_something(look):
    """On a page that is hard to read it does: what follows is no empty word."""
    page, _ = look("data:text/html,<p style='color:%23999;background:%23aaa'>dim</p><input><img src=x>")
    found = {name for name, _ in violations(page)}
    assert {"color-contrast", "label", "image-alt"} <= found


@pytest.mark.parametrize("size", [10, 100_000])
def test_each_page_opens_among_so_many(kit, sandbox, served, look, size):
    """Axe finds nothing, and the console says nothing, however many appointments there are besides."""
    fill(kit, sandbox)
    engine = sa.create_engine(kit.ledger.url)
    grow(engine, size // 3)
    engine.dispose()
    page, said = look(served, bypass_csp=True)
    root = served.partition("/?")[0]
    for path in PAGES[:-1]:
        assert page.goto(root + path).status == 200, path
        assert violations(page) == [], path
    assert said == []


@pytest.mark.parametrize("people", [False, True], ids=["empty", "with people"])
@pytest.mark.parametrize("screen", ["light", "dark", "narrow"])
def test_axe_finds_nothing(kit, sandbox, served, look, people, screen):
    """Each page, on each screen: names, contrast, labels, landmarks, targets."""
    if people:
        fill(kit, sandbox)
    page, _ = look(served, bypass_csp=True, **SCREENS[screen])
    root = served.partition("/?")[0]
    for path in PAGES if people else PAGES[:1] + PAGES[3:]:
        page.goto(f"{root}{path}")
        assert violations(page) == [], path


def test_the_console_says_nothing_and_no_markup_is_run(kit, sandbox, served, look):
    """Under the page's own policy: no error, no refused script, no dialog, whatever a name holds."""
    fill(kit, sandbox)
    page, said = look(served)
    root = served.partition("/?")[0]
    for path in PAGES[:-1]:
        page.goto(f"{root}{path}")
    assert said == []
    assert page.locator("img").count() == 0


def test_the_token_leaves_the_address(served, look):
    """What stands in the address bar, and in the history, is without it; a reader who comes back is let in."""
    page, _ = look(served)
    assert page.url == served.partition("?")[0]
    page.goto(f"{page.url}health")
    assert page.title() == "Health · Reminders"
    assert page.evaluate("document.cookie") == ""


@pytest.mark.parametrize("screen", ["light", "without scripts"])
def test_the_desk_finds_a_person_and_bars_the_number(kit, sandbox, served, look, screen):
    """By keyboard and mouse, with scripts and without: search, person, button; the message is withdrawn."""
    fill(kit, sandbox)
    page, _ = look(served, **SCREENS[screen])
    page.get_by_label("Find a person by name or number").fill("ben")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Ben").click()
    assert "Cleaning" not in page.title()
    page.get_by_label("Why").fill("rang us")
    page.get_by_role("button", name="Send nothing to this number").click()
    assert page.get_by_role("status").inner_text() == "Nothing is sent to this number any more."
    assert "+12025550177" not in {message.to for message in sandbox.parked()}
    assert "2025550177" not in page.url


def test_lines_are_sifted_and_times_are_the_readers_too(kit, sandbox, served, look):
    """Where scripts run; the reader sits in Berlin."""
    fill(kit, sandbox)
    page, _ = look(served, timezone_id="Europe/Berlin", locale="en-GB")
    page.goto(f"{served.partition('/?')[0]}/day/2026-02-12")
    assert "11:00 (Thu 17:00 for you)" in page.locator("tr", has_text="Ben").inner_text()
    page.get_by_label("Show only lines with").fill("ben")
    assert page.locator("tbody tr:visible").count() == 1


def test_a_narrow_page_does_not_scroll_sideways(kit, sandbox, served, look):
    """At the width of a phone everything is below each other; on paper there are neither forms nor menus."""
    fill(kit, sandbox)
    page, _ = look(served, **SCREENS["narrow"])
    for path in PAGES:
        page.goto(f"{served.partition('/?')[0]}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
    page.goto(f"{served.partition('/?')[0]}/day/2026-02-12")
    page.emulate_media(media="print")
    assert not page.locator("header").is_visible()
    assert page.locator("table").is_visible()


def test_a_report_is_looked_at_as_a_file(kit, sandbox, look, tmp_path):
    """Opened from a disk: nothing is missing, nothing is run, axe finds nothing."""
    from datetime import timedelta

    fill(kit, sandbox)
    write_report(kit, tmp_path / "report.html", START - timedelta(days=1))
    page, said = look(f"file://{tmp_path / 'report.html'}", bypass_csp=True)
    assert said == []
    assert violations(page) == []
    assert page.locator("tbody tr", has_text="Ben").count() == 1


def test_texts_fly_in_the_inbox_of_the_sandbox(kit, sandbox, look):
    """A text is parked, arrives as the clock is moved, is replied to; faults are switched on and off."""
    kit.sync(visit("A-1", name=EVIL, title=EVIL))
    with serve(sandbox) as server:
        page, said = look(server.url, bypass_csp=True)
        page.locator(".bubble", has_text="<img src=x").wait_for()
        assert page.locator(".bubble.later").count() == 2
        assert violations(page) == []
        page.get_by_role("button", name="+1 day").click()
        page.locator(".bubble:not(.later)").wait_for()
        page.get_by_role("button", name="STOP", exact=True).click()
        page.locator(".bubble.reply", has_text="STOP").wait_for()
        page.get_by_label("What goes wrong").select_option("503")
        page.get_by_role("button", name="Switch on").click()
        page.locator("#faults li", has_text="503").wait_for()
        assert [fault.kind for fault in sandbox.faults.waiting] == ["503"]
        page.get_by_role("button", name="All well again").click()
        page.wait_for_function("document.querySelectorAll('#faults li').length === 0")
        assert page.locator("img").count() == 0
    assert [text for text in said if "ERR_CONNECTION" not in text] == []
