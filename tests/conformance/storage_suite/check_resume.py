"""Downloads that are interrupted, damaged, or killed."""

from __future__ import annotations

import os
import re
from pathlib import Path

from check_s3 import fails
from conftest import BUCKET, LARGE, Cloud
from processes import Longshore
from proxy import Proxy

MIB = 1 << 20


def large(proxy: Proxy) -> int:
    """Bytes of the large object that were passed on."""
    return sum(count for path, count in proxy.sent.items() if "weights" in path)


def test_a_cut_connection_is_resumed_where_it_was_cut(cloud: Cloud, cache: Path, proxy: Proxy) -> None:
    proxy.cut_after, proxy.cuts = 5 * MIB, 3
    with Longshore("wine=s3://models/large", "--cache-dir", cache, **cloud.env(endpoint=proxy.url)) as server:
        assert server.ready().predict().ok
        assert "asking again" in server.log
    assert proxy.cuts == 0, "it was interrupted"
    assert large(proxy) == LARGE, "no byte came twice"


def test_a_killed_process_goes_on_where_it_was(cloud: Cloud, cache: Path, proxy: Proxy) -> None:
    proxy.pause = 0.02
    env = cloud.env(endpoint=proxy.url)
    with Longshore("wine=s3://models/large", "--cache-dir", cache, **env) as server:
        server.wait_for(lambda: large(proxy) > LARGE // 2)
        server.kill()
        assert not list((cache / "models").glob("*/content")), "a half download is no model"
    before = large(proxy)
    proxy.reset()
    with Longshore("wine=s3://models/large", "--cache-dir", cache, **env) as server:
        assert server.ready().predict().ok
        resumed = re.search(r"resuming: ([0-9.]+) MiB of", server.log)
        assert resumed, server.log
        kept = float(resumed[1]) * MIB
    # what was on its way into the killed process is lost
    assert before - kept < 8 * MIB, (before, kept)
    assert abs(large(proxy) - (LARGE - kept)) < MIB, "only what was missing came"


def test_a_damaged_part_is_noticed_and_fetched_again(cloud: Cloud, cache: Path, proxy: Proxy) -> None:
    proxy.damage = 1
    with Longshore("wine=s3://models/files/wine.skops", "--cache-dir", cache, **cloud.env(endpoint=proxy.url)) as server:
        assert server.ready().predict().ok
        assert "arrived damaged" in server.log and "MD5" in server.log


def test_damage_that_stays_is_an_error(cloud: Cloud, cache: Path, proxy: Proxy) -> None:
    proxy.damage = 1000
    words = fails(cache, "s3://models/files/wine.skops", 75, **cloud.env(endpoint=proxy.url))
    assert "arrived damaged" in words
    assert not list(cache.glob("models/*"))


def test_an_object_written_in_parts_is_checked_by_its_parts(cloud: Cloud, cache: Path, proxy: Proxy) -> None:
    s3 = cloud.client("s3")
    key = "parts/wine.skops"
    body = (Path(__file__).parents[3] / "examples/wine/model/model.skops").read_bytes() + b""
    started = s3.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"]
    etag = s3.upload_part(Bucket=BUCKET, Key=key, UploadId=started, PartNumber=1, Body=body)["ETag"]
    parts = {"Parts": [{"ETag": etag, "PartNumber": 1}]}
    s3.complete_multipart_upload(Bucket=BUCKET, Key=key, UploadId=started, MultipartUpload=parts)
    assert s3.head_object(Bucket=BUCKET, Key=key)["ETag"].endswith('-1"')
    with Longshore(f"wine=s3://models/{key}", "--cache-dir", cache, **cloud.env(endpoint=proxy.url)) as server:
        assert server.ready().predict().ok


def test_a_checksum_of_the_uploader_is_checked(cloud: Cloud, cache: Path, proxy: Proxy) -> None:
    s3 = cloud.client("s3")
    body = (Path(__file__).parents[3] / "examples/wine/model/model.skops").read_bytes()
    for algorithm in ("SHA256", "CRC32"):
        s3.put_object(Bucket=BUCKET, Key=f"sums/{algorithm}.skops", Body=body, ChecksumAlgorithm=algorithm)
        with Longshore(f"wine=s3://models/sums/{algorithm}.skops", "--cache-dir", cache, **cloud.env()) as server:
            assert server.ready().predict().ok


def test_an_object_that_changes_meanwhile_is_never_stitched(cloud: Cloud, cache: Path, proxy: Proxy) -> None:
    old, new = b"a" * (20 * MIB), b"b" * (20 * MIB)
    s3 = cloud.client("s3")
    for path in sorted((Path(__file__).parents[3] / "examples/wine/model").iterdir()):
        s3.put_object(Bucket=BUCKET, Key=f"moving/{path.name}", Body=path.read_bytes())
    s3.put_object(Bucket=BUCKET, Key="moving/weights.bin", Body=old)
    moved = []

    def move(path: str) -> None:
        if "weights" in path and not moved:
            moved.append(path)
            s3.put_object(Bucket=BUCKET, Key="moving/weights.bin", Body=new)

    proxy.before = move
    # parts follow one another only when there are more of them than connections
    with Longshore("wine=s3://models/moving", "--cache-dir", cache, **cloud.env(endpoint=proxy.url)) as server:
        assert server.ready().predict().ok
    kept = next((cache / "models").glob("*/content/weights.bin")).read_bytes()
    assert kept in (old, new), "one version, whole"


def test_a_damaged_cache_is_fetched_again(cloud: Cloud, cache: Path, proxy: Proxy) -> None:
    env = cloud.env(endpoint=proxy.url)
    with Longshore("wine=s3://models/wine", "--cache-dir", cache, **env) as server:
        assert server.ready().predict().ok
    model = next((cache / "models").glob("*/content/model.skops"))
    whole = model.read_bytes()
    once = proxy.total
    with Longshore("wine=s3://models/wine", "--cache-dir", cache, **env) as server:
        assert server.ready().predict().ok
        assert "is in the cache" in server.log
    assert proxy.total == once, "nothing came twice"
    model.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with Longshore("wine=s3://models/wine", "--cache-dir", cache, **env) as server:
        assert server.ready().predict().ok
        assert "is damaged" in server.log
    assert next((cache / "models").glob("*/content/model.skops")).read_bytes() == whole


def test_the_budget_holds_and_what_is_served_stays(cloud: Cloud, cache: Path) -> None:
    s3 = cloud.client("s3")
    example = (Path(__file__).parents[3] / "examples/wine/model/model.skops").read_bytes()
    for name in "abc":
        s3.put_object(Bucket=BUCKET, Key=f"budget/{name}/model.skops", Body=example)
        s3.put_object(Bucket=BUCKET, Key=f"budget/{name}/weights.bin", Body=os.urandom(MIB))
    options = ["--cache-dir", cache, "--cache-bytes", int(2.5 * MIB)]
    env = cloud.env()
    with Longshore("a=s3://models/budget/a", *options, **env) as first:
        first.ready()
        for name in "bc":
            with Longshore(f"{name}=s3://models/budget/{name}", *options, **env) as other:
                log = other.ready().log
        held = sum(path.stat().st_size for path in (cache / "models").glob("*/content/*"))
        assert held <= 2.5 * MIB, held
        assert "from the cache, which were not used for longest" in log
    with Longshore("a=s3://models/budget/a", *options, **env) as again:
        again.ready()
        assert "is in the cache" in again.log, "what was served was not removed"


def test_more_than_the_budget_is_refused(cloud: Cloud, cache: Path) -> None:
    words = fails_with(cache, "s3://models/large", ["--cache-bytes", str(MIB)], **cloud.env())
    assert "exceeds the limit" in words and "--cache-bytes" in words


def fails_with(cache: Path, uri: str, options: list[str], **variables: object) -> str:
    with Longshore(f"wine={uri}", "--cache-dir", cache, *options, **variables) as server:
        assert server.exit_code() == 1, server.log
        return server.log


def test_a_restart_does_not_depend_on_the_storage(cloud: Cloud, cache: Path, proxy: Proxy) -> None:
    env = cloud.env(endpoint=proxy.url)
    with Longshore("wine=s3://models/wine", "--cache-dir", cache, **env) as server:
        server.ready()
    proxy.statuses = [503] * 100
    with Longshore("wine=s3://models/wine", "--cache-dir", cache, **env) as server:
        assert server.ready(40).predict().ok
        assert "taking what it was last" in server.log


def test_two_processes_fetch_once(cloud: Cloud, cache: Path, proxy: Proxy) -> None:
    env = cloud.env(endpoint=proxy.url)
    proxy.pause = 0.005
    arguments = ["wine=s3://models/large", "--cache-dir", cache]
    with Longshore(*arguments, **env) as one, Longshore(*arguments, **env) as two:
        assert one.ready().predict().ok and two.ready().predict().ok
    assert large(proxy) == LARGE
