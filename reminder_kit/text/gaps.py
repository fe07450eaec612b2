"""Gaps: where a text would say "Hi ," because what it reads of a person or an appointment is empty.

Pure: no clock, no I/O. Never minds what a template itself leaves empty: `default`, `or`, a condition, a name it sets.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from jinja2 import nodes, pass_context

from reminder_kit.errors import InvalidInputError
from reminder_kit.text.filters import CONTEXT
from reminder_kit.text.kinds import spelled
from reminder_kit.text.printable import is_blank
from reminder_kit.text.views import View

if TYPE_CHECKING:
    from jinja2.runtime import Context

__all__ = ["GIVEN", "READ", "given", "looped", "marked", "own_names"]

GIVEN = " given"  # the filter through which goes what is read and written out: no template can spell it


READ = frozenset(("appointment", "recipient"))
"""The names that are read and written out as a word: the title, the person's name."""


def own_names(tree: nodes.Template) -> frozenset[str]:
    """Return the names that a template sets itself, loops apart."""
    found: set[str] = set()
    for node in tree.find_all((nodes.Assign, nodes.AssignBlock, nodes.With, nodes.Macro, nodes.CallBlock)):
        if isinstance(node, nodes.Assign | nodes.AssignBlock):
            found.update(_named(node.target))
        elif isinstance(node, nodes.With):
            found.update(name for target in node.targets for name in _named(target))
        elif isinstance(node, nodes.Macro | nodes.CallBlock):
            found.update(name for argument in node.args for name in _named(argument))
    return frozenset(found)


def looped(node: nodes.For, own: frozenset[str]) -> frozenset[str]:
    """Return the names of the items of a loop, where it goes through what is read: values, and the items of a dict.

    What the template has under one of its `own` names is not.
    """
    read = _read(node.iter)
    if isinstance(read, nodes.Call) and isinstance(read.node, nodes.Getattr) and read.node.attr in _PARTS:
        read = read.node.node
    is_read = isinstance(read, nodes.Getattr | nodes.Getitem) or (isinstance(read, nodes.Name) and read.name not in own)
    return frozenset(_named(node.target)) if is_read else frozenset()


_PARTS = ("items", "keys", "values")


def _named(target: nodes.Node) -> Iterator[str]:
    if isinstance(target, nodes.Name):
        yield target.name
    elif isinstance(target, nodes.Tuple):
        for item in target.items:
            yield from _named(item)


def _read(node: nodes.Node | None) -> nodes.Node | None:
    """Return what an expression is before it goes through filters, but for those that say what an empty one becomes."""
    while isinstance(node, nodes.Filter) and node.name not in ("default", "d"):
        node = node.node
    return node


def marked(node: nodes.Expr, names: frozenset[str] = READ) -> nodes.Expr:
    """Return what a template writes out; what it only read, whatever filters it then went through, is looked at.

    `names` are those that are read by themselves. Of values that are joined (`a ~ b`) each is looked at.
    """
    if isinstance(node, nodes.Concat):
        node.nodes = [marked(item, names) for item in node.nodes]
        return node
    read = _read(node)
    if isinstance(read, nodes.Name):
        if read.name not in names:
            return node
    elif not isinstance(read, nodes.Getattr | nodes.Getitem):
        return node
    said: list[nodes.Expr] = [nodes.Const(spelled(read), lineno=node.lineno)]
    if isinstance(read, nodes.Name):
        said.append(nodes.Name(read.name, "load", lineno=node.lineno))
    return nodes.Filter(node, GIVEN, said, [], None, None, lineno=node.lineno)


@pass_context
def given(context: Context, value: Any, said: str, read: Any = None) -> Any:
    """Return what is to be written out, or what the rule says in place of an empty value; `said` is how it is spelled.

    `read` is what it was before it went through filters, where that is a name alone. Raises `InvalidInputError` where
    the rule has nothing to say.
    """
    is_letter = read is not None and value == " "  # of a text that is spelled out
    is_empty = value is None or (isinstance(value, str | View) and is_blank(str(value)) and not is_letter)
    empty = context[CONTEXT].rule.empty if is_empty else "blank"
    if empty == "error":
        view = value if read is None else read
        said = f"{said}.{view.word}" if isinstance(view, View) else said
        raise InvalidInputError(
            f"{said} is empty: give it, write {{{{ {said} or '…' }}}} or {{% if {said} %}}, or give the rule "
            'empty = "blank" or a text'
        )
    return value if empty == "blank" else empty
