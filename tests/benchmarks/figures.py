"""The figures of a run: each section writes its own to one file, and the table at the end is made of all."""

import json
import os
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.benchmarks.run import say


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure. It meets its goal from the goal upward, or up to the goal where `at_most` is set."""

    engine: str
    name: str
    value: float
    unit: str = ""
    goal: float | None = None
    at_most: bool = False

    @property
    def is_met(self) -> bool | None:
        """None where the figure has no goal."""
        if self.goal is None:
            return None
        return self.value <= self.goal if self.at_most else self.value >= self.goal

    @property
    def row(self) -> tuple[str, str, str, str, str]:
        goal = "" if self.goal is None else f"{'at most' if self.at_most else 'at least'} {self.goal:g}{self.unit}"
        met = {True: "met", False: "NOT MET", None: ""}[self.is_met]
        return self.engine, self.name, readable(self.value) + self.unit, goal, met


def readable(value: float) -> str:
    """Short: 1,490 or 19.3 or 0.28."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def record(name: str, value: float, unit: str = "", *, goal: float | None = None, at_most: bool = False) -> None:
    """Prints a figure and keeps it for the table. A section that runs by itself only prints it."""
    figure = Figure(os.environ.get("BENCH_ENGINE", ""), name, value, unit, goal, at_most)
    _, _, measured, wanted, met = figure.row
    say(f"  {name}: {measured}" + (f" (goal {wanted}: {met})" if wanted else ""))
    if file := os.environ.get("BENCH_FIGURES"):
        with Path(file).open("a") as lines:
            lines.write(json.dumps(asdict(figure)) + "\n")


def read_figures(file: Path) -> list[Figure]:
    return [Figure(**json.loads(line)) for line in file.read_text().splitlines()] if file.exists() else []


def table(figures: Sequence[Figure]) -> str:
    """Engine, figure, what was measured, its goal, and whether it was met."""
    rows = [("engine", "figure", "measured", "goal", ""), *(figure.row for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    missed = sum(figure.is_met is False for figure in figures)
    judged = sum(figure.is_met is not None for figure in figures)
    return "\n".join([*lines, f"{judged - missed} of {judged} goals met"])


def p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]
