"""Settings of calendars that may be one word or several."""

from __future__ import annotations

import pytest

from reminder_kit.calendars import CalendarSettings
from reminder_kit.errors import ConfigurationError, InvalidInputError


@pytest.mark.parametrize("setting", ["phones", "sources"])
@pytest.mark.parametrize("given", ["contact", ["contact"], ("contact",)], ids=str)
def test_one_word_is_a_list_of_one(setting, given):
    """Text, a list and a tuple of it mean the same, whichever way the settings are made."""
    assert getattr(CalendarSettings(**{setting: given}), setting) == ("contact",)
    assert getattr(CalendarSettings.from_mapping({setting: given}), setting) == ("contact",)


@pytest.mark.parametrize(
    ("name", "words"),
    [("alarms", "ignore rules only"), ("without_phone", "say attention")],
)
def test_each_choice_is_taken_and_no_other(name, words):
    """What may be chosen is told in the error."""
    for word in words.split():
        assert getattr(CalendarSettings(**{name: word}), name) == word
    with pytest.raises(InvalidInputError, match=f"{name} must be one of {', '.join(words.split())}"):
        CalendarSettings(**{name: "sometimes"})
    with pytest.raises(ConfigurationError, match=f"{name} must be one of"):
        CalendarSettings.from_mapping({name: "sometimes"})


@pytest.mark.parametrize("region", ["dk", "Dk", "DK"])
def test_a_country_may_be_written_in_small_letters(read_events, event, region):
    """Numbers without a country code are found all the same."""
    assert CalendarSettings(region=region) == CalendarSettings.from_mapping({"region": region})
    assert read_events(event("SUMMARY:Ida 20 12 34 56", phone=None), region=region).phones == ["+4520123456"]


def test_an_unknown_country_is_refused():
    """As the kit's `default_region` is."""
    with pytest.raises(InvalidInputError, match='unknown country \'Denmark\': use two letters such as "US" or "GB"'):
        CalendarSettings(region="Denmark")
