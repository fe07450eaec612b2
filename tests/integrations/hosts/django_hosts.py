"""django-appointment and django-scheduler as one project, driven by their own pages; run by `test_django_hosts.py`.

    python -m tests.integrations.hosts.django_hosts sqlite:///host.db [thread] [atomic]

Never imported by a test: Django's settings are one process'. Each story prints its name once it held.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import sys
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core.management import call_command
from django.urls import include, path

from reminder_kit import Rule
from reminder_kit.providers.telnyx import Telnyx
from reminder_kit.sandbox import Sandbox, SandboxTransport

URL, *OPTIONS = sys.argv[1:]
ADA = "+12025550123"
TODAY = dt.datetime.now(dt.UTC).replace(hour=13, minute=0, second=0, microsecond=0)
DAY = (TODAY + dt.timedelta(days=3)).date()
TELNYX = Sandbox(clock=TODAY, strict=True)


def database():
    if URL.startswith("sqlite"):
        options = {"transaction_mode": "IMMEDIATE"} if django.VERSION >= (5, 1) else {}
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": URL.removeprefix("sqlite:///"), "OPTIONS": options}
    parts = urlsplit(URL)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path[1:],
        "USER": parts.username,
        "PASSWORD": parts.password or "",
        "HOST": parts.hostname,
        "PORT": str(parts.port),
    }


CONTEXT = ["request", "messages"]
settings.configure(
    SECRET_KEY="x",
    USE_TZ=True,
    TIME_ZONE="America/New_York",
    ALLOWED_HOSTS=["testserver"],
    ROOT_URLCONF=__name__,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend",
    DATABASES={"default": {**database(), "ATOMIC_REQUESTS": "atomic" in OPTIONS}},
    STATIC_URL="/static/",
    APPOINTMENT_WEBSITE_NAME="The clinic",
    APPOINTMENT_BASE_TEMPLATE="base_templates/base.html",
    INSTALLED_APPS=[
        *(f"django.contrib.{name}" for name in ("admin", "auth", "contenttypes", "messages", "sessions", "sites")),
        "django.contrib.staticfiles",
        "appointment",
        "schedule",
        "reminder_kit.integrations.django",
    ],
    SITE_ID=1,
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    REMINDER_KIT={
        "FOLLOW": "thread" if "thread" in OPTIONS else None,
        "OPTIONS": {
            "provider": Telnyx(api_key="KEY", from_="+12025550100"),
            "rules": [Rule("day-before", before="24 hours", text="See you {{ when }}.")],
            "transport": SandboxTransport(TELNYX),
            "clock": TELNYX.clock,
        },
    },
)
django.setup()
urlpatterns = [path("", include("appointment.urls")), path("schedule/", include("schedule.urls"))]

from appointment.models import (
    Appointment,
    AppointmentRequest,
    EmailVerificationCode,
    Service,
    StaffMember,
    WorkingHours,
)
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from schedule.models import Calendar, Event, Occurrence
from schedule.models import Rule as Recurrence

import reminder_kit
from reminder_kit.integrations.django import reminders

# The glue: all that each of the two takes


@reminders.track(
    Appointment,
    id=lambda a: a.id_request,
    also={AppointmentRequest: lambda r: Appointment.objects.filter(appointment_request=r)},
)
def appointment(a):
    starts_at = timezone.make_aware(a.get_start_time())
    return reminder_kit.Appointment(a.id_request, starts_at, recipients=[reminder_kit.Recipient(str(a.phone))])


@reminders.track(Event, also={Occurrence: lambda o: [o.event]})
def event(e):
    coming = e.get_occurrences(timezone.now(), timezone.now() + dt.timedelta(days=60))
    person = reminder_kit.Recipient(ADA)
    return [
        reminder_kit.Appointment(str(e.pk), o.start, recurrence_id=o.original_start, recipients=[person])
        for o in coming
        if not o.cancelled
    ]


# The stories


def told():
    """Return what is parked, in the order in which it goes out, once all is done that follows."""
    if "thread" in OPTIONS:
        reminders.wait()
    else:
        reminders.kit.resync(only_dirty=True)
    return [message.text for message in sorted(TELNYX.parked(), key=lambda message: message.send_at)]


def slot(hour, **more):
    return {"date": DAY.isoformat(), "start_time": f"{hour:02}:00:00", "end_time": f"{hour + 1:02}:00:00", **more}


def desk():
    client = Client()
    client.force_login(User.objects.get(username="desk"))
    return client


def booked_with_code(service, staff):
    client = Client()
    answer = client.post("/request-submit/", slot(10, service=service.pk, staff_member=staff.pk))
    form = {"name": "Ada Lovelace", "email": "ada@example.com", "phone_0": "US", "phone_1": "2025550123", "phone": ADA}
    answer = client.post(answer.url, {**form, "address": "12 High Street", "payment_type": "full"})
    code = EmailVerificationCode.objects.latest("pk").code
    answer = client.post(answer.url, {"code": code})
    assert answer.status_code == 302, answer.content
    assert told() == ["See you tomorrow at 10:00 AM."], told()
    return client


def rescheduled_by_the_client(client, service, staff):
    request = AppointmentRequest.objects.get()
    form = slot(14, service=service.pk, staff_member=staff.pk, appointment_request_id=request.id_request)
    assert client.post("/appointment-reschedule-submit/", {**form, "reason_for_rescheduling": "x"}).status_code == 200
    assert told() == ["See you tomorrow at 10:00 AM."]  # not confirmed yet
    assert client.get(f"/confirm-reschedule/{request.reschedule_histories.latest('pk').id_request}/").status_code == 302
    assert told() == ["See you tomorrow at 2:00 PM."], told()


def edited_at_the_desk():
    change = {"appointment_id": Appointment.objects.get().pk, "start_time": "15:00:00.000Z", "date": DAY.isoformat()}
    ajax = {"HTTP_X_REQUESTED_WITH": "XMLHttpRequest"}
    answer = desk().post("/ajax/update_appt_date_time/", json.dumps(change), content_type="application/json", **ajax)
    assert answer.status_code == 200, answer.content
    assert told() == ["See you tomorrow at 3:00 PM."], told()


def found_by_the_batch_job():
    AppointmentRequest.objects.update(start_time=dt.time(16), end_time=dt.time(17))
    assert told() == ["See you tomorrow at 3:00 PM."]  # nobody was told
    call_command("reminders", "resync", "--json")
    assert told() == ["See you tomorrow at 4:00 PM."], told()


def deleted_at_the_desk():
    gone = json.dumps({"appointment_id": Appointment.objects.get().pk})
    answer = desk().post("/ajax/delete_appointment/", gone, content_type="application/json")
    assert (answer.status_code, told()) == (200, []), answer.content


def dragged_in_the_calendar():
    calendar = Calendar.objects.create(name="Room 1", slug="room-1")
    start = dt.datetime.combine(DAY, dt.time(15), dt.UTC)
    whole = {
        "start": start.isoformat(),
        "end": (start + dt.timedelta(hours=1)).isoformat(),
        "calendar_slug": calendar.slug,
    }
    assert desk().post("/schedule/api/select_create/", whole).status_code == 200
    hour = re.search(r"at (\d+):00", told()[0])[1]
    existing = Event.objects.get()
    moved = {"id": existing.pk, "event_id": existing.pk, "existed": "false", "delta": "60"}
    assert desk().post("/schedule/api/move_or_resize/", moved).status_code == 200
    assert told() == [f"See you tomorrow at {int(hour) + 1}:00 AM."], told()
    assert desk().post(f"/schedule/event/delete/{existing.pk}/", {"next": "/"}).status_code == 302
    assert told() == []


def one_of_a_series_cancelled():
    daily = Recurrence.objects.create(name="daily", description="daily", frequency="DAILY")
    start = dt.datetime.combine(DAY, dt.time(15), dt.UTC)
    calendar = Calendar.objects.get()
    whole = {"start": start, "end": start + dt.timedelta(hours=1), "calendar": calendar, "title": "Physio"}
    series = Event.objects.create(**whole, rule=daily)
    before = len(told())
    assert before > 1, before
    first = series.get_occurrences(start, start + dt.timedelta(days=1))[0]
    first.save()  # its page for occurrences that are not stored answers with an error of its own
    answer = desk().post(f"/schedule/occurrence/cancel/{series.pk}/{first.pk}/", {"next": "/"})
    assert answer.status_code == 302, answer.content
    assert len(told()) == before - 1, (before, told())
    series.delete()
    assert told() == []


def main():
    call_command("migrate", "auth", verbosity=0)  # which tables without migrations refer to
    call_command("migrate", run_syncdb=True, verbosity=0)
    user = User.objects.create_superuser("desk", password="x", email="desk@example.com")
    service = Service.objects.create(name="Eye test", duration=dt.timedelta(hours=1), price=0)
    staff = StaffMember.objects.create(user=user)
    staff.services_offered.add(service)
    for day in range(7):
        WorkingHours.objects.create(staff_member=staff, day_of_week=day, start_time=dt.time(8), end_time=dt.time(18))
    client = booked_with_code(service, staff)
    print("booked with a code")
    rescheduled_by_the_client(client, service, staff)
    print("rescheduled by the client")
    edited_at_the_desk()
    print("edited at the desk")
    found_by_the_batch_job()
    print("found by the batch job")
    deleted_at_the_desk()
    print("deleted at the desk")
    dragged_in_the_calendar()
    print("dragged in the calendar, and deleted")
    one_of_a_series_cancelled()
    print("one of a series cancelled")
    reminders.close()


if __name__ == "__main__":
    main()
