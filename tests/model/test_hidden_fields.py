"""What values show of themselves: no number, no name of a person, no word of a message and no secret is in a `repr`."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path

import attrs

import reminder_kit

ROOT = Path(reminder_kit.__file__).parent
INVENTED = ("sandbox", "testing", "cli")
"""Rooms whose people and messages are made up, or that only write to the terminal of whoever asked."""

ADDRESSES = {"phone", "phones", "number", "numbers", "to", "email", "emails", "address", "recipient"}
WORDS = {"text", "texts", "words", "said", "body", "content", "raw", "request", "snapshot", "reply", "replies"}
SECRETS = {
    "token",
    "tokens",
    "password",
    "passwords",
    "secret",
    "secrets",
    "login",
    "credential",
    "credentials",
    "headers",
}
NAMES = {"name", "names", "people", "title", "subject", "place", "location"}
TEMPLATES = ("rules.", "text.")
"""Rooms whose texts are what the host wrote for everybody, before anybody's name is put in."""

NOT_ANYBODYS = {
    "messages.DeliveryEvent.token": "the name of a message, which is shown as its id",
    "channel.Letter.token": "likewise",
    "provider.Listed.token": "likewise",
    "asks.Asks.token": "likewise",
    "dav_xml.Resource.token": "the number of a state of a calendar",
    "dav_xml.MultiStatus.token": "likewise",
    "dav_xml._Reader.token": "likewise",
    "settings.CalendarSettings.phones": "the names of the places where numbers are looked for",
    "settings.CalendarSettings.own_numbers": "the host's own numbers, from its configuration",
    "settings.Settings.only_to": "the same",
    "status.Today.replies": "counts",
    "integrity._Finding.text": "a sentence of ours on a table",
    "integrity._Check.text": "likewise",
    "views.Person.said": "sentences of ours on who said something when",
    "shared.Common._said": "digests",
    "zones.ZoneTable._names": "names of zones",
    "settings.CalendarSettings.without_phone": "a word of the configuration",
    "plan.Worklist.snapshot": "the name of a source",
    "actions.Done.words": "a sentence of ours",
    "reminders.Detour.subject": "a template",
    "exchange.Request.headers": "those without credentials",
    "exchange.Response.headers": "what a provider says of its answer",
    "http_source.Question.headers": "conditions: who asks is told apart",
}
"""Fields that are called so and hold something else, each with what it is."""

MARK = "+12025550123"


def classes():
    """Yield all classes of attrs of the package, found by the modules that ask for it."""
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[0] in INVENTED or not asks_for_attrs(path):
            continue
        module = import_module(".".join((ROOT.name, *parts)).removesuffix(".__init__"))
        for found in vars(module).values():
            if issubclass(type(found), type) and found.__module__ == module.__name__ and attrs.has(found):
                yield found


def asks_for_attrs(path):
    named = [node.module for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    return "attrs" in named or "reminder_kit.model.values" in named


def named(of, field):
    return f"{of.__module__.rpartition('.')[2]}.{of.__name__}.{field.name}"


def holds_text(field):
    """Say whether a field can hold words of somebody: text, bytes, or many of these, and no number or date alone."""
    return re.search(r"\b(str|bytes|BinaryIO|Texts|Any)\b", field.type)


def is_anybodys(of, field):
    """Say whether a field holds somebody's address, words, name or secret, by its name, type and neighbours."""
    parts = set(field.name.strip("_").split("_"))
    if named(of, field) in NOT_ANYBODYS or not holds_text(field):
        return False
    if parts & SECRETS or parts in ({"shared", "keys"}, {"api", "key"}):
        return True
    if parts & ADDRESSES:
        return True
    if parts & WORDS or (parts == {"data"} and field.type in ("str", "str | None")):
        return not of.__module__.removeprefix("reminder_kit.").startswith(TEMPLATES)
    beside = {one.name for one in attrs.fields(of)}
    return bool(parts & NAMES and beside & {"people", *ADDRESSES} - {"address"})


def marked(field):
    """Return a value of the field's kind that holds a number and nothing else."""
    if "Mapping" in field.type or "dict" in field.type:
        return {MARK: MARK}
    if re.match(r"tuple|list|set|frozenset|Collection|Sequence", field.type):
        return (MARK,)
    return MARK.encode() if field.type == "bytes" else MARK


def is_shown(of, field):
    """Say whether an instance shows of itself what that field holds."""
    one = of.__new__(of)
    for each in attrs.fields(of):
        object.__setattr__(one, each.name, marked(field) if each is field else ())
    return MARK[3:-2] in repr(one)


def test_no_value_shows_whom_it_is_about_what_was_said_or_what_opens_a_door():
    """Logs, tracebacks and debuggers print values: of a number they may have the first three and the last two."""
    found = [(of, field) for of in classes() for field in attrs.fields(of) if is_anybodys(of, field)]
    assert len(found) > 50
    shown = {named(of, field) for of, field in found if is_shown(of, field)}
    assert shown == set()
