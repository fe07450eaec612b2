"""`doctor`: what must be right before reminders go out, each thing in one line.

Never writes to the ledger, and sends the provider one harmless request.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click
from attrs import evolve, frozen

from reminder_kit.calendars.directory import read_directory
from reminder_kit.calendars.http_source import shown
from reminder_kit.calendars.settings import CalendarSource, Limits
from reminder_kit.cli.options import chosen, common
from reminder_kit.cli.output import write_json, write_lines
from reminder_kit.cli.own_kit import OwnKit, opened_tenants
from reminder_kit.cli.rendering import Line
from reminder_kit.cli.session import Setup, all_tenants, configured, is_loopback, made_kit, present
from reminder_kit.errors import CalendarError, ProviderError, ReminderKitError
from reminder_kit.kit.channels import as_provider, carried
from reminder_kit.kit.tenant_outcomes import Outcome
from reminder_kit.model.instants import iso
from reminder_kit.model.places import Place
from reminder_kit.model.rule_sets import serving
from reminder_kit.planning.attention import AttentionItem
from reminder_kit.ports import Question
from reminder_kit.reconciler.polled_calendars import distinct, name_of
from reminder_kit.reconciler.terms import why_still
from reminder_kit.reconciler.watch import Watch
from reminder_kit.rules.offsets import in_words

if TYPE_CHECKING:
    from reminder_kit.kit.tenants import AsyncTenants, Tenants
    from reminder_kit.ledger.ledger import Ledger
    from reminder_kit.ports import Inspectable, Provider, Request, Response

__all__ = ["Finding", "doctor", "examined"]

_SKEW = timedelta(seconds=30)
"""How far the machine's clock may be from the provider's."""
_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


@frozen
class Finding:
    """One line of the examination."""

    #: What was examined.
    what: str
    #: ok, warn or fail.
    state: str
    #: How it is, and what to do about it.
    message: str


@click.command()
@common
def doctor() -> int:
    """Check configuration, rules, credentials, provider, clock and ledger; exit status 1 where one fails.

    Of several tenants it checks whether each can be served, and the ledger; with --tenant all that is one's own.
    """
    findings = list(examined(configured) if chosen().tenant is not None else _all_examined())
    if chosen().json:
        write_json(
            [{"check": finding.what, "state": finding.state, "message": finding.message} for finding in findings]
        )
    else:
        write_lines(
            Line(f"{finding.state:<4}  {finding.what:<13}  {finding.message}", _STYLES[finding.state], 21)
            for finding in findings
        )
    return 1 if any(finding.state == "fail" for finding in findings) else 0


def _all_examined() -> Iterator[Finding]:
    """Yield every finding: of the configuration there is, or of each of several tenants whether it can be served."""
    try:
        tenants = all_tenants()
    except ReminderKitError:  # which is told as any configuration's is
        tenants = None
    yield from examined(configured) if tenants is None else _tenants(tenants)


def _tenants(tenants: Tenants | AsyncTenants) -> Iterator[Finding]:
    """Yield whether the ledger is there, and who of all tenants can't be served, and why."""
    with opened_tenants(tenants) as found:
        yield from _examine("ledger", lambda: _shared_ledger(found.ledger))
        try:
            outcomes = [_built(found, name) for name in found.names()]
        except ReminderKitError as error:
            yield Finding("tenants", "fail", str(error))
            return
    broken = [outcome for outcome in outcomes if outcome.error is not None]
    yield from (Finding("tenant", "fail", f"{one.tenant}: {one.words}") for one in broken)
    state = "ok" if outcomes else "warn"
    words = f"{len(outcomes) - len(broken)} of {len(outcomes)} can be served"
    yield Finding("tenants", state, f"{words}; `reminder-kit doctor --tenant NAME` examines one")


def _shared_ledger(ledger: Ledger) -> Iterator[Finding]:
    state = ledger.check_schema()
    if state == "absent":
        yield Finding("ledger", "warn", f"{ledger.url} is not there yet: `reminder-kit ledger upgrade` creates it")
    else:
        yield Finding("ledger", "ok", f"{ledger.url} is there and current")
        yield from _open_to_others(ledger.place())


def _built(tenants: Tenants, name: str) -> Outcome[None]:
    """Return whether a tenant's kit can be built, with its key."""
    try:
        kit = tenants.kit_or_none(name)
        if kit is not None:
            kit.provider.headers()
    except Exception as error:  # noqa: BLE001 - whatever its build raises is a finding
        return Outcome(name, error=error)
    return Outcome(name)


def examined(found: Callable[[], Setup]) -> Iterator[Finding]:
    """Yield every finding, in the order in which a run needs things; where nothing is `found`, nothing follows."""
    try:
        config = found()
    except ReminderKitError as error:
        yield Finding("configuration", "fail", str(error))
        return
    now = present(config)
    yield Finding("configuration", "ok", str(config.path))
    if config.defaults.timezone is None:
        yield Finding("configuration", "warn", 'no timezone: local times are UTC; write timezone = "America/New_York"')
    yield from _rules(config)
    yield from _examine("calendars", lambda: _calendars(config))
    yield from _examine("directory", lambda: _directory(config))
    yield from _examine("ledger", lambda: _ledger(config, now))
    yield from _examine("credentials", lambda: _provider(config.provider(), config, now))
    yield from _examine("fallback", lambda: _fallback(config, now))


def _examine(what: str, examination: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """Yield the findings of one examination; an error of ours becomes a finding that fails."""
    try:
        yield from examination()
    except ReminderKitError as error:
        yield Finding(what, "fail", str(error))


def _rules(config: Setup) -> Iterator[Finding]:
    names = ", ".join(rule.id for rule in config.rules)
    if names:
        yield Finding("rules", "ok", f"{len(config.rules)}: {names}")
    else:
        yield Finding(
            "rules", "fail", "there are none, so that nobody is reminded: write [[rules]] (in code, rules=[…])"
        )
    yield from (Finding("rules", "warn", warning) for warning in config.warnings)


def _calendars(config: Setup) -> Iterator[Finding]:
    """Yield a finding for each calendar that the batch job reads: whether what vanishes there is withdrawn."""
    given = config.kit.sources if isinstance(config, OwnKit) else config.calendar.sources
    for source in distinct(tuple(map(CalendarSource.of, given))):
        is_address = "://" in source.path
        words = f"{name_of(source)} ({shown(source.path) if is_address else source.path})"
        if source.caldav:
            yield _on_server(source, words, config)
        elif not is_address and not Path(source.path).exists():
            yield Finding("calendars", "fail", f"{words} is not there: check the path")
        elif source.complete:
            yield Finding("calendars", "ok", f"{words}: what vanishes there is withdrawn, under the guard")
        else:
            yield Finding("calendars", "ok", f"{words}: what vanishes there stays, unless it says complete = true")


def _on_server(source: CalendarSource, words: str, config: Setup) -> Finding:
    """Return the finding about a calendar on a CalDAV server, which is asked for it; nothing of it is read."""
    from reminder_kit.calendars.caldav import collection_of, described

    limits = config.calendar.limits if config.calendar is not None else Limits()
    try:
        said = described(collection_of(source, limits))
    except CalendarError as error:
        return Finding("calendars", "fail", f"{words}: {error}")
    counts = "what is gone there is withdrawn, under the guard" if source.complete else "what is gone there stays"
    return Finding("calendars", "ok", f"{words}: {counts}; {said}")


def _directory(config: Setup) -> Iterator[Finding]:
    """Yield the finding about the people that calendars are read with, if they are in a file."""
    if config.calendar.directory is not None:
        read_directory(config.calendar.directory)
        yield Finding("directory", "ok", f"{config.calendar.directory} can be read")


# The ledger


def _ledger(config: Setup, now: datetime) -> Iterator[Finding]:
    ledger = config.ledger()
    try:
        if ledger.check_schema() == "absent":
            yield _absent(config)
            return
        with ledger.writing() as tx:
            tx.match_event("")  # changes nothing, but only a ledger that can be written lets it be tried
        yield _stand(config, ledger, now)
        yield from _open_to_others(ledger.place())
        last = ledger.read(lambda reader: reader.last_run("resync"))
        every = config.options.get("expected_every", timedelta(days=1))
        yield _last_run(None if last is None else last[0], every, now)
        without_phone = config.calendar.without_phone == "attention"
        watch = Watch(ledger, every, without_phone, region=config.defaults.region)
        yield _waiting([item for item in watch.items(now) if item.kind != "batch_job"])
    finally:
        ledger.close()


def _stand(config: Setup, ledger: Ledger, now: datetime) -> Finding:
    """Return the finding about the ledger: where it is, by whose rules it is worked, as which account, for whom."""
    place = ledger.place()
    still, records = ledger.read(lambda reader: (why_still(reader, place, now), reader.standing.rule_sets()))
    if still:
        remedy = "`reminder-kit ledger adopt`, if it is no copy (`attention` says more)"
        return Finding("ledger", "fail", f"{_address(config)} writes to nobody: {still}: {remedy}")
    words = f"{_address(config)} is there, current and can be written"
    try:
        settings = made_kit(config).settings
    except ReminderKitError:  # which is told where the provider is examined
        return Finding("ledger", "ok", words)
    whom = "anybody" if settings.only_to is None else f"nobody but {', '.join(settings.only_to) or 'nobody'}"
    senders = (settings.sender, *(own.sender for _, own in settings.others))
    account = f"{settings.provider} {settings.account or '(no key)'} from {', '.join(senders)}"
    words = f"{words}; account {account}; it may write to {whom}"
    current = serving(records)
    if current is None or current.rules.digest == settings.rule_set.digest:
        return Finding("ledger", "ok", f"{words}; rules {settings.rule_set}")
    return Finding("ledger", "warn", f"{words}; rules {settings.rule_set}, while the ledger serves {current.rules}")


def _open_to_others(place: Place | None) -> Iterator[Finding]:
    """Yield a warning where anybody on this machine may read the ledger's file: who may is up to who made it."""
    if place is None or not place.path:
        return
    mode = Path(place.path).stat().st_mode & 0o777
    if mode & 0o007:
        words = f"anybody on this machine may open {place.path} (mode {mode:04o}), which holds numbers and texts"
        yield Finding("ledger", "warn", f"{words}: chmod 0600, or 0660 for a group")


def _absent(config: Setup) -> Finding:
    """Return the finding for a ledger that is not there: the first run creates an SQLite file, where it can."""
    scheme, _, path = config.ledger_url.partition(":///")
    if not scheme.startswith("sqlite"):
        return Finding("ledger", "fail", f"{_address(config)} has no tables yet: run `reminder-kit ledger upgrade`")
    folder = Path(path.partition("?")[0]).absolute().parent
    if os.access(folder, os.W_OK):
        return Finding("ledger", "warn", f"{_address(config)} is not there yet: the first writing run creates it")
    return Finding("ledger", "fail", f"{_address(config)} cannot be created: no folder {folder} that can be written")


def _address(config: Setup) -> str:
    """Return where the ledger is, without a password."""
    scheme, separator, rest = config.ledger_url.partition("://")
    user, at, place = rest.rpartition("@")
    return f"{scheme}{separator}{user.partition(':')[0]}{at}{place}"


def _waiting(items: Sequence[AttentionItem]) -> Finding:
    """Return the finding about what waits for a person."""
    unseen = [item for item in items if not item.seen]
    if not unseen:
        return Finding("attention", "ok", f"nothing waits for a person ({len(items)} marked as seen)")
    return Finding("attention", "warn", f"{len(unseen)} wait for a person: `reminder-kit attention` lists them")


def _last_run(at: datetime | None, every: timedelta, now: datetime) -> Finding:
    remedy = "run `reminder-kit resync` from cron, or with --every 60s"
    if at is None:
        return Finding("batch job", "warn", f"it never ran: {remedy}")
    if now - at > every:
        return Finding("batch job", "warn", f"it last ran at {iso(at)}, more than {in_words(every)} ago: {remedy}")
    return Finding("batch job", "ok", f"it last ran at {iso(at)}")


# The provider


def _fallback(config: Setup, now: datetime) -> Iterator[Finding]:
    """Yield the findings about the fallback, if there is one, under its name."""
    if (fallback := as_provider(config.fallback(), is_async=True)) is not None:
        yield from (evolve(finding, what="fallback") for finding in _provider(fallback, config, now))


def _provider(provider: Provider, config: Setup, now: datetime) -> Iterator[Finding]:
    provider.headers()
    if not provider.capabilities.reaches:
        yield Finding("credentials", "ok", f"{provider.name}: there is a key")
    response = _asked(provider, Question(provider.ping()), config)
    if isinstance(response, str):
        yield Finding("provider", "fail", response)
        return
    if provider.capabilities.reaches:
        yield _letters(provider, response)
        return
    yield _reached(provider, response)
    if response.status < 300 and provider.capabilities.inspects:
        yield from _settings(cast("Inspectable", provider), response, config)
    yield from _skew(provider, response, now)


def _letters(provider: Provider, response: Response) -> Finding:
    """Return the finding about a channel that was asked whether it is there; nothing was delivered."""
    place = f"{provider.name} ({response.body.decode('utf-8', 'replace')}) is there"
    needs = {"email": "an e-mail address", "phone": "a number", "anyone": "a number, an address or a name"}
    needed = needs[provider.capabilities.reaches]
    return Finding("provider", "ok", f"{place}; it reaches who has {needed}, and delivers as the batch job runs")


def _settings(provider: Inspectable, pinged: Response, config: Setup) -> Iterator[Finding]:
    """Yield what of the provider's settings matters for reminders."""
    asking = provider.inspect(pinged)
    try:
        question = next(asking)
        while True:
            answer = _asked(provider, question, config)
            if isinstance(answer, str):
                yield Finding("settings", "warn", answer)
                return
            question = asking.send(answer)
    except StopIteration as end:
        yield from (Finding(remark.what, remark.state, remark.message) for remark in end.value)


class _Elsewhere:
    """A provider at another of its addresses, with the same credentials."""

    def __init__(self, provider: Provider, base_url: str) -> None:
        self._provider = provider
        self.base_url = base_url

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)


def _asked(provider: Provider, question: Question, config: Setup) -> Response | str:
    """Return the answer to a harmless request, or the words that say why there is none."""
    from reminder_kit.transport.blocking import BlockingIO

    elsewhere = question.base_url not in {"", provider.base_url}
    if isinstance(config, OwnKit):  # which goes ways of its own, to its provider's one address
        if elsewhere:
            return f"{question.base_url} is not asked for settings: the app's kit speaks to {provider.base_url} alone"
        return asyncio.run(_answer(question.request, config.kit.io_of(provider)))
    place = cast("Provider", _Elsewhere(provider, question.base_url)) if elsewhere else provider
    options = {"timeout": config.options.get("timeout", 30.0), **carried(provider)}
    return asyncio.run(_answer(question.request, BlockingIO(place, **options)))


async def _answer(request: Request, io: Any) -> Response | str:
    from reminder_kit.ports import NoAnswerError, NotSentError

    try:
        return await io.send(request)  # type: ignore[no-any-return]
    except (NotSentError, NoAnswerError, ProviderError) as error:
        return str(error)
    finally:
        await io.aclose() if hasattr(io, "aclose") else io.close()


def _reached(provider: Provider, response: Response) -> Finding:
    place = f"{provider.name} at {provider.base_url}"
    if response.status < 300:
        return Finding("provider", "ok", f"{place} answers and takes the key")
    if response.status in {401, 403}:
        return Finding("provider", "fail", f"{place} refuses the key ({response.status}): check it, and base_url")
    return Finding("provider", "warn", f"{place} answers {response.status}: reachable, but the key is not proved")


def _skew(provider: Provider, response: Response, now: datetime) -> Iterator[Finding]:
    if (theirs := response.answered_at) is None:
        yield Finding("clock", "warn", "the provider tells no time (no Date header): the clock could not be compared")
        return
    skew = abs(theirs - now)
    words = f"this machine's clock is {in_words(skew)} from the provider's"
    if skew <= _SKEW:
        yield Finding("clock", "ok", words)
    elif is_loopback(provider.base_url):
        yield Finding("clock", "warn", f"{words}, which is local and may have a clock of its own: use --now")
    else:
        yield Finding("clock", "fail", f"{words}: synchronise it (NTP), or messages miss the provider's window")
