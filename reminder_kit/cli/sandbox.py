"""`sandbox`: a local Telnyx, which does what Telnyx' documents say.

Never sends anything to a phone.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from reminder_kit.cli.options import chosen, common, now_option
from reminder_kit.cli.output import write_json, write_text
from reminder_kit.errors import ConfigurationError

if TYPE_CHECKING:
    from reminder_kit.sandbox import Sandbox

__all__ = ["sandbox"]

_ANY_KEY = "KEY_SANDBOX"


def _public_key(sandbox: Sandbox) -> str:
    """Return what its webhooks are verified with; "": nothing is there to sign them with."""
    try:
        return sandbox.public_key
    except ConfigurationError:
        return ""


@click.command()
@click.option("--port", default=8765, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--key", metavar="KEY", help="The only API key taken (default: any).")
@now_option
@common
def sandbox(port: int, host: str, key: str | None, now: datetime | None) -> int:
    """Run a local Telnyx until interrupted, and print what to point TELNYX_BASE_URL at.

    Its inbox is a page to open in a browser: phones, texts, the clock, faults, replies.
    With --now its clock stands still there, until it is moved there, or by POST
    /_sandbox/clock {"advance": 3600}. GET /_sandbox/messages lists what it holds.
    """
    from reminder_kit.sandbox import Sandbox, Server, run

    def ready(server: Server) -> None:
        shown = {"base_url": server.base_url, "api_key": key or _ANY_KEY, "inbox": f"{server.url}/"}
        shown |= {"public_key": public_key} if (public_key := _public_key(server.sandbox)) else {}
        if chosen().json:
            write_json(shown, one_line=True)
            return
        write_text(f"base_url: {server.base_url}")
        write_text(f"export TELNYX_BASE_URL={server.base_url}")
        write_text(f"export TELNYX_API_KEY={shown['api_key']}")
        if public_key:
            write_text(f"export TELNYX_PUBLIC_KEY={public_key}")
        write_text(f"inbox: {shown['inbox']}")

    try:
        run(host, port, sandbox=Sandbox(clock=now, key=key), ready=ready)
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen on {host} port {port} ({error.strerror}): choose another --port (0 takes a free one)"
        ) from None
    return 0
