"""Jinja2's sandbox, narrowed: templates read what `readable` lists and no more, and do no more than `bounds` lets them.

Pure: no clock, no I/O. Never reads an attribute before it is known to be allowed, so that not even a refused one runs.

Jinja2 is subclassed where it documents that one may: attributes and items, calls, operators, the tree before it becomes
code. Whatever reaches an attribute comes by one of these: `a.b`, `a["b"]`, `| attr`, `map(attribute=…)` and its kin.
"""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, ValuesView
from datetime import timedelta
from typing import Any

from jinja2 import StrictUndefined, Template, Undefined, nodes
from jinja2.exceptions import SecurityError
from jinja2.filters import make_attrgetter
from jinja2.runtime import Context, LoopContext, Macro, TemplateReference
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing, pass_context
from jinja2.visitor import NodeTransformer

from reminder_kit.text.bounds import (
    Budget,
    Items,
    check_call,
    check_filter,
    check_operator,
    checked,
    joined,
)
from reminder_kit.text.gaps import GIVEN, READ, given, looped, marked, own_names
from reminder_kit.text.readable import fault_of_call, has, kind_of, kind_of_type, why_not
from reminder_kit.text.views import View

__all__ = ["DROPPED", "TemplateEnvironment", "bounded"]

BUDGET = " budget"  # the name under which the steps that are left are found: no template can spell it

EACH = " each"  # the filter through which loops go, likewise

DROPPED = {"random": "it says something else in every run, so that messages would be replaced for ever"}
"""Filters of Jinja2 that templates don't have, each with why not."""


class _Missing(StrictUndefined):
    """What is not there: any use of it is an error, which says of what it was missed."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint or self._undefined_obj is missing:
            return super()._undefined_message
        what = "attribute" if isinstance(self._undefined_name, str) else "element"
        return f"{_called(self._undefined_obj)} has no {what} {self._undefined_name!r}"


def _called(value: object) -> str:
    if isinstance(value, View):
        return value.kind
    return "data" if isinstance(value, Mapping) else kind_of(value)


class _Method:
    """A method of a value, which can be called and nothing else."""

    __slots__ = ("_name", "_owner")

    def __init__(self, owner: Any, name: str) -> None:
        self._owner, self._name = owner, name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        fault = fault_of_call(self._name, args, kwargs, self._owner)
        if fault:
            raise SecurityError(fault)
        check_call(self._name, self._owner, args, kwargs)
        if self._name == "join":  # only texts have that
            (items,) = args
            return joined(items, self._owner, _shown)
        return _plain(getattr(self._owner, self._name)(*args, **kwargs))

    def __str__(self) -> str:
        raise SecurityError(f"{self._name!r} must be called: write {self._name}()")

    __repr__ = __str__


def _plain(value: Any) -> Any:
    """Return what a method or an operator made, as a value that can be shown and gone through at a known cost.

    A length of time that knows its two ends forgets them: going through such an `Interval` would visit all its days.
    """
    if isinstance(value, timedelta) and hasattr(value, "as_duration"):
        return value.as_duration()
    return list(value) if isinstance(value, ItemsView | KeysView | ValuesView) else checked(value)


def _shown(value: Any) -> str:
    """Return a value as a text says it: None is nothing, and what has no words of its own is an error."""
    if value is None:
        return ""
    if isinstance(value, View | Undefined | Items | _Method | Macro) or kind_of_type(type(value)) is not None:
        return str(value)
    raise SecurityError("what is shown here is no value")


class TemplateEnvironment(ImmutableSandboxedEnvironment):
    """The environment in which the templates of rules live; `filters` are added to Jinja2's own."""

    intercepted_binops = frozenset(["+", "-", "*", "**", "%"])

    def __init__(self, filters: Mapping[str, Callable[..., Any]]) -> None:
        super().__init__(undefined=_Missing, autoescape=False, finalize=_put_out)
        self.globals.clear()
        self.filters.update(filters)
        for name in DROPPED:
            del self.filters[name]

    # Reading

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return an attribute; a mapping's own keys come before its methods: `data.items` is the host's."""
        if isinstance(obj, View):
            if attribute in obj.fields:
                return getattr(obj, attribute)
        elif isinstance(obj, TemplateReference) or (isinstance(obj, Mapping) and attribute in obj):
            return obj[attribute]  # a key, or one of the template's own blocks
        elif isinstance(obj, Undefined):
            return super().getattr(obj, attribute)
        elif has(obj, attribute):
            kind = kind_of_type(type(obj))
            if kind is not None and attribute in kind.methods:
                return _Method(obj, attribute)
            if kind is not None and attribute in kind.fields:
                return getattr(obj, attribute)
            raise SecurityError(why_not(_called(obj), attribute))
        if attribute.startswith("_"):
            raise SecurityError(why_not(_called(obj), attribute))
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return an item of a list, text or dict, else the attribute of that name."""
        if isinstance(obj, Mapping | list | tuple | str | Undefined):
            try:
                return obj[argument]
            except (TypeError, LookupError):
                pass
        if isinstance(argument, str):
            return self.getattr(obj, str(argument))
        return self.undefined(obj=obj, name=argument)

    # Doing

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call what may be called, one step a call."""
        budget: Budget = context[BUDGET]
        budget.spend()
        if isinstance(obj, LoopContext) and args:  # a recursive loop, one level deeper
            args = (Items(args[0], budget), *args[1:])
        return super().call(context, obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Carry out an operator whose result may grow."""
        del context
        check_operator(operator, left, right)
        return _plain(self.binop_table[operator](left, right))

    # Compiling and rendering

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        return super()._generate(_Watched().visit(source), *args, **kwargs)

    def rendered(self, template: Template, names: dict[str, Any]) -> str:
        """Return the text that a template of this environment makes of the values behind its names."""
        names[BUDGET] = Budget()
        variables = template.new_context(names, shared=True)  # there are no globals to add
        return str(checked("".join(template.root_render_func(variables))))


class _Watched(NodeTransformer):
    """Lets a tree look at what it writes out, and count what it does.

    Items of loops are counted as filters count them, and so is what is written inside of them.
    """

    def __init__(self) -> None:
        self._inside = 0
        self._own: frozenset[str] = frozenset()
        self._read = READ

    def visit_Template(self, node: nodes.Template) -> nodes.Node:  # noqa: N802 - as Jinja2 calls them
        """Learn which names the template sets itself: what those hold is no gap."""
        self._own = own_names(node)
        return self.generic_visit(node)

    def visit_Output(self, node: nodes.Output) -> nodes.Node:  # noqa: N802
        """Have what was only read be looked at before it is written out: it may be empty."""
        names = self._read - self._own
        node.nodes = [marked(item, names) for item in node.nodes]
        return self.generic_visit(node)

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802
        """Let a loop go through its items by a filter, each a step."""
        before, self._read = self._read, self._read | looped(node, self._own)
        node.iter = nodes.Filter(node.iter, EACH, [], [], None, None, lineno=node.lineno)
        visited = self._visit_inside(node)
        self._read = before
        return visited

    def visit_Concat(self, node: nodes.Concat) -> nodes.Expr:  # noqa: N802
        """Make `a ~ b` a sum of texts, since sums are bounded."""
        self.generic_visit(node)
        texts = [nodes.Filter(item, "string", [], [], None, None, lineno=node.lineno) for item in node.nodes]
        total: nodes.Expr = texts[0]
        for text in texts[1:]:
            total = nodes.Add(total, text, lineno=node.lineno)
        return total

    def visit_TemplateData(self, node: nodes.TemplateData) -> nodes.Expr:  # noqa: N802
        """Count what stands inside of loops and macros, and is written as often as they are gone through."""
        return nodes.Const(node.data, lineno=node.lineno) if self._inside else node

    def _visit_inside(self, node: nodes.Node) -> nodes.Node:
        self._inside += 1
        node = self.generic_visit(node)
        self._inside -= 1
        return node

    visit_Macro = visit_CallBlock = visit_FilterBlock = visit_AssignBlock = visit_Block = _visit_inside  # noqa: N815


@pass_context
def _put_out(context: Context, value: Any) -> str:
    text = value if type(value) is str else _shown(value)
    context[BUDGET].spend_on(text)
    return text


# Filters


def bounded(plain: TemplateEnvironment) -> dict[str, Callable[..., Any]]:
    """Return the filters of an environment, each with its bounds.

    They run in the environment `plain`, which has them without: there a filter may use another one at no extra cost.
    """
    filters = {name: _bounded(plain, name) for name in plain.filters}
    return {**filters, EACH: _each, GIVEN: given, "join": _join, "map": _map(plain), "string": _string}


def _bounded(plain: TemplateEnvironment, name: str) -> Callable[..., Any]:
    @pass_context
    def bounded_filter(context: Context, value: Any, *args: Any, **kwargs: Any) -> Any:
        budget: Budget = context[BUDGET]
        budget.spend_on(value)
        check_filter(name, value, args, kwargs)
        made = plain.call_filter(name, value, args, kwargs, context=context, eval_ctx=context.eval_ctx)
        if isinstance(made, Iterator):
            return Items(made, budget)
        return made if made is value else checked(made)

    return bounded_filter


@pass_context
def _each(context: Context, value: Any) -> Items:
    return Items(value, context[BUDGET])


@pass_context
def _string(context: Context, value: Any) -> str:
    context[BUDGET].spend()
    return value if isinstance(value, str) else _shown(value)


@pass_context
def _join(context: Context, value: Any, d: Any = "", attribute: str | int | None = None) -> str:
    budget: Budget = context[BUDGET]
    budget.spend_on(value)
    items = value if attribute is None else map(make_attrgetter(context.environment, attribute), value)
    return joined(items, _shown(d), _shown)


def _map(plain: TemplateEnvironment) -> Callable[..., Any]:
    map_ = _bounded(plain, "map")

    @pass_context
    def map_each(context: Context, value: Any, *args: Any, **kwargs: Any) -> Items:
        return Items(map(_there, map_(context, value, *args, **kwargs)), context[BUDGET])

    return map_each


def _there(value: Any) -> Any:
    """Return a value; raises `UndefinedError` for one that is missing, which would else pass unnoticed."""
    if isinstance(value, Undefined):
        str(value)
    return value
