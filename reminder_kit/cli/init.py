"""`init`: writes a commented reminders.toml to begin with, on which `rules check` passes.

Never writes over a file that is there, and never writes a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from reminder_kit.cli.options import chosen, common
from reminder_kit.cli.output import require_somebody, say, write_json, write_text, writing
from reminder_kit.config import checks
from reminder_kit.config.loading import DEFAULT_PATH, load
from reminder_kit.errors import ConfigurationError, InvalidInputError
from reminder_kit.model.phones import phone_number

__all__ = ["init"]

_TEMPLATE = """\
# What reminder-kit sends, and when. Every key: `reminder-kit rules schema`, and `reminder-kit guide rules`.
# No secrets here: they are environment variables ({variable}).

timezone = "{timezone}"{pad}# for local rules, and for times that name no zone
locale = "en"                      # of texts whose reader says nothing else
default_region = "{region}"              # for phones written without a country code

[provider]
name = "{provider}"
{sender}
# webhook_url = "https://example.com/hooks/{provider}"   # where it reports to; see "Hearing back"

[ledger]
url = "sqlite:///reminders.db"     # or REMINDER_KIT_LEDGER_URL: postgresql://…
# busy_timeout = "5 seconds"       # how long a lock is waited for

[quiet_hours]                      # nobody is written to between these, by the reader's own clock
start = "21:00"
end = "08:00"

# Text may speak of appointment, recipient, data, rule and `when` ("tomorrow at 10:00 AM", true as it goes out).
# `reminder-kit rules check` prints each as people would receive it.

[[rules]]
id = "day-before"
before = "24 hours"                # exact; "1 day" keeps the wall clock; or days_before = 1, at = "18:00"
text = "Hi {{{{ recipient.name or 'there' }}}}, see you {{{{ when }}}}."

[[rules]]
id = "two-hours"
before = "2 hours"
if_late = "skip"                   # who books later than that is not told at once
text = "See you {{{{ when }}}}."
"""

_VARIABLES = {
    "telnyx": "TELNYX_API_KEY",
    "twilio": "TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN",
    "vonage": "VONAGE_API_KEY, VONAGE_API_SECRET",
}
"""Providers, each with what the environment must hold."""

_FROM = 'from = "{}"              # your number there'
_SERVICE = 'messaging_service_sid = "{}"   # whose senders it sends from'


@click.command()
@click.option("--yes", is_flag=True, help="Ask nothing: take what the options say, and what is usual.")
@click.option("--timezone", metavar="ZONE", help="Where you are: America/New_York.")
@click.option("--region", metavar="COUNTRY", help="Whose phones are written without a country code: US.")
@click.option("--provider", type=click.Choice(list(_VARIABLES)), help="Who sends.")
@click.option("--from", "sender", metavar="NUMBER", help="The number you send from.")
@click.option("--service", metavar="SID", help="With Twilio, instead of a number: the Messaging Service, MG….")
@common
def init(
    timezone: str | None,
    region: str | None,
    provider: str | None,
    sender: str | None,
    service: str | None,
    *,
    yes: bool,
) -> int:
    """Write a commented reminders.toml (or the file that --config names) to begin with."""
    path = Path(chosen().config or DEFAULT_PATH)
    if chosen().app is not None:
        raise click.UsageError("an app's own kit is configured in its code: leave --app out")
    _refuse_present(path)
    ask = _taken if yes else _asked
    zone = ask(timezone, "Time zone", "America/New_York", checks.zone_name, "--timezone")
    country = ask(region, "Country", "US", checks.country, "--region")
    name = provider or "telnyx"
    if name == "twilio":
        _refuse(sender, "--from", "Twilio parks messages for a Messaging Service only: name it, --service MG…")
        line = _SERVICE.format(ask(service, "Messaging Service at Twilio (MG…)", "MG" + "0" * 32, _sid, "--service"))
    else:
        _refuse(service, "--service", "it is Twilio's: name the number you send from, --from +1…")
        question = f"Number you send from at {name.capitalize()}"
        line = _FROM.format(ask(sender, question, "+12025550100", _number_in(country), "--from"))
    text = _TEMPLATE.format(
        timezone=zone,
        pad=" " * max(1, 22 - len(zone)),
        region=country,
        provider=name,
        sender=line,
        variable=_VARIABLES[name],
    )
    with writing(str(path)), _new_file(path) as file:
        file.write(text)
    load(path)
    _tell(path, _VARIABLES[name])
    return 0


def _refuse(given: str | None, option: str, why: str) -> None:
    if given is not None:
        raise click.UsageError(f"{option}: {why}")


def _refuse_present(path: Path) -> None:
    if path.exists():
        raise ConfigurationError(f"{path} is there already: edit it, or name another file with --config")


def _new_file(path: Path) -> Any:
    """Open a file that is not there yet; raises `OSError`, and `ConfigurationError` where somebody was quicker."""
    try:
        return path.open("x", encoding="utf-8")
    except FileExistsError:
        _refuse_present(path)
        raise


def _taken(given: str | None, _question: str, usual: str, check: checks.Check, option: str) -> str:
    return str(check(usual if given is None else given, option))


def _asked(given: str | None, question: str, usual: str, check: checks.Check, option: str) -> str:
    """Return the answer to a question, asked until it can be meant; an option that was given is not asked for."""
    if given is not None:
        return str(check(given, option))
    require_somebody("--yes, and --timezone, --region, --from as you like")
    return str(click.prompt(question, default=usual, value_proc=_as_answer(check, question), err=True))


def _as_answer(check: checks.Check, question: str) -> Callable[[str], str]:
    def answer(value: str) -> str:
        try:
            return str(check(value.strip(), question))
        except (ConfigurationError, InvalidInputError) as error:
            raise click.BadParameter(str(error)) from None

    return answer


def _number_in(country: str) -> checks.Check:
    def check(value: Any, what: str) -> str:
        number = phone_number(str(value), country)
        if number is None:
            raise ConfigurationError(f"{what} is no phone number: write it with its country code, +1…")
        return number

    return check


def _sid(value: Any, what: str) -> str:
    sid = str(value)
    if not re.fullmatch(r"MG[0-9a-fA-F]{32}", sid):
        raise ConfigurationError(f"{what} is no Messaging Service: MG and 32 hexadecimal digits, from Twilio's console")
    return sid


def _tell(path: Path, variable: str) -> None:
    if chosen().json:
        write_json({"written": str(path)})
        return
    write_text(f"written: {path}")
    say(f"next: export {variable.replace(', ', '=… ')}=…, `reminder-kit rules check`, `reminder-kit doctor`")
