#!/usr/bin/env python3
"""Writes tables of this folder with polars and fastparquet, whose writers are their own. Needs both (polars 2.1, fastparquet 2026.9)."""

from __future__ import annotations

from pathlib import Path

import fastparquet
import pandas as pd
import polars as pl

FOLDER = Path(__file__).resolve().parent
COLUMNS = {"y": [2.0, 4.0], "x": [1, 3], "word": ["one", "another word, longer than a view"]}


def main() -> None:
    frame = pl.DataFrame(COLUMNS)
    frame.write_ipc(FOLDER / "polars.arrow", compression="lz4")
    frame.write_ipc_stream(FOLDER / "polars-stream.arrow", compression="zstd")
    frame.write_parquet(FOLDER / "polars.parquet")
    fastparquet.write(str(FOLDER / "fastparquet.parquet"), pd.DataFrame(COLUMNS), compression="GZIP")


if __name__ == "__main__":
    main()
