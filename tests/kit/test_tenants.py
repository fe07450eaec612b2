"""Many tenants in one process: kits that come and go over one ledger, a batch job for all, accounts that are shared."""

from __future__ import annotations

import gc
import threading
import weakref
from pathlib import Path

import pytest

from reminder_kit import AsyncTenants, Tenants
from reminder_kit.errors import ConfigurationError, InvalidInputError, SchemaError, UnsafePlanError
from reminder_kit.kit.following import follower_of
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.model.rates import HEADROOM
from tests.factories import NUMBER
from tests.kit.practices import KINDS, SENDERS, Served, visit_to
from tests.ledger.older_tables import made_as_of


@pytest.fixture(params=KINDS, ids=["blocking", "async"])
def serve_tenants(request, platform, sqlite_url):
    """Return a factory of tenants of either face."""
    made = []

    def make(ledger=sqlite_url, **options):
        made.append(Served(request.param, ledger, platform, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def tenants(platform, sqlite_url):
    """Blocking tenants on an SQLite file."""
    with Tenants(sqlite_url, platform.build) as made:
        yield made


@pytest.mark.few(2)
@pytest.mark.parametrize("where", ["sqlite_url", "postgres_url"])
def test_each_tenant_has_rules_sender_account_and_zone_of_its_own(serve_tenants, platform, request, where):
    """The same id and number in two practices are two appointments, told each in its practice's words and zone."""
    url = request.getfixturevalue(where)
    with_tables = Ledger(url)
    with_tables.upgrade()
    with_tables.close()
    served = serve_tenants(url)
    for name in ("north", "south", "east"):
        served.run(served.tenants[name].record(visit_to(name)))
    assert served.run(served.tenants.names()) == ["east", "north", "south"]
    report = served.run(served.tenants.resync())
    assert (report.ok, list(report.reports), report.errors) == (True, ["east", "north", "south"], {})
    assert {name: report.reports[name].summary["schedule"] for name in report.reports} == dict.fromkeys(
        ("east", "north", "south"), 1
    )
    assert (report.summary["schedule"], report.summary["tenants"], report.summary["tenants_failed"]) == (3, 3, 0)
    assert platform.texts("north") == ["North practice: see you tomorrow at 9:00 AM."]
    assert platform.texts("south") == ["South practice: see you tomorrow at 3:00 PM."]
    assert platform.texts("east") == ["East practice: see you tomorrow at 9:00 AM."]
    served.run(served.tenants["north"].withdraw("A-1"))
    assert [len(platform.texts(name)) for name in ("north", "south", "east")] == [0, 1, 1]


def held():
    """Return how many descriptors and threads this process has."""
    open_now = Path("/proc/self/fd")
    return len(list(open_now.iterdir())) if open_now.is_dir() else 0, threading.active_count()


def test_kits_are_dropped_and_built_again_and_nothing_grows(platform, sqlite_url):
    """As many are kept as was said; threads and descriptors are those of one; who listened goes on hearing."""
    heard, said = [], []
    with Tenants(sqlite_url, platform.build, keep=3) as tenants:
        tenants.on("change", lambda tenant, change: heard.append((tenant, change.happened)))
        tenants["p-0"].on("run", lambda run: said.append(run.actor))
        tenants["p-0"].sync(visit_to("p-0"))
        before, first = held(), weakref.ref(tenants["p-0"])
        for number in range(1, 12):
            tenants[f"p-{number}"].sync(visit_to(f"p-{number}"))
        gc.collect()
        assert (first(), held()) == (None, before)
        tenants["p-0"].sync(visit_to("p-0", days=2))
        assert platform.built.count("p-0") == 2
        assert (heard[0], heard[-1], said) == (("p-0", "parked"), ("p-0", "replaced"), ["sync", "sync"])
        assert tenants["p-0"] is tenants["p-0"]


def test_a_kit_that_somebody_holds_works_on_after_it_was_dropped(platform, sqlite_url):
    """What is dropped is only no longer kept: its ledger and its connections are everybody's."""
    with Tenants(sqlite_url, platform.build, keep=1) as tenants:
        mine = tenants["north"]
        tenants["south"].sync(visit_to("south"))
        assert mine.sync(visit_to("north")).ok
        mine.close()
        assert tenants["south"].resync().ok
        assert tenants["north"].resync().summary["keep"] == 1


def test_one_that_fails_is_listed_and_stops_no_other(serve_tenants, platform):
    """A kit that can't be built, and a plan that is refused as unsafe, cost the others nothing."""
    served, told = serve_tenants(), []
    many = [visit_to("south", f"A-{n}", phone=f"+120255501{n:02}", days=3, source="feed") for n in range(20)]
    served.run(served.tenants["south"].sync(many))
    for name in ("east", "north", "west"):
        served.run(served.tenants[name].record(visit_to(name)))
    for gone in many:
        served.run(
            served.tenants["south"].record(visit_to("south", gone.id, days=3, source="feed", status="cancelled"))
        )
    platform.broken.add("east")
    served.close()
    report = (again := serve_tenants()).run(again.tenants.resync(tell=told.append))
    assert (report.ok, sorted(report.reports), sorted(report.errors)) == (False, ["north", "west"], ["east", "south"])
    assert isinstance(report.errors["south"], UnsafePlanError)
    words = next(one.words for one in report if one.tenant == "east")
    assert words.startswith("LookupError in build")
    assert "+1202" not in words
    assert {one.tenant for one in told} == {"east", "north", "south", "west"}
    assert (report.summary["tenants"], report.summary["tenants_failed"]) == (4, 2)
    assert [entry.get("unsafe") for entry in report.as_json()["tenants"]] == [False, None, True, None]
    assert str(report).splitlines()[1].startswith("north: 1 schedule")
    forced = again.run(again.tenants.resync(force=True, tenants=["south"]))
    assert (forced.ok, platform.texts("south")) == (True, [])


def test_a_tenant_that_is_no_more_is_passed_over_once_nothing_of_it_is_parked(serve_tenants, platform):
    """Until then it is listed, since what is parked goes out; who asks for its kit is told that there is none."""
    served = serve_tenants()
    served.run(served.tenants["north"].sync(visit_to("north")))
    served.close()
    platform.gone.add("north")
    served = serve_tenants()
    with pytest.raises(InvalidInputError, match="no tenant 'north'"):
        served.tenants["north"]
    report = served.run(served.tenants.resync())
    assert "messages of it are parked" in str(report.errors["north"])
    platform.gone.clear()
    served.run(served.tenants["north"].withdraw("A-1"))
    served.close()
    platform.gone.add("north")
    served = serve_tenants()
    report = served.run(served.tenants.resync())
    assert (report.ok, report.outcomes) == (True, ())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"ledger": "sqlite:///other.db"}, "but for `ledger`"),
        ({"namespace": "other"}, "but for `ledger`"),
        ([("provider", 1)], "returns the arguments"),
    ],
)
def test_what_a_build_must_not_say_is_refused(platform, sqlite_url, given, said):
    """The ledger and the namespace are the tenants' own; anything else than arguments is named."""
    answer = {**platform.build("north"), **given} if isinstance(given, dict) else given
    with Tenants(sqlite_url, lambda _: answer) as tenants, pytest.raises(ConfigurationError, match=said):
        tenants["north"]


def test_tenants_are_gone_through_by_name(tenants):
    """As a mapping's keys: those of the ledger, and those that `names` returns."""
    for name in ("south", "north"):
        tenants[name].record(visit_to(name))
    assert list(tenants) == ["north", "south"]
    assert [name in tenants for name in ("north", "nobody", 3)] == [True, False, False]


def test_what_tenants_can_not_be_is_refused(sqlite_url):
    """Before anything is opened."""
    with pytest.raises(InvalidInputError, match="`build` is a function"):
        Tenants(sqlite_url, {"north": {}})
    with pytest.raises(ConfigurationError, match="keep"):
        Tenants(sqlite_url, lambda _: None, keep=0)
    with pytest.raises(InvalidInputError, match="must be a function"):
        Tenants(sqlite_url, lambda _: None).on("run", 3)


def test_files_are_rid_once_of_what_all_tenants_purged(serve_tenants, platform, monkeypatch):
    """The file is written anew once for a batch job, not for each tenant; nothing of anybody stands in it then."""
    served = serve_tenants()
    for name in ("north", "south"):
        platform.options[name] = {"retention": "1 day"}
        served.run(served.tenants[name].sync(visit_to(name)))
    platform.advance(days=6)
    database, scrubs = served.tenants.ledger._database, []
    scrub = database.scrub
    monkeypatch.setattr(database, "scrub", lambda: scrubs.append(1) or scrub())
    assert served.run(served.tenants.resync()).ok
    assert scrubs == [1]
    assert b"Ada of" not in database.path.read_bytes()
    for name in ("north", "south"):
        runs = served.tenants[name].ledger.read(lambda reader: reader.runs())
        assert runs["purge"][1] == {"open": False}
    assert served.run(served.tenants.resync()).ok
    assert scrubs == [1]


def test_who_has_no_row_yet_is_served_where_names_says_so(tenants, platform, sqlite_url):
    """A practice whose calendars are polled is in no namespace before its first run."""
    with Tenants(sqlite_url, platform.build, names=lambda: ["west"]) as others:
        tenants["north"].record(visit_to("north"))
        assert others.names() == ["north", "west"]
        assert sorted(others.resync().reports) == ["north", "west"]


def test_one_tenant_may_be_named_as_it_is(serve_tenants, platform):
    """A text is one name, and not a name for each of its letters, of which there would be no tenants."""
    served = serve_tenants()
    served.run(served.tenants["north"].record(visit_to("north")))
    assert list(served.run(served.tenants.resync(tenants="north")).reports) == ["north"]


@pytest.mark.parametrize("only_dirty", [False, True])
def test_a_ledger_of_an_older_library_is_upgraded_by_the_batch_job(platform, tmp_path, only_dirty):
    """As a kit's own is: nobody has to run a command on SQLite, and only to look upgrades nothing."""
    ledger = Ledger(f"sqlite:///{tmp_path / 'older.db'}")
    made_as_of(ledger, "0001")
    with Tenants(ledger, platform.build, names=lambda: ["north"]) as tenants:
        with pytest.raises(SchemaError, match="ledger upgrade"):
            tenants.names()
        assert tenants.resync(only_dirty=only_dirty).ok
        assert tenants.names() == ["north"]


def test_only_those_with_something_new_are_looked_at(serve_tenants, platform):
    """What follows a commit costs one question, and the practices in which something was recorded."""
    served = serve_tenants()
    for name in ("north", "south"):
        served.run(served.tenants[name].sync(visit_to(name)))
    served.run(served.tenants["south"].record(visit_to("south", "A-2", days=4)))
    assert list(served.run(served.tenants.resync(only_dirty=True)).reports) == ["south"]
    assert len(platform.texts("south")) == 2
    assert served.run(served.tenants.resync(only_dirty=True)).outcomes == ()


def test_there_is_one_follower_for_all(tenants, platform):
    """An integration of any tenant's kit wakes the same thread, which follows whatever was recorded."""
    north, south = follower_of(tenants["north"]), follower_of(tenants["south"])
    assert north is south
    for name in ("north", "south"):
        tenants[name].record(visit_to(name))
    north.wake()
    tenants.wake()
    north.wait()
    assert [len(platform.texts(name)) for name in ("north", "south")] == [1, 1]


def test_an_async_follower_is_one_task(platform, sqlite_url):
    """Woken in the loop; `close` waits for it."""
    served = Served(AsyncTenants, sqlite_url, platform)

    async def story():
        await served.tenants["north"].record(visit_to("north"))
        served.tenants.wake()
        await served.tenants.close()

    served.run(story())
    served.close()
    assert len(platform.texts("north")) == 1


# An account is its tenants' together


def test_a_rate_is_the_accounts_and_the_slowest_that_was_asked_for_counts(tenants, platform):
    """Two practices of one account wait in one line; another account has a line of its own."""
    platform.options = {"north": {"rate": "50/s"}, "south": {"rate": "5/s"}, "east": {"rate": "50/s"}}
    north, south, east = (tenants[name]._io.pace for name in ("north", "south", "east"))
    assert north is south
    assert east is not north
    north._clock = east._clock = lambda: 100.0
    assert [north.reserve(), south.reserve(), east.reserve()] == pytest.approx([0.0, 0.2 * HEADROOM, 0.0])
    platform.options["south"] = {}
    tenants._kits.clear()
    assert tenants["south"]._io.pace is north
    assert [north.reserve(), north.reserve()] == pytest.approx([0.4 * HEADROOM, 0.42 * HEADROOM])


def test_a_provider_that_is_left_alone_is_left_alone_by_all_of_its_account(tenants, platform):
    """What one practice learned in ten failures no other of the same account has to; other accounts go on."""
    house = platform.house("north")
    house.fault("drop_before", times=None)
    tenants["north"].sync([visit_to("north", f"A-{n}", phone=f"+120255501{n:02}") for n in range(12)])
    asked = house.request_count
    report = tenants["south"].sync(visit_to("south"))
    assert (house.request_count, report.failed[0].outcome) == (asked, "failed")
    assert "not asked, since it does not answer" in report.failed[0].error
    assert tenants["east"].sync(visit_to("east")).ok


@pytest.mark.slow
def test_what_an_outage_left_in_one_tenants_notes_does_not_stop_those_who_are_answered(tenants, platform):
    """A practice that is built again long after an outage has its note; the account was answered meanwhile."""
    house = platform.house("north")
    house.fault("drop_before", times=None)
    tenants["north"].sync([visit_to("north", f"A-{n}", phone=f"+120255501{n:02}") for n in range(12)])
    house.reset()
    platform.advance(minutes=5)
    assert tenants["south"].sync(visit_to("south")).ok
    tenants._kits.clear()
    breaker = tenants["north"]._executor.route.breaker
    assert tenants["north"].resync().ok
    assert (breaker.open_until, breaker is tenants["south"]._executor.route.breaker) == (None, True)


def test_connections_and_certificates_are_everybodys(tenants):
    """Practices of one provider have one pool, and trust what was loaded once."""
    north, east = tenants["north"]._io, tenants["east"]._io
    assert north._pool is east._pool
    assert north._channel._certificates() is east._channel._certificates()


def test_a_keyword_that_a_tenant_has_by_now_is_told(platform, sqlite_url):
    """To who listened for it before it was theirs, once their kit is built again; others hear it once, as before."""
    pytest.importorskip("cryptography")
    heard, platform.options["north"] = [], {"replies": None}
    with Tenants(sqlite_url, platform.build, keep=1) as tenants:
        tenants["north"].resync()
        tenants.on("confirm", lambda tenant, event: heard.append((tenant, event.type)))
        platform.options["north"] = {}
        for _ in range(2):
            tenants["south"].resync()  # so that the other one is dropped
            gc.collect()
            house = platform.house("north")
            tenants.receive(*house.inbound(NUMBER, "C", to=SENDERS["north"]).as_sent(house.now()))
    assert heard == [("north", "confirm")] * 2
