"""Writes the files of `tests/batch.rs` as pandas and pyarrow write them: python make.py"""

from pathlib import Path

import pandas
from sklearn.datasets import load_wine

HERE = Path(__file__).resolve().parent

data = load_wine(as_frame=True).data.iloc[::6].reset_index(drop=True)
frame = data.rename(columns=lambda name: name.replace(" ", "_"))
frame["id"] = pandas.array([None if at % 7 == 3 else 10 * at for at in range(len(frame))], dtype="Int64")
frame["place"] = pandas.Categorical([("north", "sou\nth", "e,a\"st")[at % 3] for at in range(len(frame))])
frame["note"] = [None if at % 4 == 0 else f"n{at}" for at in range(len(frame))]
frame["single"] = frame["hue"].astype("float32")
frame["good"] = frame["ash"] > 2.3

frame.to_parquet(HERE / "rows.parquet", row_group_size=8)
frame.to_parquet(HERE / "zstd.parquet", compression="zstd", data_page_size=64, index=False)
frame.to_csv(HERE / "rows.csv", index=False)
frame.to_json(HERE / "rows.jsonl", orient="records", lines=True, double_precision=15)
