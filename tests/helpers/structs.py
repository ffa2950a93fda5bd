"""Hypothesis strategies for msgspec structs, made from what the structs themselves declare.

`of(Post)` gives any `Post` its annotations allow: a field, bound or pattern that changes in the code changes here too.
Not for values a person would write: they keep to the types, not to `mrsambosk_protocol.text`.
"""

from typing import Any

from hypothesis import strategies as st
from msgspec import inspect as ms

from mrsambosk_protocol.commands import NO_NUL
from mrsambosk_protocol.limits import MAX_INTEGER

#: Any text that UTF-8 can carry: no half of a surrogate pair.
TEXT = st.characters(exclude_categories=["Cs"])


def of(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a struct class, or of any other type that a field of one has."""
    return _values(ms.type_info(kind))


def _values(info: ms.Type) -> st.SearchStrategy[Any]:
    match info:
        case ms.StructType(cls=cls, fields=fields):
            given = st.fixed_dictionaries(
                {field.name: _values(field.type) for field in fields if field.required},
                optional={field.name: _values(field.type) for field in fields if not field.required},
            )
            return given.map(lambda values: _build(cls, values)).filter(lambda it: it is not None)
        case ms.UnionType(types=types):
            return st.one_of([_values(one) for one in types])
        case ms.StrType(pattern=pattern) if pattern not in (None, NO_NUL):
            return st.from_regex(pattern, fullmatch=False)
        case ms.StrType(min_length=least, max_length=most, pattern=pattern):
            text = st.text(TEXT, min_size=least or 0, max_size=min(most or 60, 60))
            return text.filter(lambda it: "\0" not in it) if pattern else text
        case ms.IntType(ge=least, le=most):
            return st.integers(-MAX_INTEGER if least is None else least, MAX_INTEGER if most is None else most)
        case ms.FloatType(ge=least):
            return st.floats(least, 1e9, allow_nan=False)
        case ms.BoolType():
            return st.booleans()
        case ms.NoneType():
            return st.none()
        case ms.VarTupleType(item_type=item, min_length=least, max_length=most):
            return st.lists(_values(item), min_size=least or 0, max_size=min(most or 2, 2)).map(tuple)
        case ms.DictType(key_type=key, value_type=value):
            return st.dictionaries(_values(key), _values(value), max_size=2)
        case ms.AnyType():
            return st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | st.text(TEXT, max_size=20)
    raise TypeError(f"no strategy for {info!r}: add one here")


def _build(cls: type[Any], values: dict[str, Any]) -> Any | None:
    """The struct, or None where its own check forbids these values together."""
    try:
        return cls(**values)
    except ValueError:
        return None
