"""Numbers in the notes of several events: whose they are once all of a source is read, and what is said of it."""

from __future__ import annotations

from time import process_time

import pytest

from reminder_kit.calendars.text_labels import is_of_who_comes, likelihood

DESK, ANN, BO = "+12025550100", "+12025550101", "+12025550102"
WARNING = (
    "the number in its text stands in several people's appointments: it is a desk's and not reminded; name it in "
    "[calendar] own_numbers, or in allow if it is a person's"
)

SEVERAL = "holds several phone numbers in its text: the first is used, a mobile phone's before others"


def noted(event, people, text=DESK, *lines):
    """Return an event for each of some people, with a text."""
    return [
        event(f"DESCRIPTION:{text}", *lines, uid=f"v-{number}", phone=f"ATTENDEE;{who}")
        for number, who in enumerate(people)
    ]


def reminded(found):
    return [[one.phone for one in item.appointment.recipients] for item in found.found]


NAMED = ["CN=Ann:urn:1", "CN=Bo:urn:2", "CN=Cy:urn:3"]
MAILED = [f"CN=Same:mailto:{name}@x.example" for name in "abc"]


@pytest.mark.parametrize(
    ("people", "is_desks"),
    [
        (NAMED, True),
        (MAILED, True),
        ([*NAMED[:2], MAILED[0]], True),
        (["X=1:urn:1", "X=2:urn:2", "X=3:urn:3"], False),
        ([*NAMED[:2], "X=3:urn:3"], False),
        ([MAILED[0]] * 3, False),
        ([*NAMED[:2], NAMED[0]], False),
        (NAMED[:2], False),
    ],
    ids=["by name", "by address", "by either", "by neither", "only two", "one address", "two names", "two visits"],
)
def test_a_desk_is_told_by_whom_its_number_stands_for(read_events, event, people, is_desks):
    """Their addresses, or names where they have none; who is called nothing is nobody in particular."""
    found = read_events(*noted(event, people))
    assert reminded(found) == [[] if is_desks else [DESK]] * len(people)
    told = [(problem.message, problem.uid, problem.line) for problem in found.reading.problems]
    lines = [4 + 7 * number for number in range(3)]
    if is_desks:
        assert told == [(WARNING, f"v-{number}", lines[number]) for number in range(3)]
    else:
        names = [who.partition(":")[0].removeprefix("CN=") for who in people]
        called = ["someone without a name" if name.startswith("X=") else name for name in names]
        assert [message for message, *_ in told] == [
            f"{name} has no number of its own: the one in the text is used" for name in called
        ]
        assert [(uid, line) for _, uid, line in told] == [
            (f"v-{number}", lines[number]) for number in range(len(people))
        ]


SEVERAL_TITLES = (
    "the number in its text stands in appointments of several titles: name it in [calendar] own_numbers if it is a "
    "desk's, or in allow if it is a person's"
)


@pytest.mark.parametrize(
    ("titles", "phone", "is_told"),
    [
        (["Ann Ray: Massage", "Bo Li: Massage", "Cy Orr: Massage"], None, True),
        (["Ann Ray: Massage", "Bo Li: Massage", "ANN RAY: MASSAGE"], None, False),
        (["Ann Ray: Massage"] * 4, None, False),
        ([f"Ann {DESK}: Massage", f"Ann {DESK}: Call", f"Ann {DESK}: Visit"], None, False),
        (["Massage", "Call", "Visit"], "ATTENDEE;CN=Ann:urn:1", False),
        (["", "", ""], None, False),
    ],
    ids=["three people", "two", "one", "in the titles", "one who is invited", "no titles"],
)
def test_a_number_under_several_titles_may_be_a_desks(read_events, event, titles, phone, is_told):
    """A title may be the only name of a person, or say what for: they are reminded, and a warning asks."""
    events = [
        event(f"DESCRIPTION:Ask {DESK}", f"SUMMARY:{title}", uid=f"v-{number}", phone=phone)
        for number, title in enumerate(titles)
    ]
    found = read_events(*events)
    assert reminded(found) == [[DESK]] * len(titles)
    assert [warning for warning in found.warnings if "titles" in warning] == [SEVERAL_TITLES] * 3 * is_told
    assert SEVERAL_TITLES not in read_events(*events, allow=[DESK]).warnings


def test_behind_a_desks_number_the_next_one_counts(read_events, event):
    """And both things are said."""
    last = event(f"DESCRIPTION:{DESK} or {BO}", uid="x", phone="ATTENDEE;CN=Cy:urn:3")
    found = read_events(*noted(event, NAMED[:2]), last)
    assert reminded(found) == [[], [], [BO]]
    assert [problem.message for problem in found.reading.problems if problem.uid == "x"] == [
        SEVERAL,
        WARNING,
        "Cy has no number of its own: the one in the text is used",
    ]


@pytest.mark.parametrize(("allow", "phones"), [(["202-555-0100"], DESK), (DESK, DESK), ([ANN], None)], ids=str)
def test_a_number_that_is_allowed_is_a_persons(read_events, event, allow, phones):
    """However it is written."""
    found = read_events(*noted(event, NAMED), allow=allow)
    assert reminded(found) == [[phones] if phones else []] * 3


OTHERS = (
    "the number in its text is said to be somebody else's or to call (by the words beside it): it is passed over; name "
    "it in [calendar] allow if it is a person's to remind"
)


@pytest.mark.parametrize(
    "text",
    [
        f"Emergency contact: Mum {DESK}\\nCell: {ANN}",
        f"Emergency contact:\\nMum: {DESK}\\n\\nPhone: {ANN}",
        f"Notfallkontakt: Eva {DESK}\\nHandynummer {ANN}",
        f"Old phone: {DESK} (do not use)\\nPhone: {ANN}",
        f"Phone: {DESK} (do not use)\\nPhone: {ANN}",
        f"Phone: {DESK} - old\\nPhone: {ANN}",
        f"Phone: {DESK} (alt)\\nPhone: {ANN}",
        f"Phone: {DESK} never call this one\\nPhone: {ANN}",
        f"Phone: {DESK} - don't use\\nPhone: {ANN}",
        f"Phone: {DESK} no longer in use\\nPhone: {ANN}",
        f"Tel. {DESK} (nicht mehr erreichbar)\\nTel. {ANN}",
        f"Phone: {DESK} (wrong number!)\\nPhone: {ANN}",
        f"Provider: Dr. Ray\\, {DESK}\\nPatient: Jane\\, {ANN}",
        f"Tel: {DESK}\\nClient phone: {ANN}",
        f"Tel: {DESK}\\nYour phone: {ANN}",
        f"Tel: {DESK}\\nPatient cell: {ANN}",
        f"Tel: {DESK}\\n\\nPatient:\\nName: Jane\\nPhone: {ANN}",
        f"Questions? Call us at {DESK}\\nName: Jane\\nPhone: {ANN}",
        f"To change your visit call {DESK} or text {BO}.\\nJane {ANN}",
        f"Bei Fragen erreichen Sie uns unter {DESK}\\nJane {ANN}",
        f"Please call the office: {DESK}\\nJane {ANN}",
        f"Jane {ANN}\\nOur clinic: {DESK}",
    ],
)
def test_of_several_numbers_the_words_beside_them_say_which_is_the_persons(read_events, event, text):
    """The patient's; what is said to be somebody else's, or whom to call, is nobody's."""
    found = read_events(event(f"DESCRIPTION:{text}", phone=None))
    assert (reminded(found), found.warnings) == ([[ANN]], [])


@pytest.mark.parametrize(
    "text",
    [
        f"Home: {DESK}\\nMobile: {ANN}",
        f"Work {DESK} ext. 23\\nCell: {ANN}",
        f"Cell {ANN}\\, home {DESK}",
        f"Festnetz: {DESK}\\nMobil: {ANN}",
        f"Casa: {DESK}\\nMóvil: {ANN}",
        f"Home: {DESK}\\nCell:\\n{ANN}",
        f"Jane {DESK}\\nDoctor: Dr. Ray\\nPatient: Jane\\nCell: {ANN}",
    ],
)
def test_a_mobile_phones_number_goes_before_another_that_is_as_likely(read_events, event, text):
    """Which takes texts is still a guess: a warning says so."""
    found = read_events(event(f"DESCRIPTION:{text}", phone=None))
    assert (reminded(found), found.warnings) == ([[ANN]], [SEVERAL])


@pytest.mark.parametrize(
    "text",
    [
        f"Home: {ANN}\\nWork: {BO}",
        f"Cell: {ANN}\\nMobile: {BO}",
        f"Mobile: {ANN} / {BO}",
        f"Jane Old {ANN}\\nAnn Praxis {BO}",
        f"Jane\\, {ANN}\\nCall Ann at {BO}",
        f"Jane {ANN} Old Road\\nAnn {BO}",
        f"Emergency: Jane {ANN}\\nSupport: Ann {BO}",
        f"Office visit: Jane {ANN}\\nAnn {BO}",
        f"Jane {ANN} (alt {BO})",
        f"Patient: Jane\\nPhone: {ANN}\\nEmergency contact: Bob\\nCell: {BO}",
        f"Name: Jane\\nPhone: {ANN}\\nStylist: Anna\\nCell: {BO}",
        f"Name: Jane\\nPhone: {ANN}\\n\\nInstructor\\nMike\\nCell: {BO}",
        f"Jane {ANN}\\nHusband: Bob\\nMobile: {BO}",
        f"Jane {ANN}\\nHusband cell: {BO}",
        f"Jane {ANN}\\nBob\\, cell: {BO}",
        f"Phone: {ANN}\\nDr. Ray cell: {BO}",
        f"Phone: {ANN}\\nTherapist mobile - {BO}",
        f"Phone: {ANN}\\nOur cell: {BO}",
        f"Jane {ANN}\\nQuestions? SMS {BO}",
        f"Jane {ANN}\\nText or WhatsApp: {BO}",
        f"Jane {ANN} (alt: {BO})",
        f"Jane {ANN} - alt {BO}",
        f"Jane {ANN} (alt. {BO})",
        f"Jane {ANN} (wrong side tooth)\\nAnn {BO}",
    ],
)
def test_where_the_words_tell_no_numbers_apart_the_first_is_a_guess(read_events, event, text):
    """And a warning says so; a name is no label."""
    found = read_events(event(f"DESCRIPTION:{text}", phone=None))
    assert reminded(found) == [[ANN]]
    assert found.warnings == [SEVERAL]


def test_a_date_that_is_off_and_names_nobody_is_off_for_whom_the_series_is_for(read_events, event):
    """Also where only the notes of the series have a number: who was told of that date hears that it is off."""
    series = event("RRULE:FREQ=WEEKLY;COUNT=2", f"DESCRIPTION:Jane {ANN}", phone=None)
    off = event("RECURRENCE-ID;TZID=America/New_York:20260309T090000", "STATUS:CANCELLED", phone=None)
    found = read_events(series, off)
    assert (found.statuses, reminded(found)) == (["confirmed", "cancelled"], [[ANN], [ANN]])


@pytest.mark.parametrize(
    "text",
    [
        f"To change your visit call {DESK}.",
        f"Call us at {DESK} or {BO}",
        f"Call us at {DESK}. Phone: {DESK}",
        f"Running late? Call us: tel. {DESK}",
        f"Please call us at\\n{DESK}",
        f"Call our office any time:\\n{DESK}",
        f"Questions? Call {DESK}",
        f"If you have any questions\\, please call {DESK}",
        f"See you soon. To cancel or move\\, text {DESK}",
        f"If you need to reschedule\\, call {DESK}",
        f"Front desk: {DESK}",
        f"Front desk {DESK}",
        f"Office: {DESK}",
        f"Our office {DESK}",
        f"Clinic:\\n{DESK}",
        f"Emergency: {DESK}",
        f"Doctor's office\\n{DESK}",
        f"Para cancelar llame al {DESK}",
        f"Pour annuler\\, appelez le {DESK}",
    ],
)
def test_a_number_that_is_for_calling_is_nobodys(read_events, event, text):
    """A warning names the remedy, which is obeyed."""
    found = read_events(event(f"DESCRIPTION:{text}", phone=None))
    assert (reminded(found), found.warnings) == ([[]], [OTHERS])
    allowed = read_events(event(f"DESCRIPTION:{text}", phone=None), allow=[DESK, BO])
    assert reminded(allowed) == [[DESK]]


@pytest.mark.parametrize(
    "text",
    [
        f"Call us if late. Patient: {ANN}",
        f"Call us with questions\\, patient cell {ANN}",
        f"Call us if late\\n{ANN}",
        f"Text us. Cell: {ANN}",
        f"She will call us from {ANN}",
        f"Do not call the office\\, call: {ANN}",
        f"Contact us form: Jane {ANN}",
        f"Needs to reschedule\\, call {ANN}",
        f"Client wants to cancel\\; call {ANN}",
        f"Asked to move to afternoon - call {ANN}",
        f"Has questions\\, call {ANN}",
        f"Questions: Phone {ANN}",
        f"Answers to intake questions: phone {ANN}",
        f"Custom questions: contact: {ANN}",
        f"Emergency\\nJane Doe\\nCell: {ANN}",
        f"Emergency\\n{ANN}",
        f"Dentist\\nJane Doe\\nMobile: {ANN}",
        f"Practice\\n{ANN}",
        f"Support:\\nJane\\nPhone: {ANN}",
        f"Clinic:\\nJane Doe {ANN}",
        f"Clinic:\\nPhone: {ANN}",
        f"Doctor: Dr. Smith\\n{ANN}",
        f"Jane Doe office: {ANN}",
        f"Jane Doe\\, office {ANN}",
        f"Work/office: {ANN}",
        f"Client phone (office): {ANN}",
        f"Jane {ANN} - do not call before 9am",
        f"Jane {ANN} (do not call before 9)",
        f"Jane {ANN} don't call after 8pm",
        f"{ANN} never called back",
        f"{ANN} never use perfume",
        f"{ANN} no longer needs parking",
        f"{ANN} - old customer",
        f"Jane {ANN} (old friend)",
        f"{ANN} (wrong side tooth)",
        f"{ANN} - alt text",
        f"{ANN} nicht mehr abends anrufen",
    ],
)
def test_words_that_say_nothing_plain_of_whose_a_number_is_take_it_from_nobody(read_events, event, text):
    """They speak of the visit, of when to call, or of somebody's past."""
    found = read_events(event(f"DESCRIPTION:{text}", phone=None))
    assert (reminded(found), found.warnings) == ([[ANN]], [])


@pytest.mark.parametrize("title", ["Dentist", "Office", "Studio", "Emergency", "Salon - Jane"])
def test_a_title_says_what_for_and_takes_the_number_from_nobody(read_events, event, title):
    """A place's name before a number is no label there."""
    found = read_events(event(f"SUMMARY:{title} {ANN}", phone=None))
    assert (reminded(found), found.warnings) == ([[ANN]], [])


@pytest.mark.parametrize("piece", [" ", "( ", ".", "- ", "call us ", "questions ", "to cancel ", "never call "])
def test_whatever_stands_beside_a_number_looking_at_it_costs_little(piece):
    """A text is cut at 4000 characters, of which 200 may stand before a number."""
    behind = (piece * 4000)[:4000]
    began = process_time()
    likelihood(behind[:200], behind, 0)
    assert process_time() - began < 0.1


def test_a_number_that_is_for_calling_is_nobodys_in_the_place_either(read_events, event):
    """What one text of an event says of a number holds for the others."""
    found = read_events(event(f"DESCRIPTION:Call us at {DESK}", f"LOCATION:Main St\\, {DESK}", phone=None))
    assert reminded(found) == [[]]


def test_what_is_cancelled_tells_a_desk_and_warns_of_nobody(read_events, event):
    """Its number stands there all the same."""
    off = noted(event, NAMED[:2], DESK, "STATUS:CANCELLED")
    found = read_events(*off, event(f"DESCRIPTION:{DESK}", uid="x", phone="ATTENDEE;CN=Cy:urn:3"))
    assert reminded(found)[-1] == []
    found = read_events(*noted(event, NAMED[:1], f"{ANN} or {BO}", "STATUS:CANCELLED"))
    assert (reminded(found), found.warnings) == ([[ANN]], [])


def test_of_two_events_of_one_uid_the_first_number_of_the_text_tells(read_events, event):
    """Those with the same one are one appointment, whatever else stands there; others are two."""
    same = [event(f"DESCRIPTION:{ANN} or {other}", phone=None) for other in (BO, DESK)]
    assert len(read_events(*same).found) == 1
    others = [event(f"DESCRIPTION:{first} or {BO}", phone=None) for first in (ANN, DESK)]
    assert len(read_events(*others).found) == 2


def test_two_people_of_a_shared_uid_are_told_by_their_own_numbers(read_events, event):
    """Not by those in the texts."""
    both = [event(f"DESCRIPTION:{DESK}", phone=f"ATTENDEE:tel:{number}") for number in (ANN, BO)]
    assert sorted(reminded(read_events(*both))) == [[ANN], [BO]]


@pytest.mark.parametrize(
    ("before", "coming", "theirs"),
    [("Ann Lee ", ["Ann Lee"], True), ("Ann ", ["Ann Lee"], False), ("Room 2 ", ["", "Ann Lee"], False)],
    ids=["the whole name", "a part of it", "nobody's"],
)
def test_a_number_behind_a_name_is_of_who_has_it(before, coming, theirs):
    """One that has no name is not named by anything."""
    assert is_of_who_comes(before, coming, []) is theirs
