"""Language tags: each reader gets the text of their language and script, whatever it is called."""

from __future__ import annotations

import pytest

from reminder_kit import Rule
from reminder_kit.rules.defaults import Defaults
from reminder_kit.text.language_tags import best_fitting, language_and_script
from reminder_kit.text.linter import lint


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        ("en", ("en", "")),
        ("en-GB", ("en", "")),
        ("PT_br", ("pt", "")),
        ("no", ("nb", "")),
        ("nb-NO", ("nb", "")),
        ("nn", ("nn", "")),
        ("iw", ("he", "")),
        ("tl-PH", ("fil", "")),
        ("spa", ("es", "")),
        ("deu-AT", ("de", "")),
        ("ger", ("de", "")),
        ("zh", ("zh", "hans")),
        ("zh-CN", ("zh", "hans")),
        ("zh-TW", ("zh", "hant")),
        ("zh_Hant_HK", ("zh", "hant")),
        ("zh-Hans-HK", ("zh", "hans")),
        ("cmn-TW", ("zh", "hant")),
        ("sr", ("sr", "cyrl")),
        ("sr-Latn", ("sr", "latn")),
        ("sh", ("sr", "latn")),
        ("ca-ES-valencia", ("ca", "")),
        ("es-419", ("es", "")),
    ],
)
def test_a_tag_means_a_language_and_a_script(tag, found):
    """Old names, three letters, and countries of another script."""
    assert language_and_script(tag) == found


@pytest.mark.parametrize(
    ("names", "tag", "found"),
    [
        ("en nb", "no", "nb"),
        ("en nb", "no-NO", "nb"),
        ("en no", "nb-NO", "no"),
        ("en no nb", "nb-NO", "nb"),
        ("en no nb", "no-NO", "no"),
        ("en no nb", "nor", "nb"),
        ("en nb", "nn", None),
        ("en zh-Hant zh-Hans", "zh-TW", "zh-Hant"),
        ("en zh-Hant zh-Hans", "zh-HK", "zh-Hant"),
        ("en zh-Hant zh-Hans", "zh-CN", "zh-Hans"),
        ("en zh-Hant zh-Hans", "zh", "zh-Hans"),
        ("en zh zh-TW", "zh-Hant-HK", "zh-TW"),
        ("en zh-Hans", "zh-TW", "zh-Hans"),
        ("en sr sr-Latn", "sr-Latn-RS", "sr-Latn"),
        ("en he", "iw", "he"),
        ("en iw", "he-IL", "iw"),
        ("en fil", "tl", "fil"),
        ("en es", "spa", "es"),
        ("en es-MX es-ES", "spa", "es-ES"),
        ("en es", "spa-MX", "es"),
        ("en deu", "de-AT", "deu"),
        ("en de-CH DE_at", "de-DE", "DE_at"),
        ("en de de-AT", "de-CH", "de"),
        ("en de", "fr", None),
        ("", "fr", None),
        ("de-AT de_at en", "de-AT", "de-AT"),
        ("de-AT de_at en", "de_at", "de_at"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_the_nearest_text_is_found_by_language_and_script(names, tag, found, turned):
    """Whatever the order in which a rule has them."""
    several = names.split()
    assert best_fitting(several[::-1] if turned else several, tag) == found


@pytest.mark.parametrize(("locale", "faults"), [("no", 0), ("nb-NO", 0), ("sv", 1)])
def test_a_rule_that_has_the_default_language_by_another_name_lacks_nothing(locale, faults):
    """Everybody without a text of their own gets that one."""
    rule = Rule("r", before="1 day", text={"de": "Hallo", "nb": "Hei"})
    found = [one.message for one in lint(rule, Defaults(locale=locale)) if one.severity == "error"]
    assert len(found) == faults
