"""Fits the weights of aggregator/evidence.py: logistic regression over pairs of labelled articles. Needs SciPy.

    python benchmarks/fit_stories.py

Prints WEIGHTS for pairs of two languages and for pairs of one. What is for can only be positive and what is against
only negative, so that each weight keeps its meaning. The tables called heldout are not read. For pairs of one language
the weights in the program also saw six hundred pairs of a real press, which are not published here; without those, what
this prints for them differs a little.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from hashlib import md5
from itertools import combinations
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from aggregator import evidence, methods, stories
from aggregator.model import Config
from tests import labelled

STIFFNESS = 5.0  # how much large weights cost
FOR = ("shared", "cosine", "kinds")
AGAINST = ("differ", "nothing", "other", "days")


def pairs(*, across: bool) -> tuple[list[dict[str, float]], list[bool]]:
    """The evidence on every pair of articles that the program would compare, and whether they are one event."""
    method = methods.named(methods.BUILT_IN, methods.setting(Config(sources={}, outlets={}, topics={})))
    found, truth = [], []
    tables = [labelled.read(table) for table in labelled.TUNING]
    for rows in (*tables, *(crowded(tables[number]) for number in (0, 2))):
        profiles = [method.profile(labelled.clipping(row, number)) for number, row in enumerate(rows, 1)]
        for (row, one), (partner, other) in combinations(zip(rows, profiles, strict=True), 2):
            near = abs(row.at - partner.at) <= stories.WINDOW and (one.language != other.language) == across
            shared = evidence.shared_by(one, other, {})
            if near and shared and not (row.text and row.text == partner.text):
                found.append(evidence.between(one, other, shared))
                truth.append(row.event == partner.event)
    return found, truth


def crowded(rows: list[labelled.Row]) -> list[labelled.Row]:
    """The same articles as if all had happened within two days, so that each meets many about something else.

    Events that are easily confused keep their distance in time: it may be what tells them apart.
    """
    parents: dict[str, str] = {}

    def root(event: str) -> str:
        while (above := parents.setdefault(event, event)) != event:
            event = above
        return event

    for row in rows:
        if row.near:
            parents[root(row.near)] = root(row.event)
    first: dict[str, datetime] = {}
    for row in rows:
        first[root(row.event)] = min(row.at, first.get(root(row.event), row.at))
    start = datetime(2024, 6, 3, tzinfo=UTC)
    hours = {event: int(md5(event.encode()).hexdigest(), 16) % 36 for event in first}  # a fixed shuffle
    return [
        row._replace(at=start + timedelta(hours=hours[root(row.event)]) + (row.at - first[root(row.event)]))
        for row in rows
    ]


def fitted(told: list[dict[str, float]], truth: list[bool]) -> dict[str, float]:
    names = sorted({name for one in told for name in one})
    x, y = np.array([[one.get(name, 0.0) for name in names] for one in told]), np.array(truth, float)
    scale = (x.std(0) + 1e-9) * np.array([name != "always" for name in names])

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        p = 1 / (1 + np.exp(-np.clip(x @ weights, -40, 40)))
        value = -(y * np.log(p + 1e-12) + (1 - y) * np.log(1 - p + 1e-12)).sum()
        return value + STIFFNESS * ((weights * scale) ** 2).sum(), x.T @ (p - y) + 2 * STIFFNESS * weights * scale**2

    bounds = [
        (0, None)
        if name.startswith(FOR) and "else" not in name
        else (None, 0)
        if name.startswith(AGAINST)
        else (None,) * 2
        for name in names
    ]
    found = minimize(loss, np.zeros(len(names)), jac=True, bounds=bounds, method="L-BFGS-B")
    return dict(zip(names, found.x, strict=True))


def main() -> None:
    across, within = (fitted(*pairs(across=which)) for which in (True, False))
    print("WEIGHTS = {")
    for name in sorted(across.keys() | within.keys()):
        print(f'    "{name}": ({across.get(name, 0.0):.2f}, {within.get(name, 0.0):.2f}),')
    print("}")


if __name__ == "__main__":
    main()
