"""Write one small file of each kind that people serve by mistake, with words of the refusal that helps.

Usage: python other_files.py OUT    with the environment of requirements-other.txt
"""

from __future__ import annotations

import io
import json
import math
import os
import pickle
import sqlite3
import struct
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Callable, Dict, Tuple

os.environ["KERAS_BACKEND"] = "numpy"

import cloudpickle
import gguf
import keras
import numpy as np
import onnx
import pandas as pd
import pyarrow as pa
import pyarrow.feather
from cryptography.fernet import Fernet
from safetensors.numpy import save_file
from scipy.sparse import csr_matrix
from sklearn.cluster import DBSCAN
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Bunch

ROWS = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0], [3.0, 1.0]])
CLASSES = np.array([0, 0, 1, 1])
TEXTS = ["red wine", "white wine", "red beer", "dark beer"]
FRAME = pd.DataFrame(ROWS, columns=["alcohol", "hue"])
Files = Dict[str, Tuple[Callable[[Path], object], Tuple[str, ...]]]


def _bytes(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def _pickled(value: object) -> Callable[[Path], object]:
    return _bytes(pickle.dumps(value, protocol=4))


def _onnx(path: Path) -> None:
    take, give = (onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [None, 2]) for name in "xy")
    graph = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["x"], ["y"])], "graph", [take], [give])
    onnx.save(onnx.helper.make_model(graph, producer_name=path.stem), path)


def _keras(path: Path) -> None:
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(path)


def _gguf(path: Path) -> None:
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tensor("weight", np.zeros(4, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _arrow_stream(path: Path) -> None:
    table = pa.Table.from_pandas(FRAME)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)


def _tar(path: Path) -> None:
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as archive:
        entry = tarfile.TarInfo("churn/MLmodel")
        entry.size = 10
        archive.addfile(entry, io.BytesIO(b"flavors: {"))


def _zip(*names: str) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(name, "x")

    return write


def _sqlite(path: Path) -> None:
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as connection:
        connection.execute("pragma page_size = 512")
        connection.execute("create table runs (id integer)")


def _openssl(path: Path) -> None:
    command = ["openssl", "enc", "-aes-256-cbc", "-pbkdf2", "-pass", "pass:secret", "-out", str(path)]
    subprocess.run(command, input=b"model", check=True)


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"4d7a" * 16 + b"\nsize 12345\n"
HTML = b"\n<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>\n"
STORAGE = b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code></Error>'
PMML = b'<?xml version="1.0"?>\n<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4"></PMML>'
NOTEBOOK = b'{\n "cells": [],\n "metadata": {},\n "nbformat": 4,\n "nbformat_minor": 5\n}'
MLMODEL = b"artifact_path: model\nflavors:\n  sklearn:\n    pickled_model: model.pkl\n"
DUMP = b"booster[0]:\n0:[f0<1.5] yes=1,no=2,missing=1\n\t1:leaf=-0.4\n\t2:leaf=0.4\n"
OLD_TORCH = pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2) + pickle.dumps(1001, protocol=2)
OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(24)
SAVED_MODEL = b"\x08\x01\x12\x04\x0a\x02\x0a\x00"
TFLITE = struct.pack("<I", 28) + b"TFL3" + bytes(24)
TUPLE = "a tuple of a `CountVectorizer` and a `LogisticRegression`"
KEYED_CHAIN = "NAME=scaler.joblib+model.joblib"
CHAIN = "NAME=countvectorizer.joblib+logisticregression.joblib"


def accidents() -> Files:
    """What copying, downloading and packing leave in place of a model."""
    return {
        "lfs.pkl": (_bytes(LFS), ("a Git LFS pointer", "`git lfs pull`")),
        "page.pkl": (_bytes(HTML), ("an HTML page", "download the file again")),
        "denied.pkl": (_bytes(STORAGE), ("an error of a storage", "download the file again")),
        "empty.pkl": (_bytes(b""), ("is empty", "again")),
        "blank.pkl": (_bytes(b" \n\n"), ("is blank",)),
        "model.tar": (_tar, ("a tar archive", "unpack it")),
        "model.tar.gz": (_tar, ("a tar archive", "a gzip file", "unpack it")),
        "folder.zip": (_zip("churn/MLmodel", "churn/model.pkl"), ("an MLflow model folder", "unpack it")),
        "other.zip": (_zip("notes.txt"), ("a zip archive that skops did not write", "unpack it")),
        "model.zst": (_bytes(pa.compress(b"model" * 9, codec="zstd", asbytes=True)), ("Zstandard", "unpack it")),
        "model.fernet": (_bytes(Fernet(bytes(32).hex()[:43].encode() + b"=").encrypt(b"model")), ("encrypted", "decrypt it")),
        "model.enc": (_openssl, ("encrypted by OpenSSL", "decrypt it")),
        "random.pkl": (_bytes(bytes(range(200, 256))), ("of no format that is known", "c8 c9 ca")),
        "notes.pkl": (_bytes(b"the model is on the other disk\n"), ("text (it begins `the model is",)),
        "MLmodel.txt": (_bytes(MLMODEL), ("an `MLmodel` file", "name the folder")),
        "base64.pkl": (_bytes(b"gASVCAAAAAAAAACMBG5vbmWULg=="), ("a pickle in base64", "decode it")),
    }


def models() -> Files:
    """Models of libraries that are not run, and dumps that lack what predictions need."""
    return {
        "model.onnx": (_onnx, ("an ONNX model", "skops, joblib or pickle")),
        "model.h5": (_keras, ("HDF5", "Keras", "scikit-learn, XGBoost")),
        "model.keras": (_keras, ("a Keras model", "scikit-learn, XGBoost")),
        "saved_model.pb": (_bytes(SAVED_MODEL), ("a TensorFlow SavedModel", "scikit-learn, XGBoost")),
        "model.tflite": (_bytes(TFLITE), ("TensorFlow Lite", "scikit-learn, XGBoost")),
        "model.gguf": (_gguf, ("GGUF", "scikit-learn, XGBoost")),
        "model.safetensors": (lambda path: save_file({"weight": np.zeros(2)}, path), ("a safetensors file", "scikit-learn, XGBoost")),
        "model.pt": (_zip("archive/data.pkl", "archive/version"), ("a PyTorch file", "scikit-learn, XGBoost")),
        "old.pt": (_bytes(OLD_TORCH), ("a PyTorch file", "scikit-learn, XGBoost")),
        "model.pmml": (_bytes(PMML), ("a PMML model", "skops, joblib or pickle")),
        "mojo.zip": (_zip("model.ini", "domains/d000.txt"), ("an H2O model", "scikit-learn, XGBoost")),
        "dump.txt": (_bytes(DUMP), ("a dump of XGBoost", "`booster.save_model(")),
    }


def data() -> Files:
    """Rows, documents and arrays."""
    return {
        "rows.parquet": (FRAME.to_parquet, ("a Parquet file", "--input")),
        "rows.feather": (lambda path: pa.feather.write_feather(FRAME, str(path)), ("an Arrow file", "--input")),
        "rows.arrows": (_arrow_stream, ("a stream of Arrow", "--input")),
        "rows.csv": (lambda path: FRAME.to_csv(path, index=False), ("a table in CSV", "--input")),
        "rows.npy": (lambda path: np.save(path, ROWS), ("a numpy array", "--input")),
        "rows.npz": (lambda path: np.savez(path, x=ROWS, y=CLASSES), ("numpy arrays", "--input")),
        "rows.xlsx": (_zip("[Content_Types].xml", "xl/workbook.xml"), ("an Office document",)),
        "rows.xls": (_bytes(OLD_OFFICE), ("an Office document",)),
        "mlflow.db": (_sqlite, ("an SQLite database",)),
        "train.ipynb": (_bytes(NOTEBOOK), ("a notebook",)),
        "threshold.json": (_bytes(b'{"threshold": 0.4}'), ("JSON that holds no model of XGBoost or CatBoost",)),
    }


def pickles() -> Files:
    """Pickles of something else than one model."""
    scaler, vectorizer = StandardScaler().fit(ROWS), CountVectorizer().fit(TEXTS)
    words = vectorizer.transform(TEXTS)
    model, text_model = LogisticRegression().fit(ROWS, CLASSES), LogisticRegression().fit(words, CLASSES)
    kept = {"scaler": scaler, "model": model, "clean": math.sqrt}
    return {
        "frame.pkl": (_pickled(FRAME), ("a `DataFrame` of pandas", "data")),
        "series.pkl": (_pickled(FRAME["hue"]), ("a `Series` of pandas", "data")),
        "array.pkl": (_pickled(ROWS), ("an array", "data")),
        "sparse.pkl": (_pickled(csr_matrix(ROWS)), ("a `csr_matrix` of scipy", "data")),
        "text.pkl": (_pickled("model.pkl"), ("a text", "data")),
        "number.pkl": (_pickled(0.4), ("a float", "data")),
        "none.pkl": (_pickled(None), ("`None`", "Save the fitted estimator")),
        "function.pkl": (_pickled(math.sqrt), ("`math.sqrt`", "by name alone")),
        "class.pkl": (_pickled(LogisticRegression), ("LogisticRegression`", "by name alone", "after `fit`")),
        "lambda.pkl": (_bytes(cloudpickle.dumps(lambda x: x + 1)), ("the Python function `<lambda>`", "never executed")),
        "bunch.pkl": (_pickled(Bunch(data=ROWS, target=CLASSES)), ("a dict of an array at `\"data\"`", "one estimator")),
        "empty-dict.pkl": (_pickled({}), ("a dict that is empty",)),
        "results.pkl": (_pickled({"accuracy": 0.9, "classes": [0, 1]}), ("a dict of a float at `\"accuracy\"`", "Save the fitted")),
        "texts.pkl": (_pickled(TEXTS), ("a list of many parts, the first of which is a text", "Save the fitted")),
        "vectorizer-and-model.pkl": (_pickled((vectorizer, model)), (TUPLE, "`saved[0]` gives 5 columns", "was fitted on 2", CHAIN, "`Pipeline`")),
        "scaler-and-model.pkl": (_pickled(kept), ("a `StandardScaler` at `\"scaler\"`", "saved[\"model\"]", KEYED_CHAIN)),
        "model-and-function.pkl": (_pickled((model, math.sqrt)), ("a `LogisticRegression` and `math.sqrt`", "what `saved[1]`, `math.sqrt`, does", "the model alone")),
        "model-and-scales.pkl": (_pickled({"model": model, "mean": ROWS.mean(axis=0), "std": ROWS.std(axis=0)}), ("`saved[\"mean\"]` and others hold a number for each of its 2 columns", "the model alone")),
        "two-scalers.pkl": (_pickled((scaler, scaler, model)), ("NAME=standardscaler1.joblib+standardscaler2.joblib+",)),
        "two-models.pkl": (_pickled([model, text_model]), ("a list of a `LogisticRegression` and a `LogisticRegression`", "its own")),
        "vectorizer-and-clusters.pkl": (_pickled((vectorizer, DBSCAN().fit(words))), ("`DBSCAN` does not run natively",)),
    }


def main() -> None:
    """Write the files, and beside them what is expected of each."""
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    expected = {}
    for name, (write, words) in {**accidents(), **models(), **data(), **pickles()}.items():
        write(out / name)
        expected[name] = words
    (out / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
