"""Where a calendar's address may lead: by redirects to the open network, and to nothing that only this machine reaches.

Never connects. Asks the resolver for a name's addresses, and has the connection made to one of them, so that a name
that means another machine a moment later (DNS rebinding) gains nothing.

The configured address is the operator's own choice: it may be anywhere, and where it is, its redirects may lead too.
Behind a proxy names are the proxy's to resolve; then only what is written as an address is judged here.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

__all__ = ["Addresses", "IPAddress", "addresses_of", "is_this_machine", "networks_of", "spelled_address"]

IPAddress = IPv4Address | IPv6Address

Addresses = Callable[[str], list[IPAddress]]
"""Returns the addresses of a host; none where it has none."""

_METADATA = frozenset(
    map(ip_address, ("169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254"))
)
"""Where clouds tell a machine its credentials: AWS, Google, Azure and others; Alibaba; Azure's host; Oracle; AWS."""
_THIS_NETWORK = ip_network("0.0.0.0/8")
"""Addresses of no machine: a connection to one is made to this machine (RFC 1122, 3.2.1.3)."""
_TRANSLATED = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"), IPv6Network("::/96"))
"""IPv6 addresses whose last four bytes are an IPv4 address (RFC 6052, RFC 8215, RFC 4291 2.5.5.1)."""


def spelled_address(host: str) -> IPAddress | None:
    """Return the address that a host is written as, in any spelling that a connection takes; None: it is a name.

    Also decimal, octal, hexadecimal and shortened ones (2130706433, 0177.0.0.1, 0x7f000001, 127.1).
    """
    try:
        return ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None


def is_this_machine(host: str) -> bool:
    """Say whether a host is plainly this machine: a password that is sent there unencrypted is shown to nobody."""
    spelled = spelled_address(host)
    return host == "localhost" or (spelled is not None and spelled.is_loopback)


def addresses_of(host: str) -> list[IPAddress]:
    """Return the addresses that the machine's resolver knows for a host, the first choice first."""
    spelled = spelled_address(host)
    if spelled is not None:
        return [spelled]
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, ValueError):
        return []
    return list(dict.fromkeys(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))


def _within(address: IPAddress) -> IPAddress:
    """Return the IPv4 address that one of IPv6 stands for (mapped, translated or tunnelled), else the same."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if int(address) > 1 and any(address in network for network in _TRANSLATED):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _network_of(address: IPAddress) -> str:
    """Return in words which network an address is in that not everybody reaches; "": the open one."""
    inner = _within(address)
    if inner in _METADATA:
        return "a cloud's metadata service"
    if inner.is_loopback or inner.is_unspecified or inner in _THIS_NETWORK:
        return "this machine itself"
    if inner.is_link_local:
        return "the local link"
    if not inner.is_global or inner.is_multicast or getattr(inner, "is_site_local", False):
        return "a private network"
    return ""


def networks_of(addresses: Iterable[IPAddress]) -> set[str]:
    """Return which networks addresses are in that not everybody reaches."""
    return {name for name in map(_network_of, addresses) if name}
