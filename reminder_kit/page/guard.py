"""Who may ask the page, and from where: a token of its own, or the host's permission; and no other site in between.

Pure: no clock, no I/O. Never lets a name or a number into an address, and never says why somebody is refused.

What stands against what:

- Another person of this machine, or of the network: the token, or the host's permission.
- Another site that has this machine's browser ask (CSRF, DNS rebinding): the Host must be ours, a cookie goes to ours
  only (SameSite), a form carries a secret of the visitor, and a POST names our origin.
- Another site that shows the page inside its own: it may not be framed.
- Names that are markup: everything is escaped, and the browser runs nothing but the one script whose digest is named.
- Who comes to this browser later: nothing is kept.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from hashlib import sha256
from secrets import token_urlsafe
from urllib.parse import urlencode, urlsplit

from attrs import field, frozen

from reminder_kit.page.asked import Answer, Asked, redirect

__all__ = ["HEADERS", "Permit", "TokenGuard", "Visitor", "csrf_of", "from_here"]

COOKIE = "reminder_kit_page"

HEADERS = (
    ("cache-control", "no-store"),
    ("x-frame-options", "DENY"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
)
"""What every answer has, besides the policy that names the style and the script."""


@frozen
class Visitor:
    """Who looks, and what they may do."""

    #: What is noted with each look at a person: a name or an address that the host knows.
    who: str
    #: Whether they may act where the page has actions at all.
    may_act: bool = True


Permit = Callable[[object], Visitor | str | None]
"""A host's permission: it is handed the ASGI scope, the WSGI environment or Django's request, and says who looks; None:
nobody may."""


def csrf_of(secret: str, who: str) -> str:
    """Return what a form of this visitor carries, which no other site can know."""
    return hmac.new(secret.encode(), f"form:{who}".encode(), sha256).hexdigest()


def from_here(asked: Asked) -> bool:
    """Say whether a POST comes from a page of ours, as far as the browser says where it comes from."""
    site = asked.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = asked.headers.get("origin")
    try:
        return origin is None or (origin != "null" and urlsplit(origin).netloc == asked.headers.get("host"))
    except ValueError:  # it can't be an address
        return False


@frozen
class TokenGuard:
    """Lets in whoever has the token of the printed address; the token leaves the address at once, for a cookie."""

    #: The hosts, each with its port, under which the page is reached.
    hosts: frozenset[str]
    #: Who is noted as looking: everybody with the token is the same.
    who: str = "the page"
    token: str = field(factory=lambda: token_urlsafe(24), repr=False)

    @property
    def _session(self) -> str:
        return hmac.new(self.token.encode(), b"session", sha256).hexdigest()

    def admit(self, asked: Asked) -> Visitor | Answer:
        """Return who looks, or the answer that lets in by a token, or refuses."""
        if asked.headers.get("host", "").lower() not in self.hosts:
            return Answer(421, b"this is not the address of this page")
        given = asked.query.get("token")
        if given is not None and asked.method == "GET":
            return self._let_in(asked, given)
        cookie = asked.cookies.get(COOKIE, "")
        if not hmac.compare_digest(cookie.encode(), self._session.encode()):
            return Answer(403, b"open the address that `reminder-kit serve` has printed: it holds the token")
        return Visitor(self.who)

    def _let_in(self, asked: Asked, given: str) -> Answer:
        if not hmac.compare_digest(given.encode(), self.token.encode()):
            return Answer(403, b"this token is not, or no longer, valid: open the address that was printed last")
        left = {name: value for name, value in asked.query.items() if name != "token"}
        query = f"?{urlencode(left)}" if left else ""
        cookie = f"{COOKIE}={self._session}; Path=/; HttpOnly; SameSite=Strict"
        return redirect(f"{asked.root}{asked.path}{query}", ("set-cookie", cookie))
