"""Two set-ups measured beside each other: their medians, the ratio, and how they are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One thing measured several times for each side, in one unit."""

    title: str
    unit: str
    ours: tuple[float, ...]
    stock: tuple[float, ...]

    @property
    def ratio(self) -> float | None:
        """Our median as a part of stock's; none without a measurement of both, or where stock's is nought."""
        if not (self.ours and self.stock and median(self.stock)):
            return None
        return median(self.ours) / median(self.stock)

    def as_data(self) -> dict[str, Any]:
        ratio = self.ratio
        return {
            "ours": _median(self.ours),
            "stock": _median(self.stock),
            "ratio": None if ratio is None else round(ratio, 3),
            "ours_range": _range(self.ours),
            "stock_range": _range(self.stock),
        }


def _median(values: Sequence[float]) -> float | None:
    return round(median(values), 3) if values else None


def _range(values: Sequence[float]) -> list[float]:
    return [round(min(values), 3), round(max(values), 3)] if values else []


def as_data(name: str, n: int, conditions: Mapping[str, Any], figures: Mapping[str, Figure]) -> dict[str, Any]:
    """The object that `--json` prints; `figures` by their keys."""
    told = {key: figure.as_data() for key, figure in figures.items()}
    return {"name": name, "n": n, "conditions": dict(conditions), **told}


def table(figures: Sequence[Figure], conditions: Mapping[str, Any]) -> list[str]:
    """The lines that a person reads: medians with smallest and largest, then under which conditions."""
    rows = [("", "ours", "stock", "ratio")]
    for figure in figures:
        ratio = figure.ratio
        told = "" if ratio is None else f"{ratio:.2f}"
        rows.append(
            (
                f"{figure.title}, {figure.unit}" if figure.unit else figure.title,
                _told(figure.ours),
                _told(figure.stock),
                told,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [*lines, "", *(f"{key}: {value}" for key, value in conditions.items())]


def _told(values: Sequence[float]) -> str:
    if not values:
        return "–"
    if len(values) == 1:
        return f"{values[0]:g}"
    return f"{median(values):.2f} ({min(values):.2f} to {max(values):.2f})"
