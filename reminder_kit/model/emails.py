"""E-mail addresses: as they are compared and written to.

Pure: no clock, no I/O. Never raises for what cannot be an address: that is None.
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["email_address"]

_LONGEST, _LONGEST_LOCAL = 254, 64
"""Octets of a whole address, and of what stands before its @ (RFC 5321, 4.5.3.1, and RFC 3696, erratum 1690)."""

_LOCAL = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*")
"""A dot-atom (RFC 5322, 3.2.3), its letters of any language (RFC 6532). Quoted ones ("a b"@…) are nobody's in practice,
and the likeliest way to smuggle something into a header."""

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


@lru_cache(maxsize=100_000)
def email_address(text: str) -> str | None:
    """Return an e-mail address as it is compared, or None where a text can't be one.

    The domain is in lower case, and in the letters that DNS knows (IDNA 2008, `xn--…`); what stands before the @ stays
    as it is, for only its server knows whether case matters there. `mailto:` and blanks around are dropped. An address
    with a line end, a blank, a quote or a second @ in it is none, nor is one without a dot in its domain.
    """
    plain = text.strip()
    if plain[:7].casefold() == "mailto:":
        plain = plain[7:]
    local, at, domain = plain.rpartition("@")
    if not at or not _LOCAL.fullmatch(local) or len(local.encode()) > _LONGEST_LOCAL:
        return None
    host = _host(domain)
    if host is None or len(local.encode()) + 1 + len(host) > _LONGEST:
        return None
    return f"{local}@{host}"


def _host(domain: str) -> str | None:
    """Return a domain as DNS knows it; None where it can't be one."""
    if len(domain) > _LONGEST:
        return None
    plain = domain.lower()
    if not plain.isascii():
        import idna

        try:
            plain = idna.encode(domain, uts46=True).decode()
        except (idna.IDNAError, UnicodeError):
            return None
    labels = plain.split(".")
    named = all(_LABEL.fullmatch(label) for label in labels)
    return plain if named and len(labels) > 1 and not labels[-1].isdigit() else None
