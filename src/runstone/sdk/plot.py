"""Charts from tables: `runstone.log({"roc": runstone.plot.roc_curve(y, p)})`.

Each is kept as a table whose map says how to draw it: `chart` with kind, title and which column is
what.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runstone.sdk.errors import UsageError
from runstone.sdk.media.base import Keeper
from runstone.sdk.media.table import Table

POINTS_MAX = 1000

__all__ = [
    "Chart", "bar", "confusion_matrix", "histogram", "line", "line_series", "plot_table", "pr_curve",
    "roc_curve",
    "scatter",
]  # fmt: skip


class Chart:
    """A table and how to draw it."""

    def __init__(self, kind: str, table: Table, fields: dict[str, str], title: str = "") -> None:
        for column in fields.values():
            if column not in table.columns:
                raise UsageError(
                    f"The table has no column {column!r}. There are: {', '.join(table.columns)}."
                )
        self.kind, self.table, self.fields, self.title = kind, table, fields, title

    def _runstone_value(
        self, keeper: Keeper, key: str, step: int, index: int | None = None
    ) -> dict[str, Any]:
        value = self.table._runstone_value(keeper, key, step, index)
        value["chart"] = {"kind": self.kind, "title": self.title, "fields": self.fields}
        return value

    @classmethod
    def _runstone_values(cls, items: Sequence[Any], keeper: Keeper, key: str, step: int) -> Any:
        return [item._runstone_value(keeper, key, step, number) for number, item in enumerate(items)]


def line(table: Table, x: str, y: str, stroke: str | None = None, title: str = "", **_: Any) -> Chart:
    fields = {"x": x, "y": y} | ({"stroke": stroke} if stroke else {})
    return Chart("line", table, fields, title or "")


def scatter(table: Table, x: str, y: str, title: str = "", **_: Any) -> Chart:
    return Chart("scatter", table, {"x": x, "y": y}, title or "")


def bar(table: Table, label: str, value: str, title: str = "", **_: Any) -> Chart:
    return Chart("bar", table, {"label": label, "value": value}, title or "")


def histogram(table: Table, value: str, title: str = "", **_: Any) -> Chart:
    return Chart("histogram", table, {"value": value}, title or "")


def plot_table(vega_spec_name: str, data_table: Table, fields: dict[str, str], *_: Any, **__: Any) -> Chart:
    return Chart(str(vega_spec_name), data_table, dict(fields))


def line_series(
    xs: Sequence[Any], ys: Sequence[Sequence[Any]], keys: Sequence[str] | None = None, title: str = "",
    xname: str = "x", **_: Any,
) -> Chart:  # fmt: skip
    """One line for each of `ys`, over `xs`, or over its own of `xs`."""
    series = [list(y) for y in ys]
    first = list(xs)
    own = bool(first) and hasattr(first[0], "__len__") and not isinstance(first[0], str)
    all_x = [list(x) for x in first] if own else [first] * len(series)
    names = list(keys) if keys is not None else [f"key_{n}" for n in range(len(series))]
    if len(all_x) != len(series) or len(names) != len(series):
        raise UsageError(f"line_series: {len(series)} lines, {len(all_x)} x and {len(names)} keys.")
    rows = [[x, name, y] for name, some_x, some_y in zip(names, all_x, series, strict=True)
            for x, y in zip(some_x, some_y, strict=False)]  # fmt: skip
    table = Table(columns=[xname, "lineKey", "lineVal"], data=rows)
    return Chart("line", table, {"x": xname, "y": "lineVal", "stroke": "lineKey"}, title)


def confusion_matrix(
    probs: Any = None, y_true: Any = None, preds: Any = None, class_names: Sequence[str] | None = None,
    title: str = "", **_: Any,
) -> Chart:  # fmt: skip
    """y_true and preds: class numbers; or probs (n, classes) instead of preds."""
    import numpy as np

    if y_true is None or (probs is None) == (preds is None):
        raise UsageError("confusion_matrix takes y_true, and either preds or probs.")
    truth = np.asarray(y_true).astype(int)
    guess = np.argmax(np.asarray(probs), axis=1) if preds is None else np.asarray(preds).astype(int)
    if truth.shape != guess.shape:
        raise UsageError(f"confusion_matrix: {truth.size} true classes and {guess.size} predicted ones.")
    count = (
        max(
            [
                int(truth.max(initial=0)),
                int(guess.max(initial=0)),
                *([len(class_names) - 1] if class_names else []),
            ]
        )
        + 1
    )
    names = list(class_names) if class_names is not None else [f"Class_{n + 1}" for n in range(count)]
    if len(names) < count:
        raise UsageError(f"confusion_matrix: {count} classes and {len(names)} class_names.")
    counts = np.zeros((count, count), dtype=int)
    np.add.at(counts, (truth, guess), 1)
    rows = [[names[a], names[p], int(counts[a, p])] for a in range(count) for p in range(count)]
    table = Table(columns=["Actual", "Predicted", "nPredictions"], data=rows)
    fields = {"actual": "Actual", "predicted": "Predicted", "count": "nPredictions"}
    return Chart("confusion_matrix", table, fields, title or "Confusion matrix")


def roc_curve(
    y_true: Any = None, y_probas: Any = None, labels: Sequence[str] | None = None,
    classes_to_plot: Sequence[int] | None = None, title: str = "", **_: Any,
) -> Chart:  # fmt: skip
    """False against true positive rate, one class against the rest."""

    def rates(hits: Any, misses: Any) -> tuple[Any, Any]:
        return misses / max(misses[-1], 1), hits / max(hits[-1], 1)

    return _curve(
        "roc_curve", y_true, y_probas, labels, classes_to_plot, ("fpr", "tpr"), rates, title or "ROC"
    )


def pr_curve(
    y_true: Any = None, y_probas: Any = None, labels: Sequence[str] | None = None,
    classes_to_plot: Sequence[int] | None = None, title: str = "", **_: Any,
) -> Chart:  # fmt: skip
    """Recall against precision, one class against the rest."""
    import numpy as np

    def rates(hits: Any, misses: Any) -> tuple[Any, Any]:
        return hits / max(hits[-1], 1), hits / np.maximum(hits + misses, 1)

    return _curve(
        "pr_curve",
        y_true,
        y_probas,
        labels,
        classes_to_plot,
        ("recall", "precision"),
        rates,
        title or "Precision–recall",
    )


def _curve(
    kind: str, y_true: Any, y_probas: Any, labels: Any, classes: Any, columns: tuple[str, str], rates: Any,
    title: str,
) -> Chart:  # fmt: skip
    import numpy as np

    if y_true is None or y_probas is None:
        raise UsageError(f"{kind} takes y_true and y_probas.")
    truth, scores = np.asarray(y_true), np.asarray(y_probas, dtype=float)
    if scores.ndim == 1:
        scores = np.stack([1 - scores, scores], axis=1)
    if scores.ndim != 2 or len(scores) != len(truth):
        raise UsageError(f"{kind}: y_probas is (n, classes) for n = {len(truth)}, met {scores.shape}.")
    rows: list[list[Any]] = []
    for number in range(scores.shape[1]) if classes is None else classes:
        order = np.argsort(-scores[:, number], kind="stable")
        positive = truth[order] == number
        # Where scores are equal the curve has one point: behind the last of them.
        last = np.append(np.diff(scores[order, number]) != 0, True)
        x, y = rates(np.cumsum(positive)[last], np.cumsum(~positive)[last])
        if len(x) > POINTS_MAX:
            kept = np.unique(np.linspace(0, len(x) - 1, POINTS_MAX).round().astype(int))
            x, y = x[kept], y[kept]
        name = labels[number] if labels is not None else str(number)
        rows += [[name, float(a), float(b)] for a, b in zip(x, y, strict=True)]
    table = Table(columns=["class", *columns], data=rows)
    return Chart(kind, table, {"x": columns[0], "y": columns[1], "stroke": "class"}, title)
