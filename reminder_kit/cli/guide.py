"""`guide`: the pages of the guide, which come with the package, in the order in which one reads them.

Never needs a configuration, a ledger or a network.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

import click

from reminder_kit.cli.options import chosen, common
from reminder_kit.cli.output import write_json, write_lines, write_text
from reminder_kit.cli.rendering import Line, aligned
from reminder_kit.model.suggestions import suggestion

__all__ = ["ORDER", "guide", "pages"]

ORDER = (
    "start", "how_it_works", "rules", "when_it_goes_out", "templates", "senders", "channels", "calendars", "hosts",
    "snapshots", "what_the_host_knows", "webhooks", "notices", "page", "what_waits", "reasons", "errors", "operations",
    "capacity", "ledger_at_rest", "rules_and_ledgers", "tenants", "money", "providers", "testing", "consent",
    "personal_data", "hostile_input", "developing",
)  # fmt: skip
"""The pages in the order in which one reads them; a page that is not named comes behind these."""


@lru_cache(maxsize=1)
def pages() -> dict[str, str]:
    """Return the text of each page by its name, in the order in which one reads them."""
    found = {
        path.name.removesuffix(".md"): path.read_text(encoding="utf-8")
        for path in files("reminder_kit").joinpath("guide").iterdir()
        if path.name.endswith(".md")
    }
    known = [name for name in ORDER if name in found]
    return {name: found[name] for name in (*known, *sorted(set(found) - set(known)))}


def _title(text: str) -> str:
    return text.partition("\n")[0].removeprefix("# ")


@click.command()
@click.argument("topic", required=False)
@common
def guide(topic: str | None) -> int:
    """Read the guide: without TOPIC its pages are listed; part of a page's name is enough."""
    known = pages()
    if topic is None:
        _list(known)
        return 0
    wanted = topic.lower().replace("-", "_").removesuffix(".md")
    fitting = [name for name in known if name == wanted] or [name for name in known if wanted in name]
    if len(fitting) != 1:
        raise click.UsageError(f"there is no page {topic!r}: {suggestion(wanted, fitting or list(known))}")
    (name,) = fitting
    if chosen().json:
        write_json({"topic": name, "title": _title(known[name]), "text": known[name]})
    else:
        write_text(known[name], nl=False)
    return 0


def _list(known: dict[str, str]) -> None:
    if chosen().json:
        write_json([{"topic": name, "title": _title(text)} for name, text in known.items()])
        return
    write_lines(Line(text) for text in aligned([[name, _title(text)] for name, text in known.items()]))
    write_lines([Line(""), Line("reminder-kit guide TOPIC shows a page")])
