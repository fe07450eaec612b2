"""Every request that our adapters make, whole: method, path, headers and bytes."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest

from reminder_kit.errors import ConfigurationError, MessageNotFoundError, RejectedError, TooLateToCancelError
from reminder_kit.model.messages import Draft
from reminder_kit.ports import Capabilities, Question, Request, Response
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.telnyx.responses import FAILURES as OF_TELNYX
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.providers.twilio.webhooks import FAILURES as OF_TWILIO
from reminder_kit.providers.vonage.provider import Vonage
from reminder_kit.providers.vonage.responses import FAILURES as OF_VONAGE
from reminder_kit.rules.window import Window
from tests.factories import ACCOUNT, HOOK, NUMBER, SENDER, SERVICE

AT = datetime(2026, 2, 15, 14, 30, tzinfo=UTC)
SINCE = datetime(2026, 2, 15, 9, 0, tzinfo=UTC)
PROFILE = "16fd2706-8baf-433b-82eb-8c7fada847da"
ODD_ID = "a/b?c d#ü"
QUOTED = "a%2Fb%3Fc%20d%23%C3%BC"
PICTURE, CARD = "https://clinic.example/map.png", "https://clinic.example/desk.vcf"
JSON = {"accept": "application/json"}
POSTED = {"content-type": "application/json", "accept": "application/json"}
MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT}/Messages"
VARIABLES = [
    *(f"TELNYX_{name}" for name in ("API_KEY", "BASE_URL", "PUBLIC_KEY")),
    *(f"TWILIO_{name}" for name in ("ACCOUNT_SID", "AUTH_TOKEN", "MESSAGING_SERVICE_SID", "BASE_URL", "WEBHOOK_KEY")),
    *(f"VONAGE_{name}" for name in ("API_KEY", "API_SECRET", "APPLICATION_ID", "PRIVATE_KEY", "SIGNATURE_SECRET")),
    "VONAGE_BASE_URL",
]


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def telnyx(**settings):
    return Telnyx(**{"api_key": "KEY", "from_": SENDER, **settings})


def twilio(**settings):
    return Twilio(**{"account_sid": ACCOUNT, "auth_token": "TOKEN", "messaging_service_sid": SERVICE, **settings})


def vonage(**settings):
    return Vonage(**{"from_": SENDER, "api_key": "abcd", "api_secret": "SECRET", **settings})


def draft(**changes):
    return Draft(**{"to": NUMBER, "text": "See you", "send_at": AT, **changes})


def created(provider, **changes):
    return provider.create(draft(**changes), token="tok-1", idempotency_key="key-1")


@pytest.mark.parametrize(
    ("settings", "changes", "path", "body"),
    [
        ({}, {}, "/messages", f'"from":"{SENDER}","to":"{NUMBER}","text":"See you","type":"SMS",AT'),
        (
            {"messaging_profile_id": PROFILE, "encoding": "ucs2", "webhook_url": HOOK},
            {"text": "Grüße"},
            "/messages",
            (
                f'"from":"{SENDER}","messaging_profile_id":"{PROFILE}","to":"{NUMBER}","text":"Grüße","type":"SMS",'
                f'"encoding":"ucs2",AT,"webhook_url":"{HOOK}?reminder_kit=tok-1"'
            ),
        ),
        (
            {"endpoint": "schedule"},
            {"subject": "of an SMS, which has none"},
            "/messages/schedule",
            f'"from":"{SENDER}","to":"{NUMBER}","text":"See you","type":"SMS",AT',
        ),
        (
            {},
            {"channel": "mms", "text": "", "subject": "Map", "media_urls": (PICTURE, CARD)},
            "/messages",
            f'"from":"{SENDER}","to":"{NUMBER}","subject":"Map","media_urls":["{PICTURE}","{CARD}"],"type":"MMS",AT',
        ),
        (
            {"encoding": "auto"},
            {"subject": "", "media_urls": (PICTURE,)},
            "/messages",
            (
                f'"from":"{SENDER}","to":"{NUMBER}","text":"See you","media_urls":["{PICTURE}"],"type":"MMS",'
                '"encoding":"auto",AT'
            ),
        ),
        (
            {"encoding": "gsm7"},
            {"channel": "mms", "subject": "Map"},
            "/messages",
            f'"from":"{SENDER}","to":"{NUMBER}","text":"See you","subject":"Map","type":"MMS","encoding":"gsm7",AT',
        ),
    ],
    ids=["least", "most of an SMS", "schedule", "media alone", "media and text", "an MMS of words"],
)
def test_telnyx_is_posted_these_bytes(settings, changes, path, body):
    """What is not given has no field; the key's header is of `/messages` alone."""
    key = {"idempotency-key": "key-1"} if path == "/messages" else {}
    expected = "{" + body.replace("AT", '"send_at":"2026-02-15T14:30:00Z"') + "}"
    assert created(telnyx(**settings), **changes) == Request("POST", path, expected.encode(), {**POSTED, **key})


def test_telnyx_is_asked_these_questions():
    """Each by its path alone, with the header that asks for JSON; an odd id is quoted whole."""
    provider = telnyx()
    since = "2026-02-15T08%3A55%3A00Z"
    records = (
        f"/detail_records?filter%5Brecord_type%5D=messaging&filter%5Bcld%5D=%2B12025550123&filter%5Bcreated_at%5D%5Bgte"
        f"%5D={since}&sort=-created_at&page%5Bsize%5D=50"
    )
    opted = "/messaging_optouts?page%5Bnumber%5D=3&page%5Bsize%5D=250"
    of_profile = f"{opted}&filter%5Bmessaging_profile_id%5D={PROFILE}"
    assert provider.read(ODD_ID) == Request("GET", f"/messages/{QUOTED}", headers=JSON)
    assert provider.cancel(ODD_ID) == Request("DELETE", f"/messages/{QUOTED}", headers=JSON)
    assert provider.messages_to(NUMBER, SINCE) == Request("GET", records, headers=JSON)
    assert provider.opt_outs(3) == Request("GET", opted, headers=JSON)
    assert telnyx(messaging_profile_id=PROFILE).opt_outs(3) == Request("GET", of_profile, headers=JSON)
    assert provider.ping() == Request("GET", "/messaging_profiles?page[size]=20", headers=JSON)


@pytest.mark.parametrize(("seconds", "asked"), [(-1, False), (0, True), (1, True)])
def test_telnyx_is_asked_for_records_once_a_message_is_due(seconds, asked):
    """Before its send time a message has no record: the very moment it is due, it may have one."""
    provider, now = telnyx(), AT + timedelta(seconds=seconds)
    found = provider.find(draft(), token="tok-1", created_at=SINCE, now=now)
    assert found == (provider.messages_to(NUMBER, SINCE) if asked else None)


def test_telnyx_is_asked_for_one_profile_by_its_quoted_id():
    """The profile that the first page does not have is asked for alone."""
    asking = telnyx(messaging_profile_id=ODD_ID).inspect(Response(200, {}, b"{}"))
    assert next(asking) == Question(Request("GET", f"/messaging_profiles/{QUOTED}"))


@pytest.mark.parametrize(
    ("settings", "changes", "body"),
    [
        ({}, {}, f"To=%2B12025550123&MessagingServiceSid={SERVICE}&Body=See+you&ScheduleType=fixed&SendAt=AT"),
        (
            {"from_": SENDER, "webhook_url": HOOK},
            {"text": "Grüße & so", "media_urls": (PICTURE, CARD)},
            (
                f"To=%2B12025550123&MessagingServiceSid={SERVICE}&From=%2B12025550100&Body=Gr%C3%BC%C3%9Fe+%26+so"
                "&MediaUrl=https%3A%2F%2Fclinic.example%2Fmap.png&MediaUrl=https%3A%2F%2Fclinic.example%2Fdesk.vcf"
                "&ScheduleType=fixed&SendAt=AT&StatusCallback=https%3A%2F%2Fclinic.example%2Fhooks"
            ),
        ),
        (
            {},
            {"text": "", "media_urls": (PICTURE,)},
            (
                f"To=%2B12025550123&MessagingServiceSid={SERVICE}&MediaUrl=https%3A%2F%2Fclinic.example%2Fmap.png"
                "&ScheduleType=fixed&SendAt=AT"
            ),
        ),
    ],
    ids=["least", "most", "media alone"],
)
def test_twilio_is_posted_these_bytes(settings, changes, body):
    """A form; what is not given has no field."""
    expected = body.replace("=AT", "=2026-02-15T14%3A30%3A00Z").encode()
    assert created(twilio(**settings), **changes) == Request("POST", f"{MESSAGES}.json", expected)


def test_twilio_is_asked_these_questions():
    """Each below the account; an odd id is quoted whole, and the list is asked for by number alone."""
    provider = twilio()
    listed = Request("GET", f"{MESSAGES}.json?To=%2B12025550123&PageSize=200")
    assert provider.read(ODD_ID) == Request("GET", f"{MESSAGES}/{QUOTED}.json")
    assert provider.cancel(ODD_ID) == Request("POST", f"{MESSAGES}/{QUOTED}.json", b"Status=canceled")
    assert provider.messages_to(NUMBER, SINCE) == listed
    assert provider.find(draft(), token="tok-1", created_at=SINCE, now=SINCE) == listed
    assert provider.ping() == Request("GET", f"/2010-04-01/Accounts/{ACCOUNT}.json")
    asking = provider.inspect(Response(200, {}, b"{}"))
    assert next(asking) == Question(Request("GET", f"/v1/Services/{SERVICE}"), "https://messaging.twilio.com")


@pytest.mark.parametrize(
    ("settings", "changes", "body"),
    [
        ({}, {}, '"channel":"sms",WHO,"message_type":"text","text":"See you"'),
        (
            {"webhook_url": HOOK},
            {"channel": "mms", "text": "Grüße"},
            f'"channel":"mms",WHO,"message_type":"text","text":"Grüße","webhook_url":"{HOOK}"',
        ),
        (
            {},
            {"media_urls": (PICTURE,), "text": ""},
            f'"channel":"mms",WHO,"message_type":"image","image":{{"url":"{PICTURE}"}}',
        ),
        (
            {},
            {"media_urls": (CARD, PICTURE)},
            (
                f'"channel":"mms",WHO,"message_type":"content","content":[{{"type":"vcard","url":"{CARD}","caption":'
                f'"See you"}},{{"type":"image","url":"{PICTURE}"}}]'
            ),
        ),
    ],
    ids=["least", "an MMS of words", "a picture alone", "several media"],
)
def test_vonage_is_posted_these_bytes(settings, changes, body):
    """Numbers without a plus sign, our token, then what is said."""
    who = '"to":"12025550123","from":"12025550100","client_ref":"tok-1"'
    expected = ("{" + body.replace("WHO", who) + "}").encode()
    assert created(vonage(**settings), **changes) == Request("POST", "/v1/messages", expected, POSTED)


def test_vonage_is_asked_one_question():
    """An application is listed; what it can't be asked is an error that names message and provider."""
    provider = vonage()
    assert provider.ping() == Request("GET", "/v2/applications?page_size=1", headers=JSON)
    for kind, call in (
        (MessageNotFoundError, lambda: provider.read("m-1")),
        (TooLateToCancelError, lambda: provider.cancel("m-1")),
    ):
        with pytest.raises(kind, match=r"\(m-1\)") as caught:
            call()
        assert caught.value.provider == "vonage"
    answer = Response(418, {}, b"")
    for kind, parse in ((MessageNotFoundError, provider.parse_read), (TooLateToCancelError, provider.parse_cancelled)):
        with pytest.raises(kind) as caught:
            parse(answer)
        assert (caught.value.provider, caught.value.status) == ("vonage", 418)


# Credentials


def test_each_provider_has_its_credentials():
    """A bearer key, or a name and secret in base64; Twilio's form is named with them."""
    assert telnyx().headers() == {"authorization": "Bearer KEY"}
    pair = b64encode(f"{ACCOUNT}:TOKEN".encode()).decode()
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert twilio().headers() == {"authorization": f"Basic {pair}", **form}
    assert vonage().headers() == {"authorization": "Basic " + b64encode(b"abcd:SECRET").decode()}


@pytest.mark.parametrize(
    ("make", "settings", "words"),
    [
        (telnyx, {"api_key": ""}, "TELNYX_API_KEY"),
        (telnyx, {"api_key": "kéy"}, "copy it anew"),
        (telnyx, {"api_key": "k\x07y"}, "copy it anew"),
        (twilio, {"account_sid": ""}, "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"),
        (twilio, {"auth_token": ""}, "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"),
        (vonage, {"api_key": ""}, "VONAGE_API_KEY and VONAGE_API_SECRET"),
        (vonage, {"api_secret": ""}, "VONAGE_API_KEY and VONAGE_API_SECRET"),
        (vonage, {"api_key": "", "application_id": "a"}, "VONAGE_APPLICATION_ID and VONAGE_PRIVATE_KEY"),
        (vonage, {"api_key": "", "private_key": "p"}, "VONAGE_APPLICATION_ID and VONAGE_PRIVATE_KEY"),
    ],
)
def test_half_a_credential_is_none(make, settings, words):
    """Whatever half is missing, the error names what to set."""
    with pytest.raises(ConfigurationError, match=words):
        make(**settings).headers()


def test_half_an_application_leaves_key_and_secret():
    """An application without its key, and a key without its application, are passed over; and are no account."""
    for half in ({"application_id": "a"}, {"private_key": "p"}):
        assert vonage(**half).headers()["authorization"].startswith("Basic ")
        assert vonage(**half).account == ""
    assert vonage(application_id="a", private_key="p").account == "a:p"


def test_the_environment_fills_in_every_setting(monkeypatch):
    """Each from its own variable, trimmed; what is given wins, also where it is empty."""
    for name in VARIABLES:
        monkeypatch.setenv(name, f" {name.lower()} ")
    for name in ("TELNYX_BASE_URL", "TWILIO_BASE_URL", "VONAGE_BASE_URL"):
        monkeypatch.setenv(name, f"http://{name.partition('_')[0].lower()}.example/")
    monkeypatch.setenv("TWILIO_MESSAGING_SERVICE_SID", f" {SERVICE}\n")
    monkeypatch.delenv("TELNYX_PUBLIC_KEY")
    assert Telnyx(from_=SENDER).headers() == {"authorization": "Bearer telnyx_api_key"}
    assert Telnyx(from_=SENDER).base_url == "http://telnyx.example"
    assert telnyx(base_url="http://other.example").base_url == "http://other.example"
    found = Twilio()
    assert found.headers()["authorization"] == f"Basic {b64encode(b'twilio_account_sid:twilio_auth_token').decode()}"
    assert (found.sender, found.base_url) == (SERVICE, "http://twilio.example")
    assert twilio(base_url="http://other.example").base_url == "http://other.example"
    assert Vonage(SENDER).account == "vonage_application_id:vonage_private_key"
    assert Vonage(SENDER).base_url == "http://vonage.example"
    assert vonage(base_url="http://other.example").base_url == "http://other.example"
    basic = {"authorization": "Basic " + b64encode(b"vonage_api_key:vonage_api_secret").decode()}
    assert Vonage(SENDER, application_id="", private_key="").headers() == basic


def test_without_settings_each_provider_is_where_it_lives():
    """The addresses of the providers themselves."""
    assert telnyx().base_url == "https://api.telnyx.com/v2"
    assert twilio().base_url == "https://api.twilio.com"
    assert vonage().base_url == "https://api.nexmo.com"


def test_a_repr_names_what_tells_adapters_apart():
    """Sender, pool and address, and no secret."""
    assert repr(telnyx(messaging_profile_id=PROFILE)) == (
        f"Telnyx(from_='{SENDER}', messaging_profile_id='{PROFILE}', base_url='https://api.telnyx.com/v2')"
    )
    assert repr(twilio(from_=SENDER)) == (
        f"Twilio(messaging_service_sid='{SERVICE}', from_='{SENDER}', base_url='https://api.twilio.com')"
    )
    assert repr(vonage()) == f"Vonage(from_='{SENDER}', base_url='https://api.nexmo.com')"


# What is declared


def barred(name):
    return {
        country: f"the sender {name!r} is a name, and no carrier of {country} takes messages from names: send from a "
        "number there"
        for country in ("US", "CA", "PR")
    }


MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
TELNYX_CAN = {
    "window": Window(5 * MINUTE, 5 * DAY, MINUTE),
    "cap": 1_000_000,
    "key_life": DAY,
    "lookup_age": 10 * DAY,
    "max_parts": 10,
    "lists": True,
    "lists_opt_outs": True,
    "signed_by": "telnyx-signature-ed25519",
    "inspects": True,
    "failures": OF_TELNYX,
}
TWILIO_CAN = {
    "window": Window(15 * MINUTE, 35 * DAY, timedelta(0)),
    "cap": 500_000,
    "lookup_age": 365 * DAY,
    "finds": True,
    "listed_within": 10 * MINUTE,
    "lists": True,
    "signed_by": "x-twilio-signature",
    "signs_address": True,
    "inspects": True,
    "failures": OF_TWILIO,
}
VONAGE_CAN = {
    "window": Window(timedelta(0), timedelta(0), timedelta(0), timedelta(0)),
    "cancels": False,
    "echoes_token": True,
    "signed_by": "authorization",
    "failures": OF_VONAGE,
}


@pytest.mark.parametrize(
    ("provider", "can", "changes"),
    [
        (telnyx, TELNYX_CAN, {}),
        (lambda: telnyx(messaging_profile_id=PROFILE), TELNYX_CAN, {"pool": PROFILE}),
        (lambda: telnyx(from_=None, messaging_profile_id=PROFILE), TELNYX_CAN, {}),
        (lambda: telnyx(webhook_url=HOOK), TELNYX_CAN, {"echoes_token": True, "finds": True}),
        (lambda: telnyx(endpoint="schedule"), TELNYX_CAN, {"key_life": None}),
        (
            lambda: telnyx(from_="Clinic", messaging_profile_id=PROFILE),
            TELNYX_CAN,
            {"mms": False, "pool": PROFILE, "not_to": barred("Clinic")},
        ),
        (twilio, TWILIO_CAN, {}),
        (lambda: twilio(from_=SENDER), TWILIO_CAN, {"pool": SERVICE}),
        (lambda: twilio(from_="Clinic"), TWILIO_CAN, {"mms": False, "pool": SERVICE, "not_to": barred("Clinic")}),
        (vonage, VONAGE_CAN, {}),
        (lambda: vonage(from_="Clinic"), VONAGE_CAN, {"not_to": barred("Clinic")}),
    ],
    ids=[
        "telnyx",
        "telnyx of a profile",
        "telnyx' pool",
        "telnyx with webhooks",
        "telnyx' other endpoint",
        "telnyx with a name",
        "twilio",
        "twilio of a number",
        "twilio with a name",
        "vonage",
        "vonage with a name",
    ],
)
def test_what_each_adapter_declares(provider, can, changes):
    """All of it, and nothing else."""
    assert provider().capabilities == Capabilities(**{**can, **changes})


@pytest.mark.parametrize(
    ("make", "settings", "window"),
    [
        (telnyx, {"schedule_ahead": 6 * MINUTE}, None),
        (
            telnyx,
            {"schedule_ahead": 6 * MINUTE + timedelta(seconds=1)},
            (5 * MINUTE, 6 * MINUTE + timedelta(seconds=1)),
        ),
        (telnyx, {"schedule_ahead": 5 * DAY + MINUTE}, (5 * MINUTE, 5 * DAY)),
        (twilio, {"schedule_ahead": 16 * MINUTE}, None),
        (twilio, {"schedule_ahead": 17 * MINUTE}, (15 * MINUTE, 17 * MINUTE)),
        (twilio, {"schedule_ahead": 36 * DAY}, (15 * MINUTE, 35 * DAY)),
        (twilio, {"min_lead": 5 * MINUTE}, (5 * MINUTE, 35 * DAY)),
        (twilio, {"min_lead": timedelta(seconds=299)}, None),
        (twilio, {"min_lead": DAY, "schedule_ahead": DAY}, None),
        (twilio, {"min_lead": DAY, "schedule_ahead": DAY + 2 * MINUTE}, (DAY, DAY + 2 * MINUTE)),
    ],
)
def test_a_window_has_room_for_more_than_a_minute(make, settings, window):
    """What leaves a minute or less, or less than the provider's shortest lead, is refused with the lengths in words."""
    if window is None:
        with pytest.raises(ConfigurationError) as caught:
            make(**settings)
        assert all(f"{name} = {value}" in str(caught.value) for name, value in settings.items())
        return
    found = make(**settings).capabilities.window
    assert (found.min_lead, found.max_lead) == window


# What is refused before there is a request

LONE = "a\ud83d"


@pytest.mark.parametrize(
    ("provider", "changes", "words"),
    [
        (telnyx(), {"text": " \n"}, "the text is empty: correct the template or data"),
        (telnyx(), {"text": LONE}, "the text holds half a character (a lone surrogate): correct the template or data"),
        (telnyx(), {"media_urls": (PICTURE,) * 11}, "11 media, of 10 at most"),
        (
            telnyx(from_="Clinic", messaging_profile_id=PROFILE),
            {"media_urls": (PICTURE,)},
            "the alphanumeric sender 'Clinic' sends SMS only: use a number for MMS",
        ),
        (
            telnyx(),
            {"text": "a" * 1531},
            "the text takes 11 parts, of 10 at most (1531 units): shorten the template",
        ),
        (
            telnyx(encoding="ucs2"),
            {"text": "a" * 671},
            "the text takes 11 parts, of 10 at most (671 units): shorten the template",
        ),
        (
            telnyx(encoding="gsm7"),
            {"text": "ж"},
            "encoding = 'gsm7', but the text holds other characters: use 'auto' or mend the template",
        ),
        (twilio(), {"text": " \n"}, "the text is empty: correct the template or data"),
        (twilio(), {"text": "a" * 1601}, "the text has 1601 characters, of 1600 at most: shorten the template"),
        (twilio(), {"media_urls": (PICTURE,) * 11}, "11 media, of 10 at most"),
        (twilio(), {"text": LONE}, "the text holds half a character (a lone surrogate): correct the template or data"),
        (vonage(), {"text": " \n"}, "the text is empty: correct the template or data"),
        (vonage(), {"text": "a" * 3201}, "the text has 3201 characters, of 3200 at most: shorten the template"),
        (
            vonage(),
            {"text": "a" * 3001, "media_urls": (PICTURE,)},
            "the text has 3001 characters, of 3000 at most: shorten the template",
        ),
        (vonage(), {"text": LONE}, "the text holds half a character (a lone surrogate): correct the template or data"),
    ],
)
def test_what_is_never_taken_says_why(provider, changes, words):
    """The provider, what is wrong and what to mend."""
    with pytest.raises(RejectedError) as caught:
        created(provider, **changes)
    label = type(provider).__name__
    assert str(caught.value) == f"{label} would refuse this message: {words}"
    assert caught.value.provider == label.lower()


@pytest.mark.parametrize(
    ("provider", "changes"),
    [
        (telnyx(), {"media_urls": (PICTURE,) * 10}),
        (telnyx(), {"media_urls": (PICTURE,), "text": "a" * 1531}),
        (telnyx(encoding="ucs2"), {"text": "a" * 670}),
        (telnyx(encoding="ucs2"), {"text": "ж" * 670}),
        (telnyx(encoding="gsm7"), {"text": "a" * 1530}),
        (twilio(), {"text": "a" * 1600, "media_urls": (PICTURE,) * 10}),
        (vonage(), {"text": "a" * 3200}),
        (vonage(), {"text": "a" * 3000, "media_urls": (PICTURE,)}),
    ],
)
def test_the_most_that_is_taken_is_taken(provider, changes):
    """One less is not refused."""
    assert created(provider, **changes).method == "POST"


# Senders


@pytest.mark.parametrize(
    ("given", "sender"),
    [
        ("  +1 (202) 555-0100 ", SENDER),
        ("+1.202.555.0100", SENDER),
        ("+1234567", "+1234567"),
        ("+123456789012345", "+123456789012345"),
        ("123", "123"),
        ("12345678", "12345678"),
        ("A", "A"),
        (" Dr Smith ", "Dr Smith"),
        ("1800 CLINIC", "1800 CLINIC"),
    ],
)
def test_a_sender_is_a_number_a_short_code_or_a_name(given, sender):
    """Without what stands around and within a number; a name keeps its spaces."""
    assert telnyx(from_=given, messaging_profile_id=PROFILE).sender == sender


@pytest.mark.parametrize(
    "given", ["+123456", "+1234567890123456", "+0202555010", "12", "123456789", "Clinic-Desk", "A Clinic Desk", "Ärzte"]
)
def test_what_is_no_sender_is_shown(given):
    """What is too short, too long, or of other characters is refused, and the error shows it."""
    with pytest.raises(ConfigurationError, match="is neither a number") as caught:
        telnyx(from_=given, messaging_profile_id=PROFILE)
    assert repr(given) in str(caught.value)


def test_a_long_sender_is_shown_in_part():
    """Its first twenty characters tell which it is."""
    with pytest.raises(ConfigurationError) as caught:
        telnyx(from_="abcdefghijklmnopqrstuvwxyz")
    assert "'abcdefghijklmnopqrst'" in str(caught.value)


@pytest.mark.parametrize("given", [None, "", "  "])
def test_a_blank_sender_is_none(given):
    """It leaves the choice to the pool; without a pool something is missing."""
    assert telnyx(from_=given, messaging_profile_id=PROFILE).sender == PROFILE
    with pytest.raises(ConfigurationError, match="Telnyx needs a sender"):
        telnyx(from_=given)


def test_an_empty_profile_is_none():
    """It has no field, and pools nothing."""
    assert b"messaging_profile_id" not in created(telnyx(messaging_profile_id="")).body
    assert telnyx(messaging_profile_id="").capabilities.pool == ""


def test_each_sender_is_what_it_is_called():
    """Twilio's service sends where no number is chosen, and Vonage's sender is as it is written."""
    assert (twilio().sender, twilio(from_=SENDER).sender, twilio(from_="").sender) == (SERVICE, SENDER, SERVICE)
    assert vonage(from_="Clinic").sender == "Clinic"
    for nothing in (None, ""):
        with pytest.raises(ConfigurationError, match="Vonage needs a sender"):
            vonage(from_=nothing)


@pytest.mark.parametrize("service", ["", "MG123", "XX" + "2" * 32, "MG" + "2" * 33, "MG" + "g" * 32])
def test_a_messaging_service_is_known_by_its_form(service):
    """MG and 32 hexadecimal digits; anything else is refused before it would be sent at once."""
    with pytest.raises(ConfigurationError, match="messaging_service_sid"):
        twilio(messaging_service_sid=service)
    assert twilio(messaging_service_sid="MG" + "aF9" * 10 + "09").sender == "MG" + "aF9" * 10 + "09"


def test_twilio_needs_its_account_for_a_path():
    """Without an account there is no address of messages: the error names the variable."""
    with pytest.raises(ConfigurationError, match="TWILIO_ACCOUNT_SID"):
        twilio(account_sid="").ping()
