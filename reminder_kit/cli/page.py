"""`serve` and `report`: the page to look at in a browser, and the same in one file.

Never listens on anything but this machine: a host that is reached from elsewhere mounts the page behind its own
permissions.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import click

from reminder_kit.cli.options import common, now_option, output_option
from reminder_kit.cli.output import say, writing
from reminder_kit.cli.own_kit import face_of
from reminder_kit.cli.session import opened
from reminder_kit.cli.webhook import listening, serve_app
from reminder_kit.errors import InvalidRuleError
from reminder_kit.rules.offsets import parse_length

__all__ = ["report", "serve"]

_HOST = "127.0.0.1"


@click.command()
@click.option("--port", default=8321, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--actions", is_flag=True, help="Allow what changes something: suppress, allow, retry, skip, seen.")
@now_option
@common
def serve(port: int, now: datetime | None, *, actions: bool) -> int:
    """Serve the page on this machine until interrupted: open the address that is printed, which holds a token.

    The page is for who has the token, on this machine alone; nothing can be changed without --actions.
    """
    from reminder_kit.page import PageApp
    from reminder_kit.page.guard import TokenGuard

    with opened(now, writing=actions) as kit:
        face = face_of(kit)
        with listening(_HOST, port) as door:
            taken = door.getsockname()[1]
            guard = TokenGuard(frozenset({f"{name}:{taken}" for name in (_HOST, "localhost")}))
            app = PageApp(face, guard, actions=actions, closes=face is not kit)
            serve_app(app, door, f"http://{_HOST}:{taken}/?token={guard.token}")
    return 0


@click.command()
@click.option("--since", "length", default="30d", show_default=True, metavar="LENGTH", help="How far back.")
@click.option("--anonymous", is_flag=True, help="Leave out names, titles and texts, too.")
@output_option("The file to write, for its owner alone.", required=True)
@now_option
@common
def report(length: str, output: str, now: datetime | None, *, anonymous: bool) -> int:
    """Write what was sent, and how the job is, as one page of HTML that needs nothing else; numbers are masked."""
    from reminder_kit.page import write_report

    back = _parse(length)
    with opened(now) as kit, writing(output):
        write_report(kit, Path(output), kit.now() - back, anonymous=anonymous)
    say(f"written to {output}")
    return 0


def _parse(text: str) -> timedelta:
    """Return the length of time that an option names; raises `click.BadParameter`."""
    short = text.strip()
    if short[:-1].isdecimal() and short[-1:] in ("d", "h"):
        short = f"{short[:-1]} {'days' if short.endswith('d') else 'hours'}"
    try:
        return parse_length(short, "--since")
    except InvalidRuleError as error:
        raise click.BadParameter(str(error)) from None
