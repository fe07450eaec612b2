"""The sandbox's page, at its root: phones, texts as they arrive, the clock, faults, replies and webhooks.

Never counts as a request of a provider's. The page itself shows nothing: its script asks under `/_sandbox/`, and writes
what it is told as text, so that no text or number is ever markup.
"""

from __future__ import annotations

import base64
import html
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files

from reminder_kit.sandbox.faults import KINDS
from reminder_kit.sandbox.http_messages import Answer

__all__ = ["inbox_page"]


@lru_cache(maxsize=1)
def inbox_page() -> Answer:
    """Return the page."""
    text = files("reminder_kit.sandbox").joinpath("pages", "inbox.html").read_text(encoding="utf-8")
    kinds = "".join(
        f'<option value="{html.escape(kind)}">{html.escape(f"{kind}: {what}")}</option>' for kind, what in KINDS.items()
    )
    script, style = (_digest(text, tag) for tag in ("script", "style"))
    policy = (
        f"default-src 'none'; script-src '{script}'; style-src '{style}'; connect-src 'self'; img-src data:; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    )
    headers = {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": policy,
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    return Answer(200, text.replace("KINDS", kinds).encode(), headers)


def _digest(page: str, tag: str) -> str:
    text = page.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0]
    return f"sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}"
