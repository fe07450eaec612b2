"""The proxy that the environment names: used for the provider, never for this machine itself."""

from __future__ import annotations

import httpx
import pytest

from reminder_kit.ports import NotSentError, Request
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.transport.connections import Connection
from reminder_kit.transport.http import HttpChannel
from tests.factories import SENDER

VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
PROXY, OTHER = "http://proxy.example:3128", "http://other.example:3128"


@pytest.fixture
def proxy_for(monkeypatch):
    """Return a function: the proxy that a provider at an address is spoken to through, in an environment."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)

    def find(base_url, **environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return HttpChannel(Telnyx(api_key="KEY", from_=SENDER, base_url=base_url), 5.0, None).proxy()

    return find


@pytest.mark.parametrize(
    ("base_url", "environment", "expected"),
    [
        ("https://api.telnyx.com/v2", {}, None),
        ("https://api.telnyx.com/v2", {"https_proxy": PROXY, "http_proxy": OTHER}, PROXY),
        ("http://api.example/v2", {"https_proxy": OTHER, "http_proxy": PROXY}, PROXY),
        ("https://api.telnyx.com/v2", {"all_proxy": PROXY}, PROXY),
        ("https://api.telnyx.com/v2", {"https_proxy": "proxy.example:3128"}, PROXY),
        ("https://api.telnyx.com/v2", {"https_proxy": ""}, None),
        ("https://api.telnyx.com/v2", {"all_proxy": OTHER, "https_proxy": PROXY}, PROXY),
        ("https://api.telnyx.com/v2", {"https_proxy": PROXY, "no_proxy": "api.telnyx.com"}, None),
        ("https://api.telnyx.com/v2", {"https_proxy": PROXY, "no_proxy": "example.com"}, PROXY),
        ("http://127.0.0.1:8000/v2", {"http_proxy": PROXY}, None),
        ("http://localhost:8000/v2", {"all_proxy": PROXY}, None),
    ],
)
def test_the_environment_names_the_proxy(proxy_for, base_url, environment, expected):
    """By scheme, else for all; an excepted host and this machine are spoken to directly."""
    assert proxy_for(base_url, **environment) == expected


def test_who_goes_by_a_proxy_has_a_transport_that_can(monkeypatch):
    """Connections of ours know no proxies: httpx's own transports go by one, in either face."""
    monkeypatch.setenv("https_proxy", PROXY)
    monkeypatch.delenv("no_proxy", raising=False)
    channel = HttpChannel(Telnyx(api_key="KEY", from_=SENDER), 5.0, None)
    with channel.opened() as blocking:
        assert type(blocking) is httpx.HTTPTransport
    assert type(channel.opened_async()) is httpx.AsyncHTTPTransport
    monkeypatch.delenv("https_proxy")
    with channel.opened() as blocking:
        assert type(blocking) is Connection


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("ftp://proxy.example:21", "of a kind that is not spoken here"),
        ("http://proxy.example:x", "is no address"),
    ],
)
def test_a_proxy_that_nobody_can_go_by_is_named_with_what_to_write(monkeypatch, named, said):
    """Nothing was sent; the credentials that it may hold are not shown."""
    monkeypatch.setenv("https_proxy", named.replace("//", "//ada:SECRET@"))
    monkeypatch.delenv("no_proxy", raising=False)
    channel = HttpChannel(Telnyx(api_key="KEY", from_=SENDER), 5.0, None)
    for opened in (channel.opened, channel.opened_async):
        with pytest.raises(NotSentError, match=f"{said}: write http://host:port into HTTPS_PROXY") as told:
            opened()
        assert "SECRET" not in str(told.value)


@pytest.mark.parametrize(("timeout", "connect"), [(5.0, 5.0), (60.0, 10.0)])
def test_a_connection_is_waited_for_no_longer_than_ten_seconds(timeout, connect):
    """An answer as long as was said; a connection that is not made by then will not be made."""
    channel = HttpChannel(Telnyx(api_key="KEY", from_=SENDER), timeout, None)
    limits = channel.built(Request("GET", "/messages/1")).extensions["timeout"]
    assert limits == {"connect": connect, "read": timeout, "write": timeout, "pool": 10.0}
