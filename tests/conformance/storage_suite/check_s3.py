"""S3 with static keys: what is allowed, and what each refusal says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import BUCKET, Cloud
from processes import EXAMPLES, Longshore, run
from proxy import Proxy


def fails(cache: Path, uri: str, code: int = 1, **variables: object) -> str:
    """The words of a server that ends because it cannot have its model; the code 75 says that another try may have it."""
    with Longshore(f"wine={uri}", "--cache-dir", cache, **variables) as server:
        assert server.exit_code() == code, server.log
        return server.log


@pytest.mark.parametrize("uri", ["s3://models/wine", "s3://models/wine/", "s3://models/files/wine.skops"])
def test_a_model_is_served_from_a_prefix_or_an_object(cloud: Cloud, cache: Path, uri: str) -> None:
    with Longshore(f"wine={uri}", "--cache-dir", cache, **cloud.env()) as server:
        assert server.ready().predict().ok, server.log
        assert server.metric("longshore_storage_fetches_total", scheme="s3", result="ok") == 1
        assert server.metric("longshore_storage_fetched_bytes_total", scheme="s3") > 1000
        assert server.metric("longshore_storage_cache_bytes") > 1000


def test_it_listens_before_the_model_is_there(cloud: Cloud, cache: Path, proxy: Proxy) -> None:
    proxy.pause = 0.5
    with Longshore("wine=s3://models/wine", "--cache-dir", cache, **cloud.env(endpoint=proxy.url)) as server:
        assert server.http.get(f"{server.url}/health/live", timeout=5).status_code == 200
        assert server.http.get(f"{server.url}/health/ready", timeout=5).status_code == 503
        assert server.predict().status_code == 503
        assert server.ready().predict().ok


def test_a_place_for_models_is_asked_for_only_when_it_is_needed(cloud: Cloud) -> None:
    with Longshore(f"wine={EXAMPLES / 'wine/model'}", HOME="") as server:
        assert server.ready().predict().ok
    with Longshore("wine=s3://models/wine", HOME="", **cloud.env()) as server:
        assert server.exit_code() == 1
        assert "--cache-dir" in server.log


def test_predict_and_inspect_take_the_same_locations(cloud: Cloud, cache: Path) -> None:
    question = EXAMPLES / "wine/model/serving_input_example.json"
    asked = run("predict", "s3://models/wine", "-i", question, "--cache-dir", cache, **cloud.env())
    assert asked.returncode == 0 and "predictions" in asked.stdout, asked.stderr
    told = run("inspect", "s3://models/wine", "--cache-dir", cache, **cloud.env())
    assert told.returncode == 0 and "runs natively" in told.stdout, told.stderr
    assert "is in the cache" in told.stderr


def test_reading_without_listing_suffices_for_a_file(cloud: Cloud, cache: Path) -> None:
    with Longshore("wine=s3://models/files/wine.skops", "--cache-dir", cache, **cloud.env("getter")) as server:
        assert server.ready().predict().ok


def test_listing_without_reading_names_the_permission(cloud: Cloud, cache: Path) -> None:
    words = fails(cache, "s3://models/wine", **cloud.env("lister"))
    for part in (f"bucket `{BUCKET}`", "region `eu-west-1`", "static keys", "`s3:GetObject`", "arn:aws:s3:::models/wine/"):
        assert part in words, (part, words)
    assert cloud.users["lister"]["AccessKeyId"] in words
    assert cloud.users["lister"]["SecretAccessKey"] not in words


def test_no_right_at_all_names_the_listing(cloud: Cloud, cache: Path) -> None:
    words = fails(cache, "s3://models/wine", **cloud.env("nobody"))
    assert "`s3:ListBucket` on `arn:aws:s3:::models`" in words


def test_a_key_id_that_nobody_has(cloud: Cloud, cache: Path) -> None:
    words = fails(cache, "s3://models/wine", **cloud.env() | {"AWS_ACCESS_KEY_ID": "AKIA0000000000000000"})
    assert "does not know the key id" in words and "AKIA0000000000000000" in words


def test_a_secret_that_is_another_ones(cloud: Cloud, cache: Path) -> None:
    words = fails(cache, "s3://models/wine", **cloud.env() | {"AWS_SECRET_ACCESS_KEY": "wrong"})
    assert "the secret is not the one" in words and "AWS_SECRET_ACCESS_KEY" in words


def test_no_credentials_at_all(cloud: Cloud, cache: Path) -> None:
    words = fails(cache, "s3://models/wine", AWS_ENDPOINT_URL=cloud.url)
    assert "AWS_ACCESS_KEY_ID" in words and "--s3-anonymous" in words


def test_what_is_not_there(cloud: Cloud, cache: Path) -> None:
    words = fails(cache, "s3://models/whine", **cloud.env())
    assert "`whine` of bucket `models`" in words and "does not exist" in words
    words = fails(cache, "s3://models/files/whine.skops", **cloud.env())
    assert "does not exist" in words
    words = fails(cache, "s3://no-such-bucket-here/wine", **cloud.env("admin"))
    assert "bucket `no-such-bucket-here`" in words and "does not exist" in words


def test_the_wrong_region_is_found_out(cloud: Cloud, cache: Path, proxy: Proxy) -> None:
    proxy.region = "eu-west-1"
    env = cloud.env(endpoint=proxy.url) | {"AWS_REGION": "us-east-2"}
    with Longshore("wine=s3://models/wine", "--cache-dir", cache, **env) as server:
        assert server.ready().predict().ok
        assert "is in region `eu-west-1`, not `us-east-2`" in server.log
    assert sum(status == 400 for *_, status in proxy.requests) == 1, "it is asked wrongly once"


def test_busy_moments_are_waited_out(cloud: Cloud, cache: Path, proxy: Proxy) -> None:
    proxy.statuses = [503, 500, 429]
    with Longshore("wine=s3://models/wine", "--cache-dir", cache, **cloud.env(endpoint=proxy.url)) as server:
        assert server.ready().predict().ok
        assert "asking again" in server.log


def test_a_refusal_is_not_repeated(cloud: Cloud, cache: Path, proxy: Proxy) -> None:
    fails(cache, "s3://models/wine", **cloud.env("nobody", endpoint=proxy.url))
    refused = [path for _, path, status in proxy.requests if status == 403]
    assert len(refused) <= 2, proxy.requests


def test_nobody_there_is_an_error_with_the_address(cache: Path, cloud: Cloud) -> None:
    words = fails(cache, "s3://models/wine", 75, **cloud.env(endpoint="http://127.0.0.1:9"))
    assert "http://127.0.0.1:9" in words and "tried" in words


def test_an_archive_is_unpacked(cloud: Cloud, cache: Path, tmp_path: Path) -> None:
    made = shutil.make_archive(str(tmp_path / "wine"), "gztar", EXAMPLES / "wine", "model")
    cloud.client("s3").put_object(Bucket=BUCKET, Key="archives/wine.tar.gz", Body=Path(made).read_bytes())
    with Longshore("s3://models/archives/wine.tar.gz", "--cache-dir", cache, **cloud.env()) as server:
        assert server.ready().predict().ok


def test_keys_that_leave_the_folder_are_refused(cloud: Cloud, cache: Path) -> None:
    s3 = cloud.client("s3")
    s3.put_object(Bucket=BUCKET, Key="hostile/MLmodel", Body=b"x")
    s3.put_object(Bucket=BUCKET, Key="hostile/a/../../../../../escaped", Body=b"x")
    words = fails(cache, "s3://models/hostile", **cloud.env())
    assert "was refused" in words and "leaves the model's folder" in words
    assert not list(cache.parent.rglob("escaped"))
