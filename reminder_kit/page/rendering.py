"""Values as HTML: Jinja2 with everything escaped, one style and one script within the page, times in the kit's zone.

Never refers to anything outside of the document. Whatever a terminal would obey, and whatever turns the direction of
what follows, is shown as an escape.
"""

from __future__ import annotations

import base64
from datetime import date, datetime
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reminder_kit.model.instants import in_zone, iso
from reminder_kit.model.phones import masked
from reminder_kit.model.reason_words import reason_words
from reminder_kit.page.health import Health
from reminder_kit.page.plots import bars
from reminder_kit.page.views import stand
from reminder_kit.text.printable import printable
from reminder_kit.text.sms import sms_parts

__all__ = ["environment", "policy", "rendered"]


def _shown(value: Any) -> Any:
    """Return what is to be written: markup of ours as it is, of all else what any screen can show."""
    if value is None:
        return ""
    return value if isinstance(value, Markup) else printable(value, lines=True)


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return the environment of the page's templates."""
    made = Environment(
        loader=PackageLoader("reminder_kit.page"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"at": _time, "day": _day, "masked": masked, "percent": _percent, "telephone": _telephone}
    own = {name: Markup(_text(file)) for name, file in (("style", "style.css"), ("script", "live.js"))}  # noqa: S704 - files of ours
    made.globals |= {**own, "plot_of": _plot, "stand": stand, "words": reason_words, "parts": _parts}
    return made


@lru_cache(maxsize=8)
def _text(name: str) -> str:
    return files("reminder_kit.page").joinpath("templates", name).read_text(encoding="utf-8")


def rendered(template: str, **values: Any) -> str:
    """Return a template as HTML; `zone` among the values is that of its times."""
    return environment().get_template(template).render(values)


def policy() -> str:
    """Return the policy by which a browser runs the one script, and uses the one style, and nothing else."""
    script, style = (_digest(_text(name)) for name in ("live.js", "style.css"))
    return (
        f"default-src 'none'; script-src '{script}'; style-src '{style}'; connect-src 'self'; img-src data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}"


def _time(moment: datetime | None, zone: ZoneInfo, *, days: bool = True) -> Markup:
    """Return an instant by a zone's clocks; the script adds the reader's own where that is another one."""
    if moment is None:
        return Markup("")
    local = in_zone(moment, zone)
    offset = int((local.utcoffset() or (local - local)).total_seconds()) // 60
    clock = f"{local:%H:%M}"
    shown = f"{local:%a} {local.day} {local:%b} {clock}" if days else clock
    return Markup('<time datetime="{}" data-offset="{}">{}</time>').format(iso(moment), offset, shown)


def _day(value: date) -> str:
    """Return a date in words: "Tuesday 3 March 2026"."""
    return f"{value:%A} {value.day} {value:%B %Y}"


def _plot(found: Health) -> Markup:
    """Return what went out on each day, and is to, as bars."""
    names = [str(one.day.day) for one in found.days]
    series = (
        ("delivered", [one.delivered for one in found.days]),
        ("sent", [one.sent - one.delivered - one.undelivered for one in found.days]),
        ("undelivered", [one.undelivered for one in found.days]),
        ("parked", [one.to_come for one in found.days]),
    )
    return bars("Messages by day: delivered, sent, undelivered and parked", names, series)


def _parts(text: str) -> int:
    return sms_parts(text).parts


def _percent(part: float | None) -> str:
    return "–" if part is None else f"{part:.0%}"


def _telephone(number: str) -> str:
    """Return a number as it is read aloud, with its country code."""
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL))
