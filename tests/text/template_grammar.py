"""Random templates over the documented names: with all that may be read, much that may not, and nothing spared."""

from __future__ import annotations

# Words stand in texts: a table of names is read, and grows, more easily so.

NAMES = (
    ["appointment"] * 4 + ["data"] * 3 + ["recipient", "rule", "when", "day", "appointments", "x"] * 2 + ["self", "nme"]
)
_ATTRIBUTES = """
starts_at ends_at booked_at title recipients recipient data tags name phone id at born opens price visits items year
tzinfo age now today diff diff_for_humans is_future add subtract format strftime date time timestamp in_tz astimezone
replace set range upper center ljust zfill join split encode format_map count index last cycle __class__ __init__ _value
mro update keys values get in_words total_seconds closest
"""
_VALUES = """
appointment.starts_at appointment.ends_at data.born data.opens data.at data.booked data.price data.visits data.note
recipient.name appointment.tags (appointment.ends_at-appointment.starts_at)
"""
_CONSTANTS = """
0 1 (-1) 3 7 1000 99999999 1.5 'x' 'local' 'UTC' '%s' '%s%%' '%9999999d' '{0.now}' 'HH:mm' 'full' 'zzzz' none true []
[1,2,3] {'a':1} 'now' 'age' 'starts_at.age' 'abc'*99 ('x',2)
"""
ATTRIBUTES, VALUES, CONSTANTS = _ATTRIBUTES.split(), _VALUES.split(), _CONSTANTS.split()
OPERATORS = ["+", "-", "*", "**", "%", "/", "//", "~", "==", "<", "in", "and", "or"]
TESTS = ["defined", "none", "string", "number", "mapping", "iterable", "callable", "odd", "in [1]", "sameas(1)"]


def expression(dice, filters, depth=0):
    """Return a random expression; the deeper, the simpler."""
    if depth > 3 or dice.random() < 0.3:
        return f"({dice.choice(dice.choice([NAMES, VALUES, VALUES, CONSTANTS]))})"

    def inner():
        return expression(dice, filters, depth + 1)

    def arguments():
        named = [f"{name}={inner()}" for name in ("attribute", "locale", "width", "dt", "tz", "days", "default")]
        given = [inner() for _ in range(dice.choice([0, 0, 1, 1, 2]))]
        return ", ".join([*given, *(dice.sample(named, 1) if dice.random() < 0.3 else [])])

    kind = dice.randrange(10)
    if kind < 3:
        return f"{inner()}.{dice.choice(ATTRIBUTES)}"
    if kind < 5:
        return f"{inner()}.{dice.choice(ATTRIBUTES)}({arguments()})"
    if kind < 7:
        return f"({inner()} | {dice.choice(filters)}({arguments()}))"
    if kind == 7:
        return f"({inner()} {dice.choice(OPERATORS)} {inner()})"
    if kind == 8:
        return f"{inner()}[{inner()}]"
    return dice.choice(
        [f"({inner()} is {dice.choice(TESTS)})", f"({inner()} if {inner()} else {inner()})", f"{inner()}[:2]"]
    )


def template(dice, filters, depth=0):
    """Return a random template."""
    parts = []
    for _ in range(dice.choice([1, 1, 1, 2])):
        one = expression(dice, filters, dice.choice([0, 2, 3, 3]))
        body = template(dice, filters, depth + 1) if depth < 3 else "x"
        parts.append(
            dice.choice(
                [
                    f"{{{{ {one} }}}}",
                    f"{{{{ {one} }}}}",
                    f"{{{{ appointment.starts_at | {dice.choice(filters)} }}}}",
                    f"{{% if {one} %}}{body}{{% endif %}}",
                    f"{{% for x in {one} %}}{body}{{% endfor %}}",
                    f"{{% for x in [1, [2, [3]]] recursive %}}{body}{{{{ loop({one}) }}}}{{% endfor %}}",
                    f"{{% set x = {one} %}}{body}",
                    f"{{% set x %}}{body}{{{{ x }}}}{{{{ x }}}}{{% endset %}}{{{{ x }}}}",
                    f"{{% macro x(n) %}}{body}{{{{ x(n) }}}}{{{{ x(n) }}}}{{% endmacro %}}{{{{ x({one}) }}}}",
                    f"{{% filter {dice.choice(filters)} %}}{body}{{% endfilter %}}",
                ]
            )
        )
    return " ".join(parts)
