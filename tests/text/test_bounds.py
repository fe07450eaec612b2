"""What a template may make is reckoned before it is made: to the last character, in each way of making more."""

from __future__ import annotations

import pytest

from reminder_kit.text.bounds import BoundError, check_call, check_filter, check_operator, checked, joined

LINES = "x\n" * 99

EDGES = {
    "a text": (10_000, lambda n: checked("x" * n)),
    "a list": (10_000, lambda n: checked([1] * n)),
    "a number": (2999, lambda n: checked(2**n)),
    "+ of texts": (5000, lambda n: check_operator("+", "x" * 5000, "x" * n)),
    "+ of lists": (5000, lambda n: check_operator("+", [1] * 5000, [1] * n)),
    "* of a text": (5000, lambda n: check_operator("*", "xy", n)),
    "* of a list, the count first": (5000, lambda n: check_operator("*", n, [1, 2])),
    "* of numbers": (1499, lambda n: check_operator("*", 2**1500, 2 ** (n - 1))),
    "**": (1500, lambda n: check_operator("**", 2, n)),
    "% with a width": (999, lambda n: check_operator("%", f"%{n}d", 1)),
    "format with a precision": (999, lambda n: check_filter("format", f"%.{n}f", (1.5,), {})),
    "indent": (98, lambda n: check_filter("indent", LINES, (n,), {})),
    "indent by name": (98, lambda n: check_filter("indent", LINES, (), {"width": n})),
    "indent with a text": (98, lambda n: check_filter("indent", LINES, ("y" * n,), {})),
    "indent as far as usual": (1999, lambda n: check_filter("indent", "\n" * n, (), {})),
    "replace": (99, lambda n: check_filter("replace", "x" * 100 + "z" * 100, ("x", "y" * n), {})),
    "replace by names": (99, lambda n: check_filter("replace", "x" * 100 + "z" * 100, (), {"s": "x", "new": "y" * n})),
    "replace, as a method": (99, lambda n: check_call("replace", "x" * 100 + "z" * 100, ("x", "y" * n), {})),
    "wordwrap": (99, lambda n: check_filter("wordwrap", "x" * 100, (1, True, "y" * n), {})),
    "wordwrap by name": (99, lambda n: check_filter("wordwrap", "x" * 100, (), {"wrapstring": "y" * n})),
    "expandtabs": (99, lambda n: check_call("expandtabs", "\t" * 100, (n,), {})),
    "expandtabs by name": (99, lambda n: check_call("expandtabs", "\t" * 100, (), {"tabsize": n})),
    "expandtabs as far as usual": (1111, lambda n: check_call("expandtabs", "\t" * n, (), {})),
    "join": (3334, lambda n: joined(["x"] * n, "yy", str)),
}
WIDTHS = {
    "center": "width",
    "indent": "width",
    "batch": "linecount",
    "slice": "slices",
    "round": "precision",
    "tojson": "indent",
}
"""The filters that take a width, and by which name; each takes it as its first argument as well."""
EDGES |= {f"{name} of a width": (1000, lambda n, name=name: check_filter(name, "x", (n,), {})) for name in WIDTHS}
EDGES |= {
    f"{name} of a width by name": (1000, lambda n, name=name, key=key: check_filter(name, "x", (), {key: n}))
    for name, key in WIDTHS.items()
}
EDGES |= {
    f"{name} of less than nothing": (1000, lambda n, name=name: check_filter(name, "x", (-n,), {})) for name in WIDTHS
}
EDGES |= {
    f"{name}, as a method": (1000, lambda n, name=name: check_call(name, "x", (n,), {}))
    for name in ("center", "ljust", "rjust", "zfill", "expandtabs")
}


@pytest.mark.parametrize(("largest", "make"), EDGES.values(), ids=EDGES)
def test_the_largest_is_let_through_and_one_more_is_refused(largest, make):
    """The one is an ordinary text or number, the other an error before it is there."""
    make(largest)
    with pytest.raises(BoundError):
        make(largest + 1)


def test_what_becomes_shorter_is_never_refused():
    """Also where what is put in the place of something is shorter than that."""
    check_filter("replace", "x" * 10_000, ("x", ""), {})
    check_call("replace", "xy" * 5000, ("xy", "z"), {})
