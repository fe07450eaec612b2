"""A forecast: what the messages of a plan come to, by rule and in all, in SMS parts and money.

Pure: no clock, no I/O. Never guesses: reminders that are held have no text yet and are only counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from attrs import field, frozen

from reminder_kit.errors import ConfigurationError
from reminder_kit.model.suggestions import suggestion
from reminder_kit.planning.changes import Change, ChangeKind
from reminder_kit.planning.fallback import fallback_id
from reminder_kit.rules.rule import Rule
from reminder_kit.text.sms import Cost, forecast

__all__ = ["Forecast", "Prices", "forecast_of"]

_NOTHING = Cost(0, 0, 0, 0)
_KEYS = ("part", "mms", "currency")


def _money(value: object, what: str) -> Decimal:
    """Return an amount as it was written: 0.004 is 0.004 and no binary neighbour of it.

    Raises `ConfigurationError`, naming the key `what`, for what is no amount or negative.
    """
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        amount = Decimal("NaN")
    if isinstance(value, bool) or not amount.is_finite() or amount < 0:
        raise ConfigurationError(f"[cost] {what} must be an amount of money, not {value!r}: write 0.004")
    return amount


def _part(value: float | str | Decimal) -> Decimal:
    return _money(value, "part")


def _mms(value: float | str | Decimal) -> Decimal:
    return _money(value, "mms")


def _currency(_instance: object, _attribute: object, value: object) -> None:
    if not isinstance(value, str):
        raise ConfigurationError(f'[cost] currency must be text in quotes, not {value!r}: write "USD"')


@frozen
class Prices:
    """What one SMS part and one MMS cost. Carriers' fees are yours to add in.

    Raises `ConfigurationError` for a price that is no amount, and for a currency that is no text.
    """

    #: The price of one SMS part, in `currency`.
    part: Decimal = field(default=Decimal(0), converter=_part)
    #: The price of one MMS, in `currency`.
    mms: Decimal = field(default=Decimal(0), converter=_mms)
    #: The currency as it is shown ("USD"); "": none is shown.
    currency: str = field(default="", validator=_currency)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Prices:
        """Return the prices a TOML table or a dict states. Raises `ConfigurationError`, naming the key."""
        for key in values:
            if key not in _KEYS:
                raise ConfigurationError(f"[cost] unknown key {key!r}: {suggestion(str(key), _KEYS)}")
        return cls(**values)


@frozen
class Forecast:
    """What the messages come to that a plan would park."""

    #: Messages and SMS parts by rule id.
    rules: Mapping[str, Cost]
    #: How many reminders are held, by rule id: their texts are not known yet.
    held: Mapping[str, int]
    #: What a part costs; None: no prices are known.
    prices: Prices | None = None

    @property
    def total(self) -> Cost:
        """The costs of all rules together."""
        return Cost(*(sum(column) for column in zip(_NOTHING, *self.rules.values(), strict=True)))

    def price(self, cost: Cost) -> Decimal | None:
        """Return the price of a cost, in the prices' currency; None where no prices are known."""
        return None if self.prices is None else cost.price(self.prices.part, self.prices.mms)

    def as_json(self) -> dict[str, Any]:
        """Return the forecast as plain JSON values; prices are numbers, null where none are known."""
        names = sorted({*self.rules, *self.held})
        return {
            **self._row(self.total, sum(self.held.values())),
            "currency": self.prices.currency or None if self.prices else None,
            "rules": [
                {"rule": rule, **self._row(self.rules.get(rule, _NOTHING), self.held.get(rule, 0))} for rule in names
            ],
        }

    def _row(self, cost: Cost, held: int) -> dict[str, Any]:
        price = self.price(cost)
        counted = {name: count for name, count in cost._asdict().items() if count or name != "letters"}
        return {**counted, "held": held, "price": None if price is None else float(price)}

    @property
    def lines(self) -> list[str]:
        """The forecast as lines of text: one in all, and one for each rule where there are several."""
        if not self.total.messages and not self.held:
            return []
        lines = [f"Forecast: {self._words(self.total, sum(self.held.values()))}"]
        if len({*self.rules, *self.held}) > 1:
            lines += [
                f"  {rule}: {self._words(self.rules.get(rule, _NOTHING), self.held.get(rule, 0))}"
                for rule in sorted({*self.rules, *self.held})
            ]
        return lines

    def _words(self, cost: Cost, held: int) -> str:
        sms = cost.messages - cost.mms - cost.letters
        words = [f"{sms} SMS in {cost.parts} part{'' if cost.parts == 1 else 's'}"] if sms else []
        if cost.ucs2:
            words.append(f"{cost.ucs2} of them UCS-2")
        if cost.mms:
            words.append(f"{cost.mms} MMS")
        if cost.letters:
            words.append(f"{cost.letters} by the fallback, without a price")
        price = self.price(cost)
        if price is not None and self.prices is not None and cost.messages:
            words.append(f"{price:.2f} {self.prices.currency}".rstrip())
        if held:
            words.append(f"{held} held not counted")
        return ", ".join(words)


def forecast_of(
    changes: Iterable[Change], rules: Iterable[Rule], prices: Prices | None = None, fallback: str = ""
) -> Forecast:
    """Return what the messages come to that these changes would park; `prices` None: in SMS parts only.

    `fallback` is the channel that takes what texts can't; "": fallbacks are texts as others.
    """
    known = list(rules)
    channels = {rule.id: rule.channel for rule in known}
    channels |= {fallback_id(rule.id): fallback or rule.channel for rule in known}
    listed = list(changes)
    parking = [
        change
        for change in listed
        if change.kind in (ChangeKind.SCHEDULE, ChangeKind.REPLACE) and change.text is not None
    ]
    costs = forecast((change.rule, channels.get(change.rule, "sms"), change.text or "") for change in parking)
    held = Counter(change.rule for change in listed if change.kind is ChangeKind.HOLD)
    return Forecast(costs, dict(held), prices)
