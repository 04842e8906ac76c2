"""`batch` reads rows of S3 and puts answers there."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from conftest import BUCKET, Cloud
from processes import EXAMPLES, run

ROWS = 60_000


def rows() -> tuple[list[str], list[float]]:
    body = json.loads((EXAMPLES / "wine/model/serving_input_example.json").read_text())["dataframe_split"]
    return body["columns"], body["data"][0]


def table(count: int, pad: int = 0, wrong: int | None = None) -> bytes:
    """Rows with a number and a text that makes the answers as large as is wanted."""
    names, values = rows()
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["number", "pad", *names])
    for at in range(count):
        writer.writerow([at, "x" * pad, *(["much"] if at == wrong else values[:1]), *values[1:]])
    return out.getvalue().encode()


def test_answers_are_put_there_in_parts(cloud: Cloud, cache: Path, tmp_path: Path) -> None:
    client = cloud.client("s3")
    client.put_object(Bucket=BUCKET, Key="rows/long.csv", Body=table(ROWS, pad=600))
    work = tmp_path / "work"
    work.mkdir()
    command = ("batch", "s3://models/wine", "--input", "s3://models/rows/long.csv", "--output", "s3://models/out/long.csv")
    flags = ("--keep", "number,pad", "--work-dir", work, "--cache-dir", cache)
    done = run(*command, *flags, **cloud.env("admin"))
    assert done.returncode == 0, done.stderr
    found = client.get_object(Bucket=BUCKET, Key="out/long.csv")
    assert found["ContentLength"] > 33 << 20 and found["ETag"].strip('"').endswith("-3"), found["ETag"]
    answers = list(csv.reader(io.StringIO(found["Body"].read().decode())))
    assert answers[0] == ["number", "pad", "prediction"] and len(answers) == ROWS + 1
    assert [row[0] for row in answers[1:]] == [str(at) for at in range(ROWS)]
    assert not list(work.iterdir())
    assert not client.list_multipart_uploads(Bucket=BUCKET).get("Uploads")


def test_a_folder_is_read_and_rejects_are_put_beside(cloud: Cloud, cache: Path, tmp_path: Path) -> None:
    client = cloud.client("s3")
    for name, wrong in (("a", None), ("b", 7)):
        client.put_object(Bucket=BUCKET, Key=f"several/{name}.csv", Body=table(20, wrong=wrong))
    command = ("batch", "s3://models/wine", "--input", "s3://models/several", "--output", "s3://models/out/several.parquet")
    done = run(*command, "--work-dir", tmp_path, "--cache-dir", cache, **cloud.env("admin"))
    assert done.returncode == 3 and "s3://models/out/several.parquet.rejects.csv" in done.stderr, done.stderr
    read = lambda key: client.get_object(Bucket=BUCKET, Key=key)["Body"].read()  # noqa: E731
    assert read("out/several.parquet")[:4] == b"PAR1"
    (reject,) = csv.DictReader(io.StringIO(read("out/several.parquet.rejects.csv").decode()))
    assert reject["row"] == "7" and reject["file"] == "s3://models/several/b.csv" and "much" in reject["reason"]


def test_who_may_not_write_is_told_and_goes_on_later(cloud: Cloud, cache: Path, tmp_path: Path) -> None:
    cloud.client("s3").put_object(Bucket=BUCKET, Key="rows/short.csv", Body=table(20))
    command = ("batch", "s3://models/wine", "--input", "s3://models/rows/short.csv", "--output", "s3://models/out/short.csv")
    flags = ("--work-dir", tmp_path, "--cache-dir", cache)
    done = run(*command, *flags, **cloud.env("reader"))
    assert done.returncode == 1 and "s3:PutObject" in done.stderr, done.stderr
    done = run(*command, *flags, **cloud.env("admin"))
    assert done.returncode == 0 and "going on after the 20 rows" in done.stderr, done.stderr
