"""Seeded training data and edge rows. Every case draws from its own stream, so `--only` changes nothing."""

from __future__ import annotations

import zlib

import numpy as np
import pandas as pd

from splits import split_points

WORDS = (
    "the model serves quick answers and never sleeps while the queue grows cold wine red white price "
    "train test data not is of to in straße Straße STRASSE größe Ελλάδα λόγος ΟΔΟΣ naïve café Café "
    "résumé 東京 大阪 日本語 模型 İstanbul ISTANBUL ılık über Über x1 a_b 42 3.14 don't e-mail 🙂 🚀fast ﬁne"
).split()


class Data:
    """Training sets of one case: five numeric columns, targets of every kind, a frame and documents."""

    def __init__(self, seed: int, name: str) -> None:
        mixed = (seed * 1_000_003 + zlib.crc32(name.encode())) % 2**32
        self.rng = np.random.RandomState(mixed)
        self.state = int(self.rng.randint(1, 2**31 - 1))
        self._numbers(96)
        self._targets()

    def _numbers(self, rows: int) -> None:
        scales = np.array([1.0, 10.0, 0.1, 3.0, 100.0])
        self.x = self.rng.normal(size=(rows, 5)) * scales + np.array([0.0, 5.0, 0.0, -2.0, 50.0])
        self.x_nan = self.x.copy()
        self.x_nan[self.rng.uniform(size=self.x.shape) < 0.12] = np.nan
        self.ints = self.rng.randint(-4, 9, size=(rows, 4))
        self.weight = self.rng.uniform(0.2, 3.0, size=rows)

    def _targets(self) -> None:
        unit = (self.x - self.x.mean(axis=0)) / self.x.std(axis=0)
        noise = self.rng.normal(size=len(unit)) * 0.4
        signal = unit @ np.array([1.0, -0.8, 0.5, 0.3, -0.2]) + np.abs(unit[:, 1]) * 0.7 + noise
        self.y = signal * 3.0 + 1.0
        self.y2 = np.column_stack([self.y, unit[:, 0] - unit[:, 2] + noise])
        self.positive = np.exp(signal / 2.0)
        self.counts = self.rng.poisson(self.positive)
        self.binary = (signal > np.median(signal)).astype(np.int64)
        self.three = np.digitize(signal, np.quantile(signal, [0.35, 0.7]))
        self.names = np.array(["ash", "birch", "Öl-Weide"])[self.three]
        self.flags = self.binary.astype(bool)
        self.labels2 = np.column_stack([self.three, self.binary])

    @property
    def frame(self) -> pd.DataFrame:
        """A mixed frame; the same at every access."""
        rng = np.random.RandomState(self.state)
        rows = len(self.x)
        age = rng.uniform(18, 80, size=rows).round(1)
        age[rng.uniform(size=rows) < 0.1] = np.nan
        city = np.array(["Köln", "Oslo", "東京", "Ōsaka", "Bonn"], dtype=object)[rng.choice(5, rows, p=[0.4, 0.3, 0.2, 0.05, 0.05])]
        return pd.DataFrame(
            {
                "age": age,
                "income": rng.lognormal(3.0, 1.0, size=rows),
                "children": rng.randint(0, 5, size=rows),
                "member": rng.uniform(size=rows) < 0.5,
                "city": city,
                "colour": np.array(["red", "green", "blue"], dtype=object)[rng.choice(3, rows)],
            }
        )

    def frame_rows(self, unknown: bool = False) -> pd.DataFrame:
        """Nine rows of the frame; with ``unknown`` two rows hold a city never seen in training."""
        rows = self.frame.iloc[self.rng.choice(len(self.x), 9, replace=False)].reset_index(drop=True)
        rows.loc[1, "age"] = np.nan
        rows.loc[2, "income"] = 0.0
        rows.loc[3, "income"] = 1e9
        rows.loc[4, "children"] = 77
        if unknown:
            rows.loc[5, "city"] = "Atlantis"
            rows.loc[6, "city"] = ""
        return rows

    @property
    def documents(self) -> list:
        """Sixty short documents with umlauts, Greek, CJK, emoji and a Turkish capital; the same at every access."""
        rng = np.random.RandomState(self.state)
        docs = [" ".join(rng.choice(WORDS, rng.randint(3, 12))) for _ in range(58)]
        return docs + ["The Quick  brown\tfox-fox fox_fox.", "Grüße aus Köln: Straße, ΟΔΟΣ, 東京タワー! İyi 🙂"]

    def document_rows(self) -> list:
        """Documents to ask about: seen words, unseen words, blanks, odd cases and long runs of space."""
        docs = [" ".join(self.rng.choice(WORDS, 7)) for _ in range(5)]
        return [*docs, *self.documents[-3:]] + [
            "",
            " ",
            "the",
            "nothing seen before: zyxw",
            "İstanbul'da ILIK ılık İIıi",
            "STRASSE straße ẞ ß ﬁne ﬃ",
            "e\u0301clair éclair cafe\u0301 café\u00a0café",
            "東京大阪 日本語 模型\u3000東京",
            "tabs\tand\nnewlines\r\n  and   runs",
            "ΟΔΟΣ οδος ΛΌΓΟΣ λόγος",
            "🙂🚀 fast fast fast the the 42 3.14 a_b",
        ]

    def edge(self, model: object = None, nan: bool = False, huge: float = 1e6, x: np.ndarray = None) -> np.ndarray:
        """Rows that hurt: zeros, negatives, huge and tiny values, exact split points, NaN where allowed."""
        x = self.x if x is None else x
        width = x.shape[1]
        base = np.nan_to_num(x[self.rng.choice(len(x), 3, replace=False)].astype(float))
        rows = [*base, np.zeros(width), np.full(width, -0.0), -np.abs(base[0]) * 2.0]
        rows.append(np.where(np.arange(width) % 2 == 0, huge, -huge))
        rows.append(np.full(width, 1e-40))
        rows.extend(self._at_splits(base, split_points(model)))
        if nan:
            one = base[1].copy()
            one[self.rng.randint(width)] = np.nan
            rows.extend([one, np.full(width, np.nan)])
        return np.array(rows)

    def _at_splits(self, base: np.ndarray, points: list) -> list:
        """Rows whose values sit exactly on a split and one step to either side of it."""
        if not points:
            return []
        rows = []
        for step in (0.0, -np.inf, np.inf):
            row = base[2].copy()
            for index in self.rng.choice(len(points), min(len(points), 6), replace=False):
                feature, value = points[index]
                if feature < len(row):
                    row[feature] = value if step == 0.0 else np.nextafter(value, step)
            rows.append(row)
        return rows
