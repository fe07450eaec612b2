"""What keeps a template from being rendered, whatever the appointment: found in its tree, when rules load.

Pure: no clock, no I/O. Never renders anything, and never guesses what host data is: of what only shows as a text is
rendered, the rendering tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any

from jinja2 import TemplateError, nodes

from reminder_kit.model.suggestions import suggestion
from reminder_kit.text.bounds import LONGEST
from reminder_kit.text.environment import DROPPED
from reminder_kit.text.kinds import Kinds, fields_of, spelled
from reminder_kit.text.patterns import fault_of_pattern
from reminder_kit.text.readable import CALLABLE, KINDS, fault_of_call, is_known_name, why_not
from reminder_kit.text.templates import NAMES, CompiledTemplate

__all__ = ["faults"]

_ITEM_FILTERS = {
    "attr": 0, "groupby": 0, "selectattr": 0, "rejectattr": 0, "sum": 0, "join": 1, "unique": 1, "sort": 2,
    "map": None, "min": None, "max": None,
}  # fmt: skip
"""The filters that read an attribute, with the place of its name among their arguments; None: by keyword only."""

_STAND_INS = {"datetime": datetime(2000, 1, 1, tzinfo=UTC), "date": date(2000, 1, 1), "time": time(0, tzinfo=UTC)}
_TYPES: dict[str, type] = {"datetime": datetime, "date": date, "time": time, "text": str}
_ANYTHING = object()


def faults(template: CompiledTemplate) -> Iterator[str]:
    """Yield, in words, what keeps a template from being rendered: names it does not have, and what it may not read."""
    if len(template.source) > LONGEST:
        yield f"it is {len(template.source):,} characters long, and may have {LONGEST:,}: shorten it"
        return
    try:
        tree = template.tree()
        unknown = list(_unknown_words(tree))
        wanted = frozenset() if unknown else template.wanted
        _ = unknown or template.template
    except TemplateError as error:
        yield f"it cannot be read: {error.message}"
        return
    except Exception as error:  # noqa: BLE001 - brackets nested too deep, numbers too long: the compiler's own limits
        yield f"it cannot be read ({type(error).__name__}): make it simpler"
        return
    yield from unknown
    for name in sorted(wanted - set(NAMES)):
        yield f"unknown variable {name!r}: {suggestion(name, NAMES)}"
    if not unknown:
        yield from dict.fromkeys(_reading(tree, wanted))


def _unknown_words(tree: nodes.Template) -> Iterator[str]:
    """Yield which filters, tests and other files a template names that there are not."""
    environment = tree.environment
    assert environment is not None  # noqa: S101 - a tree that was parsed has one
    for node in tree.find_all((nodes.Filter, nodes.Test)):
        known = environment.filters if isinstance(node, nodes.Filter) else environment.tests
        if node.name in DROPPED and isinstance(node, nodes.Filter):
            yield f"the filter {node.name!r} is left out: {DROPPED[node.name]}"
        elif node.name not in known:
            named = [name for name in known if name.isidentifier()]
            yield f"unknown {type(node).__name__.lower()} {node.name!r}: {suggestion(node.name, named)}"
    if any(tree.find_all((nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport))):
        yield "a text stands alone: it can't include other files"


def _reading(tree: nodes.Template, wanted: frozenset[str]) -> Iterator[str]:
    kinds = Kinds(tree, wanted)
    called = {id(call.node) for call in tree.find_all(nodes.Call)}
    kept = {id(node) for node in _kept(tree)}
    for node in tree.find_all((nodes.Getattr, nodes.Getitem, nodes.Filter, nodes.Call)):
        if isinstance(node, nodes.Call):
            yield from _call_faults(node, kinds)
        elif isinstance(node, nodes.Filter):
            yield from _filter_faults(node, kinds)
        elif (read := _read(node)) is not None:
            owner, name = read
            kind, is_called = kinds.of(owner), id(node) in called
            if not is_called and id(node) not in kept and kind in KINDS and name in KINDS[kind].methods:
                yield f"{name!r} of {KINDS[kind].name} must be called: write {spelled(owner)}.{name}()"
            yield from _attribute_faults(kind, name, spelled(owner), called=is_called)


def _kept(tree: nodes.Template) -> Iterator[nodes.Node]:
    """Yield where a method may stand without being called: it is called later, or only asked whether it is there."""
    for node in tree.find_all((nodes.Assign, nodes.With, nodes.Call, nodes.Test, nodes.If, nodes.CondExpr)):
        if isinstance(node, nodes.Assign | nodes.Test):
            yield node.node
        elif isinstance(node, nodes.With):
            yield from node.values
        elif isinstance(node, nodes.Call):
            yield from (*node.args, *(pair.value for pair in node.kwargs))
        elif isinstance(node, nodes.If | nodes.CondExpr):
            yield node.test
            yield from node.test.find_all((nodes.Getattr, nodes.Getitem))


def _read(node: nodes.Node) -> tuple[nodes.Expr, str] | None:
    """Return of what a node reads which attribute; None: it reads none, or one that is computed."""
    if isinstance(node, nodes.Getattr):
        return node.node, node.attr
    if isinstance(node, nodes.Getitem) and isinstance(name := _written(node.arg), str):
        return node.node, name
    return None


def _attribute_faults(kind: str, name: str, owner: str, *, called: bool = False) -> Iterator[str]:
    """Yield why an attribute can't be read of a kind of value; `owner` is how the template spells the value."""
    known = fields_of(kind)
    if known is None:
        if called and name not in CALLABLE and owner != "self":
            yield why_not("a value", name)
        return
    if name in known:
        return
    if kind in KINDS and (is_known_name(name) or hasattr(_TYPES.get(kind), name)):
        yield why_not(KINDS[kind].name, name)
    elif name.startswith("_"):
        yield why_not(kind, name)
    else:
        yield f"unknown variable '{owner}.{name}': {suggestion(name, known)}"


def _call_faults(node: nodes.Call, kinds: Kinds) -> Iterator[str]:
    """Yield what is wrong with how a method is called, as far as its arguments are written out."""
    read = _read(node.node)
    if read is None or node.dyn_args or node.dyn_kwargs:
        return
    name, kind = read[1], kinds.of(read[0])
    if kind and kind not in _STAND_INS:
        return
    args = tuple(_written(argument) for argument in node.args)
    kwargs = {pair.key: _written(pair.value) for pair in node.kwargs}
    if fault := fault_of_call(name, args, kwargs, _STAND_INS.get(kind)):
        yield fault


def _filter_faults(node: nodes.Filter, kinds: Kinds) -> Iterator[str]:
    """Yield what is wrong with a filter's pattern, or the attribute that it reads, of a value or of each of several."""
    if node.name in ("time", "date"):
        given = [_written(value) for value in (*node.args[:1], *_by_keyword(node, "pattern"))]
        yield from filter(None, (fault_of_pattern(node.name, item) for item in given if isinstance(item, str)))
    if node.name not in _ITEM_FILTERS or node.node is None:
        return
    kind, owner = kinds.of(node.node), spelled(node.node)
    if node.name != "attr":
        kind, owner = kinds.item(kind), f"{owner}[…]"
    for path in _paths(node):
        at, said = kind, owner
        for name in path.split(".") if node.name != "attr" else [path]:
            yield from _attribute_faults(at, name, said)
            at, said = kinds.attribute(at, name), f"{said}.{name}"


def _paths(node: nodes.Filter) -> list[str]:
    """Return the names of attributes that a filter is given, as far as they are written out."""
    place = _ITEM_FILTERS[node.name]
    given = _by_keyword(node, "attribute")
    if place is not None and len(node.args) > place:
        given.append(node.args[place])
    written = [value for value in map(_written, given) if isinstance(value, str)]
    return [path for text in written for path in (text.split(",") if node.name == "sort" else [text])]


def _by_keyword(node: nodes.Filter, name: str) -> list[nodes.Expr]:
    return [pair.value for pair in node.kwargs if pair.key == name]


def _written(node: nodes.Node) -> Any:
    """Return the value of a constant; for anything else a stand-in, which is no value of a template's."""
    return node.value if isinstance(node, nodes.Const) else _ANYTHING
