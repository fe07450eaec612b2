"""Facts about the official SDKs: they work against the sandbox, unchanged."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qsl

import pytest

from reminder_kit.sandbox import Clock, Sandbox, serve
from reminder_kit.sandbox.state import SECRET
from tests.factories import ACCOUNT, NUMBER, SENDER

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

SEND_AT = "2026-02-11T09:00:00Z"
PROFILE = "16fd2706-8baf-433b-82eb-8c7fada847da"


@pytest.fixture(scope="module")
def server():
    with serve(Sandbox(clock=Clock("2026-02-10T09:00:00Z"), key="KEY", strict=True)) as running:
        yield running


@pytest.fixture
def client(server, monkeypatch):
    telnyx = pytest.importorskip("telnyx")
    monkeypatch.setenv("TELNYX_BASE_URL", server.base_url)
    monkeypatch.setenv("TELNYX_API_KEY", "KEY")
    monkeypatch.setenv("TELNYX_PUBLIC_KEY", server.sandbox.public_key)
    with telnyx.Telnyx(max_retries=0) as made:
        yield made
    server.sandbox.reset()


def test_it_sends_retrieves_and_cancels(client, server):
    """Telnyx's client reads every answer of the sandbox, and the cancelled message is gone."""
    sent = client.messages.send(from_=SENDER, to=NUMBER, text="Hi", send_at=SEND_AT, idempotency_key="sdk-1")
    assert sent.data.to[0].status == "scheduled"
    read = client.messages.retrieve(sent.data.id)
    assert read.data.id == sent.data.id
    cancelled = client.messages.cancel_scheduled(sent.data.id)
    assert (cancelled.id, cancelled.to[0].status) == (sent.data.id, "cancelled")
    assert server.sandbox.parked() == []


def test_it_schedules_on_the_other_endpoint(client, server):
    """`messages.schedule` parks a message as `messages.send` does."""
    sent = client.messages.schedule(from_=SENDER, to=NUMBER, text="Hi", send_at=SEND_AT)
    assert sent.data.to[0].status == "scheduled"
    assert [item.id for item in server.sandbox.parked()] == [sent.data.id]


def test_its_errors_are_those_of_telnyx(client):
    """Refusals raise the SDK's own classes for a bad request, a missing message and a wrong key."""
    import telnyx

    with pytest.raises(telnyx.BadRequestError):
        client.messages.send(from_=SENDER, to=NUMBER, text="Hi", send_at="2026-02-10T09:01:00Z")
    with pytest.raises(telnyx.NotFoundError):
        client.messages.cancel_scheduled("7a3c21eb-8b8e-48ab-ace2-a83e4367c087")
    with pytest.raises(telnyx.AuthenticationError):
        client.with_options(api_key="WRONG").messages.retrieve("7a3c21eb-8b8e-48ab-ace2-a83e4367c087")


@pytest.mark.parametrize(
    ("verb", "fields"),
    [
        ("send_long_code", {"from_": SENDER}),
        ("send_short_code", {"from_": "12345"}),
        ("send_number_pool", {"messaging_profile_id": PROFILE}),
        ("send_with_alphanumeric_sender", {"from_": "Clinic", "messaging_profile_id": PROFILE}),
    ],
)
def test_it_sends_from_each_kind_of_sender(client, server, verb, fields):
    """The endpoints for one kind of sender answer the SDK's verbs for them."""
    sent = getattr(client.messages, verb)(to=NUMBER, text="Hi", **fields)
    assert server.sandbox.by_id[sent.data.id].to == NUMBER


def test_it_reads_the_lists(client, server):
    """Detail records, opt-outs and profiles are read and paged by the SDK."""
    for number in range(3):
        client.messages.send(from_=SENDER, to=f"+1202555012{number}", text="Hi")
        server.sandbox.inbound(f"+1202555012{number}", "STOP")
    records = client.detail_records.list(filter={"record_type": "messaging"}, page_size=2)
    assert len(list(records)) == 3
    assert len(list(client.messaging_optouts.list(page_size=2))) == 3
    assert [profile.id for profile in client.messaging_profiles.list()] == [PROFILE]


@pytest.mark.parametrize(
    ("kind", "status"), [("429", 429), ("500", 500), ("unauthorized", 401), ("in_progress", 409), ("error", 400)]
)
def test_its_faults_are_those_of_telnyx(client, server, kind, status):
    """Each fault is an error of the SDK's with Telnyx' code in its body."""
    import telnyx

    server.sandbox.fault(kind)
    with pytest.raises(telnyx.APIStatusError) as caught:
        client.messages.send(from_=SENDER, to=NUMBER, text="Hi", send_at=SEND_AT)
    assert caught.value.status_code == status
    assert caught.value.body["errors"][0]["code"].isdecimal()


def test_by_default_it_doubles_a_message_whose_answer_was_lost(client, server):
    """The SDK retries without a key of the caller's: a lost answer parks two messages."""
    server.sandbox.fault("drop_after", method="POST")
    client.with_options(max_retries=2).messages.send(from_=SENDER, to=NUMBER, text="Hi", send_at=SEND_AT)
    assert len(server.sandbox.parked()) == 2


def test_it_believes_the_sandboxs_webhooks(client):
    """Telnyx's client verifies the sandbox's signature and reads the event."""
    pytest.importorskip("nacl")
    sandbox = Sandbox(clock=Clock())
    received = []
    sandbox.hooks.receiver = lambda headers, body: received.append(
        client.webhooks.unwrap(body.decode(), headers=headers)
    )
    sandbox.inbound(NUMBER, "STOP")
    assert received[0].data.event_type == "message.received"
    assert received[0].data.payload.text == "STOP"


# Twilio


@pytest.fixture
def twilio(server):
    rest = pytest.importorskip("twilio.rest")
    made = rest.Client(ACCOUNT, "KEY")
    made.api.base_url = server.url
    yield made
    server.sandbox.reset()


def test_twilios_schedules_reads_lists_and_cancels(twilio, server):
    """Twilio's client works through the whole life of a parked message."""
    sent = twilio.messages.create(
        to=NUMBER, messaging_service_sid="MG" + "2" * 32, body="Hi", schedule_type="fixed", send_at=SEND_AT
    )
    assert sent.status == "scheduled"
    assert twilio.messages(sent.sid).fetch().body == "Hi"
    assert [item.sid for item in twilio.messages.list(to=NUMBER, limit=5)] == [sent.sid]
    assert twilio.messages(sent.sid).update(status="canceled").status == "canceled"
    assert server.sandbox.parked() == []


def test_twilios_errors_are_those_of_twilio(twilio):
    """A missing message raises the SDK's own exception with Twilio's code."""
    errors = pytest.importorskip("twilio.base.exceptions")
    with pytest.raises(errors.TwilioRestException) as raised:
        twilio.messages("SM" + "3" * 32).fetch()
    assert (raised.value.code, raised.value.status) == (20404, 404)


@pytest.mark.parametrize(
    ("fault", "code", "status"),
    [
        ({"kind": "429"}, 20429, 429),
        ({"kind": "500"}, 20500, 500),
        ({"kind": "unauthorized"}, 20003, 401),
        ({"kind": "error", "code": "21610"}, 21610, 400),
        ({"kind": "error", "code": "30034"}, 30034, 400),
    ],
    ids=str,
)
def test_twilios_faults_are_those_of_twilio(twilio, server, fault, code, status):
    """Each fault is the SDK's own exception with Twilio's code."""
    errors = pytest.importorskip("twilio.base.exceptions")
    server.sandbox.fault(**fault)
    with pytest.raises(errors.TwilioRestException) as raised:
        twilio.messages.create(to=NUMBER, messaging_service_sid="MG" + "2" * 32, body="Hi")
    assert (raised.value.code, raised.value.status) == (code, status)


def test_twilios_reads_every_page_and_deletes(twilio, server):
    """The SDK follows the pages, bounds them by the day of sending, redacts and deletes."""
    for _ in range(5):
        twilio.messages.create(to=NUMBER, messaging_service_sid="MG" + "2" * 32, body="Hi")
    server.sandbox.clock.advance(minutes=1)
    listed = twilio.messages.list(to=NUMBER, page_size=2)
    assert len({message.sid for message in listed}) == 5
    sent_at = server.sandbox.now() - timedelta(minutes=1)
    assert len(twilio.messages.list(date_sent_after=sent_at, date_sent_before=sent_at, page_size=2)) == 5
    assert twilio.messages.list(date_sent_after=server.sandbox.now()) == []
    assert twilio.messages(listed[0].sid).update(body="").body == ""
    assert twilio.messages(listed[0].sid).delete()
    assert len(twilio.messages.list()) == 4


def test_twilios_believes_the_sandboxs_webhooks():
    """Twilio's validator takes the signature of the sandbox's form and address."""
    validator = pytest.importorskip("twilio.request_validator").RequestValidator(SECRET)
    url = "https://example.com/t"
    received = []
    sandbox = Sandbox(
        provider="twilio", webhook_url=url, receiver=lambda headers, body: received.append((headers, body))
    )
    sandbox.inbound(NUMBER, "STOP")
    headers, body = received[0]
    assert validator.validate(url, dict(parse_qsl(body.decode())), headers["x-twilio-signature"])


# Vonage


def test_vonages_sends(server):
    """Vonage's client sends through the sandbox and reads the message's id."""
    vonage, models = pytest.importorskip("vonage"), pytest.importorskip("vonage_messages.models")
    requests = pytest.importorskip("requests")

    class Local(requests.adapters.HTTPAdapter):
        def send(self, request, *args, **options):
            request.url = server.url + request.path_url
            return super().send(request, *args, **options)

    client = vonage.Vonage(vonage.Auth(api_key="abcd1234", api_secret="KEY"))
    client.http_client._session.mount("https://", Local())
    sent = client.messages.send(models.Sms(to="12025550123", from_="12025550100", text="Hi", client_ref="tok"))
    client.http_client._session.close()
    (message,) = server.sandbox.messages()
    assert (message.id, message.to, message.text) == (sent.message_uuid, NUMBER, "Hi")
    server.sandbox.reset()


def test_vonages_believes_the_sandboxs_webhooks():
    """Vonage's own verification takes the token that the sandbox signs."""
    jwt = pytest.importorskip("vonage_jwt")
    received = []
    sandbox = Sandbox(provider="vonage", receiver=lambda headers, _body: received.append(headers["authorization"]))
    sandbox.inbound(NUMBER, "STOP")
    assert jwt.verify_signature(received[0].removeprefix("Bearer "), sandbox.secret)
