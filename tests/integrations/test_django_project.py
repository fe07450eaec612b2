"""What a Django project has besides: the command, system checks, webhooks, signals and the admin."""

from __future__ import annotations

import io
import json

import pytest

from tests.factories import parked_texts
from tests.integrations.clinic.stage import ADA

pytest_plugins = ["tests.integrations.clinic.project"]
pytestmark = pytest.mark.usefixtures("django")

# The command


@pytest.fixture
def manage(reminders, capsys):
    """Return a runner of `manage.py reminders`: its status, and what it printed."""
    from django.core.management import call_command

    def run(*arguments):
        out = io.StringIO()
        try:
            call_command("reminders", *arguments, stdout=out)
        except SystemExit as ended:
            return ended.code, out.getvalue()
        return 0, out.getvalue()

    return run


def test_manage_py_resync_reads_what_is_live_and_does_the_rest(manage, patient, book, sandbox):
    """`manage.py reminders resync` finds an update, and parks in the same run."""
    from tests.integrations.clinic.models import Visit

    book(patient)
    Visit.objects.update(title="Floss")
    status, out = manage("resync", "--json")
    assert (status, json.loads(out)["summary"]["failed"]) == (0, 0)
    assert parked_texts(sandbox)[0] == "Hi Ada, Floss tomorrow at 8:59 AM." or "Floss" in parked_texts(sandbox)[0]


def test_manage_py_has_every_command_with_the_projects_kit(manage, patient, book):
    """explain, status, attention and rules check answer from the project's own ledger and rules."""
    book(patient)
    assert "day-before" in manage("explain", "V-1")[1]
    assert json.loads(manage("status", "--json")[1])["appointments"] == 1
    assert json.loads(manage("attention", "--json")[1])["items"] == []
    assert json.loads(manage("rules", "check", "--json")[1])["rules"] == ["day-before", "two-hours"]
    assert manage("explain", "V-9")[0] == 1
    assert manage("nonsense")[0] == 2


def test_manage_py_refuses_to_withdraw_too_much(manage, patient, book, sandbox):
    """Where everything that was live is gone, nothing is withdrawn: status 3, until it is forced."""
    from tests.integrations.clinic.models import Visit

    for number in range(12):
        book(patient, f"V-{number}")
    assert manage("resync")[0] == 0
    Visit.objects.update(state="cancelled")
    assert manage("resync")[0] == 3
    assert len(parked_texts(sandbox)) > 0


def test_manage_py_resync_ends_with_1_where_what_is_live_failed(manage, patient, book, sandbox):
    """Whatever else waits for a person: 4 is for jobs in which all was done."""
    from tests.integrations.clinic.models import Visit

    book(patient)
    sandbox.fault("error", times=None, method="POST", status=400, code="40302")
    Visit.objects.update(title="Floss")
    assert manage("resync")[0] == 1
    assert manage("resync")[0] == 4


def test_manage_py_resync_ends_with_1_where_a_row_can_t_be_read(manage, patient, book, sandbox):
    """A row whose function raises is an item that failed, in each run until it is mended; what else there is, is done.

    4 would say that all was done.
    """
    from tests.integrations.clinic.models import Visit

    visit = book(patient, title="broken")
    book(patient, "V-2")
    assert manage("resync")[0] == 1
    assert manage("resync")[0] == 1
    assert len(parked_texts(sandbox)) == 2
    Visit.objects.filter(pk=visit.pk).update(title="Floss")
    assert manage("resync")[0] == 0


@pytest.mark.parametrize(
    ("given", "rest", "pause"),
    [
        (["resync", "--every", "60s", "--json"], ["resync", "--json"], 60),
        (["resync", "--every=5m"], ["resync"], 300),
        (["resync", "--every", "soon"], ["resync", "--every", "soon"], None),
        (["resync"], ["resync"], None),
    ],
)
def test_with_every_what_is_live_is_read_each_time(given, rest, pause):
    """The loop is the command's own, so that each round reads the models; what is wrong is refused by reminder-kit."""
    from reminder_kit.integrations.django.management.commands.reminders import _without_pause

    assert _without_pause(given) == (rest, pause)


# What `manage.py check` finds


def found(tags=None, databases=None):
    from django.core.checks import run_checks

    return {message.id for message in run_checks(tags, databases=databases) if message.id.startswith("reminder_kit.")}


def test_a_sound_project_passes_its_checks(clinic):
    """Nothing is found where nothing is wrong."""
    clinic()
    assert found() == set()
    assert found(databases=["default"]) == set()


def test_each_thing_that_is_wrong_has_its_id_and_a_hint(clinic, monkeypatch, sandbox):
    """No key, no sender, a text that can't be written, no rules, no public key, locks, nothing tracked."""
    from django.core.checks import run_checks
    from django.db import connections

    from reminder_kit import Rule
    from reminder_kit.integrations.django import reminders
    from reminder_kit.providers.telnyx import Telnyx

    tracked = reminders.tracked[:]
    clinic(
        follow="thread",
        provider=Telnyx(messaging_profile_id="p"),
        rules=[Rule("r", before="1 hour", text="{{ data.x }}")],
    )
    monkeypatch.setitem(connections["default"].settings_dict, "OPTIONS", {})
    reminders.tracked.clear()
    try:
        messages = [message for message in run_checks() if message.id.startswith("reminder_kit.")]
    finally:
        reminders.tracked[:] = tracked
    ids = {message.id.removeprefix("reminder_kit.") for message in messages}
    assert ids == {"W001", "W005", "W006", "W008"} | ({"E003"} & ids)
    assert all(message.hint for message in messages)
    clinic(rules=[])
    assert "reminder_kit.W003" in found()


@pytest.mark.parametrize(
    "setting",
    [
        pytest.param({"CONFIGURATION": "x.toml"}, id="an unknown key"),
        pytest.param({"DATABASE": "nowhere"}, id="an unknown database"),
        pytest.param({"FOLLOW": "pigeon"}, id="an unknown follower"),
        pytest.param({"CONFIG": "no/such.toml"}, id="no file"),
        pytest.param("reminders.toml", id="no dict"),
        pytest.param({"CONFIG": None}, id="no provider"),
    ],
)
def test_settings_that_can_t_be_are_an_error_of_the_check(django, setting):
    """Each is told by `manage.py check`, with what would be right; nothing else breaks."""
    from django.test import override_settings

    with override_settings(REMINDER_KIT=setting):
        assert found() == {"reminder_kit.E001"}
        assert found(databases=["default"]) == {"reminder_kit.E001"}


def test_the_ledgers_tables_and_the_batch_job_are_checked_with_the_database(clinic, patient, book, sandbox, tmp_path):
    """Tables that are not made, and a batch job that nobody runs."""
    from django.db import connections

    book(patient)
    sandbox.clock.advance(days=2)
    assert found(databases=["default"]) == {"reminder_kit.W007"}
    connections.databases["bare"] = {**connections.databases["default"], "NAME": str(tmp_path / "bare.db")}
    clinic(database="bare")
    assert "reminder_kit.W004" in found(databases=["bare"])
    clinic()
    connections["bare"].close()
    del connections.databases["bare"]
    del connections["bare"]


# Webhooks and signals


def hook(client, letter, path="/hooks/telnyx"):
    headers, body = letter
    return client.post(path, body, content_type="application/json", headers=headers).status_code


@pytest.fixture
def letter(sandbox):
    """Return what signs a webhook at the sandbox's time."""
    from reminder_kit.testing import signed_event

    return lambda *event, **options: signed_event("telnyx", *event, **{"now": sandbox.clock(), **options})


def test_a_stop_is_taken_in_and_followed(clinic, patient, book, sandbox, letter):
    """A signed STOP is stored and answered, without a login or a CSRF token; then what is parked is withdrawn."""
    from django.test import Client

    reminders = clinic(follow="thread")
    book(patient)
    reminders.wait()
    assert len(parked_texts(sandbox)) == 2
    assert hook(Client(enforce_csrf_checks=True), letter("opted_out", number=ADA)) == 200
    reminders.wait()
    assert parked_texts(sandbox) == []


def test_where_every_page_asks_for_a_login_the_endpoint_does_not(django, reminders, letter):
    """LoginRequiredMiddleware (Django 5.1) lets the provider in, whose signature says who speaks."""
    from django.conf import settings
    from django.test import Client, override_settings

    if django.VERSION < (5, 1):
        return  # there is no such middleware to be let in by
    guard = "django.contrib.auth.middleware.LoginRequiredMiddleware"
    with override_settings(MIDDLEWARE=[*settings.MIDDLEWARE, guard]):
        assert hook(Client(), letter("delivered", number=ADA)) == 200
        assert Client().get("/admin/reminder_kit/reminder/").status_code == 302


def test_under_asgi_it_is_answered_too(reminders, letter):
    """Django's handler for ASGI calls the same view."""
    import asyncio

    from django.test import AsyncClient

    async def post():
        headers, body = letter("delivered", number=ADA)
        return await AsyncClient().post("/hooks/", body, content_type="application/json", headers=headers)

    assert asyncio.run(post()).status_code == 200


@pytest.mark.parametrize("wrong", ["forged", "stale"])
def test_what_is_not_signed_just_now_is_refused(reminders, letter, wrong):
    """A bad signature is a 400, and nothing is stored."""
    from django.test import Client

    assert hook(Client(), letter("opted_out", number=ADA, **{wrong: True})) == 400
    assert not reminders.kit.consent(ADA).events


def test_other_methods_and_addresses(reminders, letter):
    """HEAD and GET are answered, since providers and monitors ask so; other methods are a 405, other names a 404."""
    from django.test import Client

    client = Client()
    assert (client.head("/hooks/").status_code, client.get("/hooks/telnyx").status_code) == (200, 200)
    assert (client.put("/hooks/").status_code, hook(client, letter("delivered"), "/hooks/pigeon")) == (405, 404)


def test_a_ledger_that_can_t_be_written_has_the_provider_try_again(clinic, letter, tmp_path):
    """503: the webhook comes again."""
    from django.test import Client

    clinic(database=None, ledger=f"sqlite:///{tmp_path / 'no' / 'ledger.db'}")
    assert hook(Client(), letter("delivered", number=ADA)) == 503


def test_what_the_kit_hears_is_sent_as_signals(clinic, patient, book, sandbox, letter, caplog):
    """delivered, undelivered, replied and attention, by the model whose row it is; who raises harms nobody."""
    from reminder_kit.integrations.django import attention, delivered, replied, undelivered
    from tests.integrations.clinic.models import Visit

    reminders, heard = clinic(), []

    def receiver(sender, signal, **values):
        name = {delivered: "delivered", undelivered: "undelivered", replied: "replied", attention: "attention"}[signal]
        heard.append(
            (sender, name, getattr(values.get("event"), "text", None) or getattr(values.get("item"), "kind", None))
        )

    def broken(**_values):
        raise ZeroDivisionError

    for signal in (delivered, undelivered, replied, attention):
        signal.connect(broken)
        signal.connect(receiver)
    book(patient)
    reminders.kit.resync(only_dirty=True)
    first, second = sorted(sandbox.parked(), key=lambda item: item.send_at)
    sandbox.clock.advance(days=2, minutes=5)
    reminders.kit.receive(*letter("delivered", number=ADA, provider_id=first.id))
    reminders.kit.receive(*letter("received", number=ADA, text="On my way"))
    sandbox.clock.advance(days=1)
    reminders.kit.receive(*letter("undelivered", number=ADA, provider_id=second.id))
    book(patient, "V-2", title="Broken phone")
    type(patient).objects.update(phone="the desk")
    reminders.touch(Visit.objects.all())
    reminders.kit.resync()
    for signal in (delivered, undelivered, replied, attention):
        signal.disconnect(broken)
        signal.disconnect(receiver)
    assert (Visit, "delivered", None) in heard
    assert (Visit, "replied", "On my way") in heard
    assert (Visit, "undelivered", None) in heard
    assert (None, "attention", "number") in heard
    assert "a receiver of a signal failed" in caplog.text


# The admin


@pytest.fixture
def staff(reminders):
    """Return a function that logs somebody in: the client of a user with these permissions."""
    from django.contrib.auth.models import Permission, User
    from django.test import Client

    def login(*permissions):
        user = User.objects.create_user("desk", password="secret", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        client = Client()
        client.force_login(user)
        return client

    return login


LIST = "/admin/reminder_kit/reminder/"


def act(client, action, keys):
    return client.post(LIST, {"action": action, "_selected_action": list(keys)}, follow=True)


def keys():
    from reminder_kit.integrations.django.models import Reminder

    return [*Reminder.objects.values_list("key", flat=True)]


def test_who_may_look_sees_reminders_and_why(staff, reminders, patient, book, sandbox):
    """The list, one reminder with its explanation, and the action that explains several; nothing can be edited."""
    book(patient)
    reminders.kit.resync(only_dirty=True)
    client = staff("view_reminder")
    listed = client.get(LIST).content.decode()
    assert (listed.count("day-before") > 0, "V-1" in listed, ADA in listed) == (True, True, True)
    key = keys()[0]
    shown = client.get(f"{LIST}{key}/change/").content.decode()
    assert ("24 hours before" in shown or "day-before" in shown, 'name="_save"' in shown) == (True, False)
    assert "<pre>" in act(client, "explain", [key]).content.decode()
    assert client.get(f"{LIST}add/").status_code == 403
    for action in ("suppress", "retry"):
        act(client, action, [key])
    assert len(parked_texts(sandbox)) == 2


def test_who_may_act_bars_numbers_and_tries_again(staff, reminders, patient, book, sandbox):
    """`suppress` withdraws what is parked for the number; `retry` tries its appointment now."""
    book(patient)
    reminders.kit.resync(only_dirty=True)
    client = staff("view_reminder", "change_reminder")
    assert act(client, "retry", keys()).status_code == 200
    assert len(parked_texts(sandbox)) == 2
    answer = act(client, "suppress", keys()).content.decode()
    assert (parked_texts(sandbox), ADA in answer) == ([], True)
