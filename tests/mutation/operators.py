"""What is changed in a source, one place at a time: a choice of cosmic-ray's operators, and some of our own.

Never an operator whose mutants say little: of each comparison there are the shifted boundary and the opposite, not
all seven others, and no decorator is removed.
"""

from __future__ import annotations

import parso
from cosmic_ray.ast import ast_nodes
from cosmic_ray.operators.operator import Example, Operator
from cosmic_ray.operators.provider import OperatorProvider

KEPT = (
    *(f"ReplaceComparisonOperator_{pair}" for pair in ("Eq_NotEq", "NotEq_Eq", "Is_IsNot", "IsNot_Is")),
    *(f"ReplaceComparisonOperator_{pair}" for pair in ("Lt_LtE", "LtE_Lt", "Gt_GtE", "GtE_Gt")),
    *(f"ReplaceComparisonOperator_{pair}" for pair in ("Lt_GtE", "LtE_Gt", "Gt_LtE", "GtE_Lt")),
    *(f"ReplaceBinaryOperator_{pair}" for pair in ("Add_Sub", "Sub_Add", "Mul_FloorDiv", "Div_Mul", "FloorDiv_Mul")),
    *(f"ReplaceBinaryOperator_{pair}" for pair in ("Mod_FloorDiv", "BitOr_BitAnd", "BitAnd_BitOr")),
    *("ReplaceUnaryOperator_Delete_Not", "ReplaceUnaryOperator_Delete_USub"),
    *("ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceAndWithOr", "ReplaceOrWithAnd", "AddNot"),
    *("ExceptionReplacer", "NumberReplacer", "ZeroIterationForLoop"),
)
"""The operators of cosmic-ray that are used, by their names."""


def code(text):
    """Return the one node of a text, to be put into a tree."""
    return parso.parse(text).children[0]


def without(node, first, last):
    """Return the node without its children from `first` to `last`; what stood before them stands before the rest."""
    prefix = node.get_first_leaf().prefix
    node.children = node.children[:first] + node.children[last + 1 :]
    if node.children:
        node.get_first_leaf().prefix = prefix
    return node


def without_listed(node, index):
    """Return a list's node without the child at `index` and the comma beside it."""
    if index + 1 < len(node.children):
        return without(node, index, index + 1)
    return without(node, index - 1, index) if index else without(node, index, index)


class OneOf(Operator):
    """An operator that changes one of several children of a node."""

    def targets(self, node):
        """Return what `change` is told of each place in the node that can be changed."""
        raise NotImplementedError

    def change(self, node, target):
        """Return the node changed at that place."""
        raise NotImplementedError

    def mutation_positions(self, node):
        for _target in self.targets(node):
            yield (node.start_pos, node.end_pos)

    def mutate(self, node, index):
        return self.change(node, self.targets(node)[index])


MEMBERSHIP = {"in": " not in", "not in": " in"}
FUNCTIONS = {"min": "max", "max": "min", "any": "all", "all": "any"}


class NegateMembership(OneOf):
    """`in` becomes `not in`, and the other way round."""

    def targets(self, node):
        if node.type != "comparison":
            return []
        words = [" ".join(child.get_code(include_prefix=False).split()) for child in node.children]
        return [(at, MEMBERSHIP[word]) for at, word in enumerate(words) if at % 2 and word in MEMBERSHIP]

    def change(self, node, target):
        at, word = target
        node.children[at] = parso.parse(word)
        return node

    @classmethod
    def examples(cls):
        return (Example("x = a in b", "x = a not in b"), Example("x = a not in b", "x = a in b"))


class NegateFurtherCondition(OneOf):
    """The condition of an `elif`, or of a comprehension, becomes its opposite (that of an `if`: see `AddNot`)."""

    def targets(self, node):
        if node.type == "comp_if":
            return [1]
        if node.type != "if_stmt":
            return []
        return [at + 1 for at, child in enumerate(node.children) if getattr(child, "value", "") == "elif"]

    def change(self, node, target):
        node.children[target] = parso.parse(f" not ({node.children[target].get_code(include_prefix=False)})")
        return node

    @classmethod
    def examples(cls):
        return (
            Example("x = [a for a in b if c]", "x = [a for a in b if not (c)]"),
            Example("if a:\n    b\nelif c:\n    d\n", "if a:\n    b\nelif not (c):\n    d\n"),
        )


class DropOperand(OneOf):
    """One of the operands of `and` or `or` is dropped."""

    def targets(self, node):
        return list(range(0, len(node.children), 2)) if node.type in {"and_test", "or_test"} else []

    def change(self, node, target):
        return without_listed(node, target)

    @classmethod
    def examples(cls):
        return (
            Example("x = a and b and c", "x = b and c"),
            Example("x = a or b or c", "x = a or c", occurrence=1),
            Example("x = a and b", "x = a", occurrence=1),
        )


class DropElement(OneOf):
    """One of the elements of a set, list, tuple or dictionary that is written out is dropped."""

    def targets(self, node):
        if node.type not in {"testlist_comp", "dictorsetmaker"} or node.children[-1].type == "sync_comp_for":
            return []
        starts = [0] + [at + 1 for at, child in enumerate(node.children) if getattr(child, "value", "") == ","]
        ends = [start - 2 for start in starts[1:]] + [len(node.children) - 1]
        return [(start, end) for start, end in zip(starts, ends, strict=True) if start <= end]

    def change(self, node, target):
        start, end = target
        if end + 1 < len(node.children):
            without(node, start, end + 1)
        else:
            without(node, start, end)
        if len(node.children) == 1 and node.parent.children[0].value == "(":
            node.children.append(code(","))
        return node

    @classmethod
    def examples(cls):
        return (
            Example("x = {a, b, c}", "x = {b, c}"),
            Example("x = (a, b)", "x = (b,)"),
            Example("x = (a, b)", "x = (a,)", occurrence=1),
            Example("x = [a, b, ]", "x = [a, ]", occurrence=1),
            Example("x = {a: 1, **b}", "x = {**b}"),
            Example("x = {a: 1, b: 2}", "x = {a: 1,}", occurrence=1),
        )


class DropKeyword(OneOf):
    """An argument given by its name is not given."""

    def targets(self, node):
        if node.type not in {"arglist", "trailer"}:
            return []
        return [
            at
            for at, child in enumerate(node.children)
            if child.type == "argument" and child.children[1] == "=" and not says_strict(child)
        ]

    def change(self, node, target):
        return without_listed(node, target) if node.type == "arglist" else without(node, target, target)

    @classmethod
    def examples(cls):
        return (
            Example("f(a, b=1)", "f(a)"),
            Example("f(b=1, c=2)", "f(c=2)"),
            Example("f(b=1)", "f()"),
            Example("zip(a, strict=True, b=1)", "zip(a, strict=True)"),
        )


class DropStatement(OneOf):
    """A call that is a statement, a raise, a break, a continue, a deletion, or an assignment in place, is passed."""

    KINDS = frozenset({"atom_expr", "raise_stmt", "del_stmt"})

    def targets(self, node):
        if node.type != "simple_stmt":
            return []
        statement = node.children[0]
        word = getattr(statement, "value", "")
        in_place = statement.type == "expr_stmt" and statement.children[1].type == "operator" and (
            statement.children[1].value not in {"=", ":="}
        )  # fmt: skip
        return [0] if statement.type in self.KINDS or word in {"break", "continue", "raise"} or in_place else []

    def change(self, node, target):
        passed = code("pass")
        passed.prefix = node.get_first_leaf().prefix
        node.children[target] = passed
        return node

    @classmethod
    def examples(cls):
        return (
            Example("f(a)\n", "pass\n"),
            Example("for a in b:\n    break\n", "for a in b:\n    pass\n"),
            Example("a += 1\n", "pass\n"),
        )


class SwapFunction(OneOf):
    """`min` becomes `max`, `any` becomes `all`, and the other way round."""

    def targets(self, node):
        called = node.type == "atom_expr" and node.children[1].type == "trailer" and node.children[1].children[0] == "("
        return [0] if called and getattr(node.children[0], "value", "") in FUNCTIONS else []

    def change(self, node, target):
        node.children[target].value = FUNCTIONS[node.children[target].value]
        return node

    @classmethod
    def examples(cls):
        return (Example("x = min(a, b)", "x = max(a, b)"), Example("x = any(a)", "x = all(a)"))


OWN = (
    NegateMembership,
    NegateFurtherCondition,
    DropOperand,
    DropElement,
    DropKeyword,
    DropStatement,
    SwapFunction,
)
_provided = OperatorProvider()
OPERATORS = {name: _provided[name]() for name in KEPT} | {kind.__name__: kind() for kind in OWN}


def is_annotation(node):
    """Say whether a node is the annotation of a parameter, of a variable or of what a function returns."""
    parent = node.parent
    if parent.type == "tfpdef":
        return node is parent.children[2]
    if parent.type == "annassign":
        return node is parent.children[1]
    return parent.type == "funcdef" and node is parent.annotation


def says_strict(node):
    """Say whether a node is the `strict` of a `zip`: of lists that are of one length, whatever it says."""
    return node.type == "argument" and getattr(node.children[0], "value", "") == "strict"


def is_left_alone(node):
    """Say whether nothing of a node is changed: nothing runs it, or it decides nothing."""
    if says_strict(node):
        return True
    if node.type == "if_stmt":
        return node.children[1].get_code().strip() == "TYPE_CHECKING"
    if node.type == "simple_stmt":
        return node.get_code(include_prefix=False).startswith(("__all__", "_LOG"))
    return node.type == "decorator"


def changeable(node):
    """Yield the nodes of a tree in cosmic-ray's order, each with whether it may be changed."""
    left_alone = set()
    for one in ast_nodes(node):
        parent = one.parent
        alone = parent is not None and (id(parent) in left_alone or is_annotation(one) or is_left_alone(one))
        if alone:
            left_alone.add(id(one))
        yield one, not alone
