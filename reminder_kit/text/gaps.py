"""Gaps: where a text would say "Hi ," because what it reads of a person or an appointment is empty.

Pure: no clock, no I/O. Never minds what a template itself leaves empty: `default`, `or`, a condition, a name it sets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import nodes, pass_context

from reminder_kit.errors import InvalidInputError
from reminder_kit.text.filters import CONTEXT
from reminder_kit.text.kinds import spelled
from reminder_kit.text.views import View

if TYPE_CHECKING:
    from jinja2.runtime import Context

__all__ = ["GIVEN", "given", "marked"]

GIVEN = " given"  # the filter through which goes what is read and written out: no template can spell it


def marked(node: nodes.Expr) -> nodes.Expr:
    """Return what a template writes out; what it only read, whatever filters it then went through, is looked at."""
    read: nodes.Expr | None = node
    while isinstance(read, nodes.Filter) and read.name not in ("default", "d"):
        read = read.node
    if not isinstance(read, nodes.Getattr | nodes.Getitem):
        return node
    said = nodes.Const(spelled(read), lineno=node.lineno)
    return nodes.Filter(node, GIVEN, [said], [], None, None, lineno=node.lineno)


@pass_context
def given(context: Context, value: Any, said: str) -> Any:
    """Return what is to be written out, or what the rule says in place of an empty value; `said` is how it is spelled.

    Raises `InvalidInputError` where the rule has nothing to say.
    """
    is_empty = value is None or (isinstance(value, str | View) and not str(value).strip())
    empty = context[CONTEXT].rule.empty if is_empty else "blank"
    if empty == "error":
        raise InvalidInputError(
            f"{said} is empty: give it, write {{{{ {said} or '…' }}}} or {{% if {said} %}}, or give the rule "
            'empty = "blank" or a text'
        )
    return value if empty == "blank" else empty
