"""Azure Blob Storage, as Azurite emulates it: keys, signatures, tokens, pages, parts and public containers."""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from agents import Agent
from azure.storage.blob import BlobServiceClient, PublicAccess, generate_account_sas, generate_blob_sas, generate_container_sas
from certificates import Authority
from conftest import LARGE
from processes import EXAMPLES, Longshore, Service, free_port, run

MODEL = EXAMPLES / "wine/model"
WEIGHTS = os.urandom(LARGE)
ACCOUNT = "devstoreaccount1"
# the key that every Azurite has, as Microsoft documents it
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
HOST = f"https://{ACCOUNT}.blob.core.windows.net"
WINE = f"{HOST}/models/wine"


class Azurite:
    def __init__(self, port: int, authority: Path) -> None:
        self.url = f"https://127.0.0.1:{port}/{ACCOUNT}"
        self.env = {"AZURE_SERVICE_URL": self.url, "SSL_CERT_FILE": authority}
        self.client = BlobServiceClient(self.url, credential=KEY, connection_verify=str(authority))

    def put(self, name: str, data: bytes, container: str = "models") -> None:
        self.client.get_blob_client(container, name).upload_blob(data, overwrite=True, max_concurrency=4)

    def keyed(self, **more: object) -> dict[str, object]:
        return self.env | {"AZURE_STORAGE_ACCESS_KEY": KEY} | more


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)


def signature(permission: str = "rl", container: str = "models") -> str:
    return generate_container_sas(ACCOUNT, container, account_key=KEY, permission=permission, expiry=soon())


@pytest.fixture(scope="module")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    folder = tmp_path_factory.mktemp("azurite")
    authority = Authority(folder)
    certificate, key = authority.server(folder / "server")
    port = free_port()
    azurite = Azurite(port, authority.path)
    command = [os.environ["AZURITE_BLOB"], "--silent", "--skipApiVersionCheck", "--disableTelemetry"]
    command += ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder)]
    command += ["--oauth", "basic", "--cert", str(certificate), "--key", str(key)]
    allowed = generate_account_sas(ACCOUNT, account_key=KEY, resource_types="s", permission="l", expiry=soon())
    os.environ["REQUESTS_CA_BUNDLE"] = str(authority.path)
    try:
        with Service(command, f"{azurite.url}?comp=list&{allowed}"):
            azurite.client.create_container("models")
            azurite.client.create_container("public", public_access=PublicAccess.CONTAINER)
            azurite.client.create_container("files", public_access=PublicAccess.BLOB)
            for path in sorted(MODEL.iterdir()):
                azurite.put(f"wine/{path.name}", path.read_bytes())
                azurite.put(f"large/{path.name}", path.read_bytes())
                azurite.put(f"wine/{path.name}", path.read_bytes(), "public")
            azurite.put("large/a folder/weights+1.bin", WEIGHTS)
            azurite.put("wine.skops", (MODEL / "model.skops").read_bytes(), "files")
            azurite.put("wine.skops", (MODEL / "model.skops").read_bytes())
            yield azurite
    finally:
        del os.environ["REQUESTS_CA_BUNDLE"]


@pytest.mark.parametrize(
    "uri",
    [
        WINE,
        f"{WINE}/",
        f"{HOST}/models/wine.skops",
        f"abfss://models@{ACCOUNT}.dfs.core.windows.net/wine",
        f"wasbs://models@{ACCOUNT}.blob.core.windows.net/wine",
    ],
)
def test_a_model_is_served_from_a_folder_or_a_blob_by_the_accounts_key(azurite: Azurite, cache: Path, uri: str) -> None:
    with Longshore(f"--model_dir={uri}", "--model_name=wine", "--cache-dir", cache, **azurite.keyed()) as server:
        assert server.ready().predict().ok, server.log
        assert server.metric("longshore_storage_fetches_total", scheme="azure", result="ok") == 1


def test_a_large_blob_comes_in_parts_and_whole(azurite: Azurite, tmp_path: Path) -> None:
    done = run("fetch", f"{HOST}/models/large", tmp_path / "models", **azurite.keyed())
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "models/a folder/weights+1.bin").read_bytes() == WEIGHTS
    found = {str(path.relative_to(tmp_path / "models")) for path in (tmp_path / "models").rglob("*") if path.is_file()}
    assert found == {path.name for path in MODEL.iterdir()} | {"a folder/weights+1.bin"}


def test_a_listing_of_several_pages_is_read_to_its_end(azurite: Azurite, tmp_path: Path) -> None:
    for number in range(1003):
        azurite.put(f"many/{number}", b"x")
    done = run("fetch", f"{HOST}/models/many", tmp_path / "models", **azurite.keyed())
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "models").iterdir())) == 1003


def test_a_signature_behind_the_location_is_enough_and_stays_secret(azurite: Azurite, cache: Path, tmp_path: Path) -> None:
    given = signature()
    with Longshore(f"wine={WINE}?{given}", "--cache-dir", cache, **azurite.env) as server:
        assert server.ready().predict().ok, server.log
        assert parse_qs(given)["sig"][0] not in server.log and "sig=" not in server.log
    one = generate_blob_sas(ACCOUNT, "models", "wine.skops", account_key=KEY, permission="r", expiry=soon())
    done = run("fetch", f"{HOST}/models/wine.skops?{one}", tmp_path / "one", **azurite.env)
    assert done.returncode == 0, done.stderr
    done = run("fetch", WINE, tmp_path / "two", AZURE_STORAGE_SAS_TOKEN=f"?{given}", **azurite.env)
    assert done.returncode == 0, done.stderr
    done = run("fetch", f"{WINE}?{signature('r')}", tmp_path / "three", **azurite.env)
    assert done.returncode == 1 and "`rl` of the container" in done.stderr and "sig=" not in done.stderr, done.stderr


def test_public_containers_need_nobody_and_private_ones_say_what_to_do(azurite: Azurite, tmp_path: Path) -> None:
    for uri in [f"{HOST}/public/wine", f"{HOST}/files/wine.skops"]:
        done = run("fetch", uri, tmp_path / "models", **azurite.env)
        assert done.returncode == 0, done.stderr
    for uri in [WINE, f"{HOST}/models/wine.skops", f"{HOST}/files/wine"]:
        done = run("fetch", uri, tmp_path / "models", **azurite.env)
        assert done.returncode == 1 and "denied to nobody" in done.stderr and "AZURE_STORAGE_ACCESS_KEY" in done.stderr, done.stderr


def token(audience: str = "https://storage.azure.com", life: int = 3600) -> str:
    """A token as Azurite looks at it: who made it, for whom and when, not its signature."""
    now = int(time.time())
    claims = {"aud": audience, "iss": "https://sts.windows.net/tenant/", "nbf": now - 10, "iat": now - 10, "exp": now + life}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "none", "typ": "JWT"}, claims)]
    return ".".join([*parts, "c2lnbmF0dXJl"])


class Login(Agent):
    """The address where service principals get tokens, and that where machines get theirs."""

    def answer(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, str]:
        form = {name: values[0] for name, values in parse_qs(self.body).items()}
        if path.startswith("/metadata/identity/oauth2/token?"):
            fits = headers.get("metadata") == "true" and parse_qs(path.split("?")[1])["resource"] == ["https://storage.azure.com/"]
        else:
            fits = path == "/tenant/oauth2/v2.0/token" and form.get("scope") == "https://storage.azure.com/.default"
            fits = fits and (form.get("client_secret") == "s3cret" or form.get("client_assertion") == "a.pods.token")
        if not fits:
            return 401, json.dumps({"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."})
        return 200, json.dumps({"token_type": "Bearer", "expires_in": "3599" if method == "GET" else 3599, "access_token": token()})


def test_principals_pods_and_machines_exchange_what_they_have_for_a_token(azurite: Azurite, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("a.pods.token\n")
    principal = {"AZURE_TENANT_ID": "tenant", "AZURE_CLIENT_ID": "client"}
    with Login() as login:
        principal["AZURE_AUTHORITY_HOST"] = f"{login.url}/"
        identities = [
            principal | {"AZURE_CLIENT_SECRET": "s3cret"},
            principal | {"AZURE_FEDERATED_TOKEN_FILE": file},
            {"AZURE_CLIENT_ID": "client", "AZURE_POD_IDENTITY_AUTHORITY_HOST": login.url},
            {"AZURE_ACCESS_TOKEN": token()},
        ]
        for number, identity in enumerate(identities):
            done = run("fetch", WINE, tmp_path / f"models{number}", **azurite.env, **identity)
            assert done.returncode == 0, done.stderr
        assert len(login.asked) == 3, "one exchange serves every connection"
        done = run("fetch", WINE, tmp_path / "none", **azurite.env, **principal, AZURE_CLIENT_SECRET="wrong")
        assert done.returncode == 1 and "the service principal `client`" in done.stderr and "Invalid client secret" in done.stderr, done.stderr
    done = run("fetch", WINE, tmp_path / "none", **azurite.env, AZURE_ACCESS_TOKEN=token(life=-60))
    assert done.returncode == 1 and "does not accept the bearer of `AZURE_ACCESS_TOKEN`" in done.stderr, done.stderr


def test_a_wrong_key_and_what_is_not_there_say_so(azurite: Azurite, tmp_path: Path) -> None:
    wrong = azurite.keyed(AZURE_STORAGE_ACCESS_KEY=base64.b64encode(b"another").decode())
    done = run("fetch", WINE, tmp_path / "models", **wrong)
    assert done.returncode == 1 and "does not accept the account's key" in done.stderr and KEY not in done.stderr, done.stderr
    for path, words in [("models/whine", "`whine`"), ("models/whine.pkl", "`whine.pkl`"), ("others/wine", "the container `others`")]:
        done = run("fetch", f"{HOST}/{path}", tmp_path / "models", **azurite.keyed())
        assert done.returncode == 1
        assert words in done.stderr and "does not exist" in done.stderr, done.stderr


def test_a_new_state_is_followed(azurite: Azurite, cache: Path) -> None:
    azurite.put("followed/model.skops", (MODEL / "model.skops").read_bytes())
    with Longshore(f"it={HOST}/models/followed", "--cache-dir", cache, "--poll", 1, **azurite.keyed()) as server:
        assert server.ready().predict("it").ok
        azurite.put("followed/model.skops", (EXAMPLES / "chatbot-intents/model/model.skops").read_bytes())
        server.wait_for(lambda: "is now revision" in server.log, 20)
        assert server.predict("it", "chatbot-intents").ok and not server.predict("it").ok
