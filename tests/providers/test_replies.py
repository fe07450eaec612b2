"""Facts about replies: what asks for no more messages, and what only looks like it."""

from __future__ import annotations

import re
from pathlib import Path
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder_kit.errors import ConfigurationError
from reminder_kit.providers.replies import Replies, is_unclear, reply_type
from reminder_kit.providers.reply_grammar import Meaning, reading_of
from reminder_kit.providers.stop_phrases import LANGUAGES
from reminder_kit.providers.stop_words import ALONE, CLASSES
from tests.providers.sentences import COMPLAINTS, SENTENCES, TREATMENTS
from tests.sampling import examples


@pytest.mark.parametrize("meaning", Meaning)
def test_b57_every_sentence_means_what_a_careful_reader_takes_it_for(meaning):
    """B57: what people write is an opt-out however it is put, is none, or is for a person to look at."""
    read = {sentence: reading_of(sentence) for sentence, meant in SENTENCES if meant == meaning}
    assert {sentence: found for sentence, found in read.items() if found is not meaning} == {}


def test_each_entry_of_the_tables_means_something():
    """Each phrase, lead, reason, hint, word of a class and signature decides one sentence at least."""
    told = Path(__file__).with_name("phrases.tsv").read_text(encoding="utf-8").splitlines()
    wanted = dict(line.replace(" / ", "\n").split("\t")[::-1] for line in told if not line.startswith("#"))
    assert len(wanted) > 500
    assert {sentence: str(reading_of(sentence)) for sentence in wanted} == wanted


def test_only_what_is_certain_opts_anybody_out():
    """An opt-out is one for the provider's webhooks; what is unclear stays an ordinary reply, and is told besides."""
    for sentence, meant in SENTENCES:
        assert (reply_type(sentence) == "opted_out") is (meant == "stop"), sentence
        assert is_unclear(sentence) is (meant == "unclear"), sentence


@pytest.mark.parametrize("complaint", COMPLAINTS.strip().split("\n"))
@pytest.mark.parametrize("written", ["{}", "{}!", "Hello, {}, thanks"])
def test_that_nothing_came_is_no_opt_out(complaint, written):
    """Whoever misses our texts wants them."""
    assert reading_of(written.format(complaint)) is not Meaning.STOP


@pytest.mark.parametrize("treatment", TREATMENTS.split())
@pytest.mark.parametrize("asked", ["Should I stop taking my {}?", "when do i stop the {}", "stop {}"])
def test_what_patients_stop_is_no_message(asked, treatment):
    """Whoever asks about a treatment goes on being reminded, and nobody has to look at it."""
    assert reading_of(asked.format(treatment.replace("_", " "))) is Meaning.NOTHING


@examples(60)
@given(
    st.sampled_from([sentence for sentence, meant in SENTENCES if meant == "stop" and "\n" not in sentence]),
    st.sampled_from(["Please", "Hi,", "ok", ""]),
    st.sampled_from(["thank you!", "PLEASE", "...", "\nSent from my iPhone", "\n\n--\nAda Novak, MD", ""]),
    st.sampled_from([str, str.upper, str.title]),
)
def test_courtesy_case_and_signatures_change_nothing(sentence, before, after, written):
    """Around an opt-out; but for "cancel" and "end", which mean one only where they are the whole reply."""
    alone = sentence.strip(" .").lower() in ALONE
    found = reading_of(f"{before} {written(sentence)} {after}")
    assert found is Meaning.STOP or (alone and (before or after))


@pytest.mark.parametrize(
    "text",
    [
        "stop " * 200_000,
        "\u0301" * 300_000,
        "'" * 300_000,
        "no more " * 50_000,
        "\n" * 300_000,
        "> " * 300_000,
        "please and " * 20 + "stop by",
        "stop with " + "all of the " * 9,
        "do not " * 30,
        "\0\ud800stop\0",
        "Liked “" * 300_000,
        'Loved "' + '""' * 300_000,
        "👍" * 300_000,
        "👍 \u200b to " * 50_000,
        "Removed a " + " " * 300_000,
        "Reacted " + "❤ " * 300_000 + "to “",
        "please keine weiteren " * 100_000,
        "no mas mas no me envien " * 80,
        "i dont want you to write to me " * 60,
    ],
    ids=range(19),
)
def test_what_is_made_to_hurt_is_read_at_once(text):
    """However long or odd a reply is, reading it takes no time to speak of, and fails nothing."""
    began = perf_counter()
    assert reply_type(text) in ("received", "opted_out")
    assert perf_counter() - began < 1


def test_every_phrase_can_be_read():
    """Each phrase of each language is made of words and classes that there are, and of nothing else."""
    for kind in ("stops", "leads", "reasons", "doubts", "hints", "harmless"):
        for language in LANGUAGES:
            for phrase in getattr(language, kind):
                assert re.fullmatch(r"[\w\s<>\[\]()|!*,]+", phrase), phrase
                assert set(re.findall(r"<(\w+)>", phrase)) <= CLASSES.keys(), phrase
                assert phrase.count("[") == phrase.count("]"), phrase
                assert phrase.count("(") == phrase.count(")"), phrase
                assert re.search(r"[^\s\[!]\(|\)[^\s\]]|\([^()]*[\[(]", phrase) is None, phrase


@pytest.mark.parametrize(
    "text",
    [
        "START",
        "Unstop",
        "start please",
        "START\nSent from my iPhone",
        "Start, please\n--\nDr Ada Novak",
        "start\n> You opted out. Reply START to get our texts again.",
    ],
)
def test_an_opt_in_is_understood(text):
    """`START` and its like, alone or with a courtesy, lift an opt-out."""
    assert reply_type(text) == "opted_in"


@pytest.mark.parametrize(
    "text",
    [
        *("start now then", "yes start please", "When do we start?", "restart", "", "👍"),
        *("> Reply START", "Liked “START”", "👍 to “START”", "Sent from my iPhone\nstart"),
    ],
)
def test_nobody_is_opted_in_by_chance(text):
    """A word inside a sentence opts nobody in: the whole reply has to mean it."""
    assert reply_type(text) == "received"


KEYWORDS = {"confirm": ["C", "YES", "ok"], "late": ["running late", "L"], "cancel-visit": "can't come"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("C", "confirm"),
        ("c.", "confirm"),
        ("Yes, please!", "confirm"),
        ("OK thank you", "confirm"),
        ("Running late", "late"),
        ("I am running late", None),
        ("yes but not at 3", None),
        ("Can't come.", "cancel-visit"),
        ("cant come", "cancel-visit"),
        ("STOP", None),
        ("👍", None),
        ("", None),
        ("C\nSent from my iPhone", "confirm"),
        ("Running late\n\nGet Outlook for iOS", "late"),
        ("ok\n--\nDr Ada Novak, 12 High Street", "confirm"),
        ("YES\n> See you tomorrow. Reply YES", "confirm"),
        ("> Reply C\nno", None),
        ("> C", None),
        ("Liked “Reply C to confirm”", None),
        ("Liked “C”", None),
        ("👍 to “C”", None),
        ("Liked “Reply C to confirm”\nL", "late"),
        ("C\nsee you", None),
    ],
)
def test_the_hosts_own_words_are_the_whole_reply(text, name):
    """A keyword of the host's counts when it is all the person wrote, but for case and courtesies."""
    assert Replies.of(KEYWORDS).name_of(text) == name


def test_a_keyword_that_looks_like_a_signature_is_a_keyword():
    """Whatever the host configured keeps its meaning, before a signature is left out."""
    found = Replies.of({"desk": ["Sent from desk", "C\nSent from my iPhone"], "confirm": "C"})
    told = ["sent from desk", "C\nSent from my iPhone", "C\nSent from my phone", "C"]
    assert [found.name_of(text) for text in told] == ["desk", "desk", "confirm", "confirm"]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"confirm": ["Stop"]}, "opts the person out"),
        ({"confirm": ["CANCEL"]}, "opts the person out"),
        ({"again": ["START"]}, "opts the person out or in"),
        ({"delivered": ["C"]}, "can't be the name"),
        ({"Confirm it": ["C"]}, "can't be the name"),
        ({"confirm": []}, "one or more words"),
        ({"confirm": [3]}, "one or more words"),
        ({"confirm": 3}, "one or more words"),
        ({"confirm": ["!"]}, "no letters"),
        ({"confirm": ["C"], "late": ["c"]}, "means confirm already"),
    ],
)
def test_words_that_cannot_be_keywords_are_refused_by_name(value, says):
    """Opt-out words, reserved names, empty lists and words that mean something already can't be keywords."""
    with pytest.raises(ConfigurationError, match=says):
        Replies.of(value)
