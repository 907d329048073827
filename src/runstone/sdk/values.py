"""What a user logs or configures, as plain values: None, bool, int (64 bits), float, str, and lists
and maps of them.

Numbers of other libraries are met by what they can do (`item`, `tolist`, `__index__`, `__float__`),
so none of those libraries is imported here. Media objects say themselves how they are kept: they
have a method `_runstone_value(keeper, key, step)`.
"""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from runstone.sdk.errors import UsageError

if TYPE_CHECKING:
    from runstone.sdk.media.base import Keeper

PLAIN = frozenset({float, int, bool, str, type(None)})
NO_INT = frozenset({float, bool, str, type(None)})
INT_MIN, INT_MAX = -(2**63), 2**63 - 1
DEPTH_MAX = 32
LIST_MAX = 32  # longer arrays in a row are kept as histograms
CONFIG_ITEMS_MAX = 10_000


def row_values(data: Mapping[Any, Any], keeper: Keeper, step: int) -> dict[str, Any]:
    """A row's values as plain ones. Raises UsageError for a key that is not text."""
    plain: dict[str, Any] = {}
    for key, value in data.items():
        if type(key) is not str:
            if not isinstance(key, str):
                raise UsageError(
                    f"log() takes names as text, met the key {key!r} ({type(key).__name__}). "
                    f"Use {str(key)!r}."
                )
            key = str(key)
        kind = type(value)
        if kind is float or kind is str or kind is bool or value is None:
            plain[key] = value
        elif kind in _to_float:
            plain[key] = float(value)
        else:
            plain[key] = _row_value(value, keeper, key, step, 0)
    return plain


def _row_value(value: Any, keeper: Keeper, key: str, step: int, depth: int) -> Any:
    scalar = _scalar(value)
    if scalar is not _NOT:
        return scalar
    if depth > DEPTH_MAX:
        raise UsageError(f"log() met {key!r} nested more than {DEPTH_MAX} levels deep.")
    keep = getattr(value, "_runstone_value", None)
    if keep is not None:
        return keep(keeper, key, step)
    if isinstance(value, Mapping):
        return {str(k): _row_value(v, keeper, f"{key}.{k}", step, depth + 1) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset, range)):
        items = list(value)
        if items and all(hasattr(item, "_runstone_value") for item in items):
            return type(items[0])._runstone_values(items, keeper, key, step)
        return [_row_value(item, keeper, key, step, depth + 1) for item in items]
    media = _as_media(value)
    if media is not None:
        return media._runstone_value(keeper, key, step)
    return plain_value(value)


_NOT = object()


def _scalar(value: Any) -> Any:
    """`value` as a plain scalar, or _NOT."""
    kind = type(value)
    if kind is float or kind is bool or kind is str or value is None:
        return value
    if kind is int:
        return value if INT_MIN <= value <= INT_MAX else _far_int(value)
    convert = _converters.get(kind)
    if convert is None:
        convert = _converters[kind] = _find_converter(value)
    return convert(value)


def _far_int(value: int) -> float:
    """A number beyond 64 bits, as the nearest float."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _find_converter(value: Any) -> Callable[[Any], Any]:
    if isinstance(value, bool):
        return bool
    if isinstance(value, str):
        return str.__str__
    if isinstance(value, int):  # IntEnum and the like
        return lambda v: _scalar(int(v))
    if isinstance(value, float):  # numpy.float64 is one
        return float
    if isinstance(value, type):
        return lambda v: _NOT
    if hasattr(value, "_runstone_value") or isinstance(value, (Mapping, list, tuple, set, frozenset, bytes)):
        return lambda v: _NOT
    if any(base.__module__ == "numpy" and base.__name__ == "generic" for base in type(value).__mro__):
        if value.dtype.kind == "f":
            _to_float.add(type(value))
            return float
        return _array_scalar
    if hasattr(value, "shape") and (hasattr(value, "item") or hasattr(value, "numpy")):
        return _array_scalar
    if hasattr(value, "__index__"):
        return lambda v: _scalar(v.__index__())
    if hasattr(value, "__float__") and not hasattr(value, "__len__"):  # Decimal, Fraction, torchmetrics
        return float
    return lambda v: _NOT


def _array_scalar(value: Any) -> Any:
    """A 0-d array or one of a single element, of numpy, torch, jax or tensorflow."""
    if math.prod(value.shape) != 1:
        return _NOT
    item = value.item() if hasattr(value, "item") else value.numpy().item()
    if type(item) in PLAIN:
        return _far_int(item) if type(item) is int and not INT_MIN <= item <= INT_MAX else item
    return str(item)


_converters: dict[type, Callable[[Any], Any]] = {}
_to_float: set[type] = set()  # kinds of numpy's floats met so far


def to_numpy(value: Any) -> Any:
    """An array of another library as numpy has it; None where `value` is no array."""
    if not hasattr(value, "shape"):
        return None
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        if str(value.dtype) == "torch.bfloat16":
            value = value.float()
    if hasattr(value, "numpy"):
        value = value.numpy()
    import numpy

    return numpy.asarray(value)


def _as_media(value: Any) -> Any:
    """Things people log as they are, although they stand for a picture, a table or a histogram."""
    module, name = type(value).__module__, type(value).__name__
    root = module.partition(".")[0]
    if root == "pandas" and name == "DataFrame":
        from runstone.sdk.media.table import Table

        return Table(dataframe=value)
    if root == "matplotlib" or (root == "PIL" and hasattr(value, "save")):
        from runstone.sdk.media.image import Image

        return Image(value)
    if root == "plotly":
        from runstone.sdk.media.documents import Plotly

        return Plotly(value)
    if hasattr(value, "shape") and math.prod(value.shape) > LIST_MAX:
        from runstone.sdk.media.histogram import Histogram

        array = to_numpy(value)
        if array is not None and array.dtype.kind in "fiub":
            return Histogram(array)
    return None


def plain_value(value: Any, depth: int = 0) -> Any:
    """Anything as plain values, for config and summary: what has no plain form becomes its text."""
    scalar = _scalar(value)
    if scalar is not _NOT:
        return scalar
    if depth > DEPTH_MAX:
        return str(value)
    if isinstance(value, Mapping):
        return {str(k): plain_value(v, depth + 1) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset, range)):
        return [plain_value(item, depth + 1) for item in value]
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    fields = as_mapping(value)
    if fields is not None:
        return plain_value(fields, depth + 1)
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        array = to_numpy(value)
        if array.size <= CONFIG_ITEMS_MAX:
            return plain_value(array.tolist(), depth + 1)
        return f"array of shape {list(array.shape)}, {array.dtype}"
    if hasattr(value, "isoformat"):
        return value.isoformat()
    enum_value = getattr(value, "value", None) if hasattr(type(value), "__members__") else None
    if enum_value is not None:
        return plain_value(enum_value, depth + 1)
    if callable(value) and hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    return str(value)


def as_mapping(value: Any) -> dict[str, Any] | None:
    """The fields of an object that people use as a configuration, or None: argparse's Namespace,
    absl's FLAGS, omegaconf, dataclasses, pydantic, attrs, ml_collections, SimpleNamespace, Config."""
    if isinstance(value, Mapping):
        return {str(k): v for k, v in value.items()}
    if "omegaconf" in sys.modules and type(value).__module__.startswith("omegaconf"):
        from omegaconf import OmegaConf  # type: ignore[import-not-found]

        return dict(OmegaConf.to_container(value, resolve=True, throw_on_missing=False))
    for method in ("flag_values_dict", "model_dump", "to_dict", "as_dict", "_asdict"):
        found = getattr(value, method, None)
        if callable(found) and not isinstance(value, type):
            fields = found()
            if isinstance(fields, Mapping):
                return {str(k): v for k, v in fields.items()}
    names = getattr(type(value), "__dataclass_fields__", None)
    if names is None:
        attrs = getattr(type(value), "__attrs_attrs__", None)
        names = [a.name for a in attrs] if attrs is not None else None
    if names is None:
        names = getattr(type(value), "__struct_fields__", None)
    if names is not None:
        return {name: getattr(value, name) for name in names if hasattr(value, name)}
    if type(value).__name__ in ("Namespace", "SimpleNamespace") and hasattr(value, "__dict__"):
        return dict(vars(value))
    if hasattr(value, "keys") and hasattr(value, "__getitem__") and not isinstance(value, type):
        return {str(k): value[k] for k in value.keys()}  # noqa: SIM118
    return None


def integer_step(step: Any) -> int:
    """What `log(step=…)` was given, where it is not an int itself. Raises UsageError."""
    try:
        return operator.index(step)
    except TypeError:
        pass
    try:
        number = float(step)
        if number.is_integer():
            return int(number)
    except (TypeError, ValueError):
        pass
    raise UsageError(f"log() takes an integer as step, met {step!r}.")
