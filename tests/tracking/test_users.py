"""Users by MLflow's own client: passwords, grants, workspaces, tokens of users and of an issuer."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest
import requests
from commands import Commands
from conftest import CURRENT
from issuer import AUDIENCE, Issuer
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from server import Tracking, new_store

pytestmark = pytest.mark.current

ADMIN = ("admin", "a password of the administrator")
ADA = ("ada", "a password of ada")


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with Issuer() as issuer:
        yield issuer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, issuer: Issuer) -> Iterator[Tracking]:
    """A server with users and workspaces, in whose workspace `default` everybody may read."""
    folder = tmp_path_factory.mktemp("users")
    config = folder / "auth.ini"
    users = new_users(folder)
    config.write_text(
        f"[mlflow]\ndefault_permission = READ\ndatabase_uri = {users}\nadmin_username = {ADMIN[0]}\ngrant_default_workspace_access = true\n"
        f"[longshore]\njwt_issuer = {issuer.url}\njwt_audience = {AUDIENCE}\njwt_group_roles =\n  all = members\n  science = reviewers\n  ops = team-b/owners\n"
        "jwt_admin_groups = chiefs\njwt_create_users = true\n"
    )
    environment = {"MLFLOW_AUTH_CONFIG_PATH": str(config), "MLFLOW_AUTH_ADMIN_PASSWORD": ADMIN[1]}
    with Tracking(folder, "--app-name", "basic-auth", "--enable-workspaces", environment=environment) as server:
        server.users_uri = users
        admin(server, "2.0/mlflow/users/create", username=ADA[0], password=ADA[1])
        admin(server, "3.0/mlflow/workspaces", name="team-b")
        members = admin(server, "3.0/mlflow/roles/create", name="members", workspace="default")["role"]["id"]
        admin(server, "3.0/mlflow/roles/permissions/add", role_id=members, resource_type="workspace", resource_pattern="*", permission="USE")
        admin(server, "3.0/mlflow/roles/assign", role_id=members, username=ADA[0])
        reviewers = admin(server, "3.0/mlflow/roles/create", name="reviewers", workspace="default")["role"]["id"]
        admin(server, "3.0/mlflow/roles/permissions/add", role_id=reviewers, resource_type="registered_model", resource_pattern="*", permission="EDIT")
        owners = admin(server, "3.0/mlflow/roles/create", name="owners", workspace="team-b")["role"]["id"]
        admin(server, "3.0/mlflow/roles/permissions/add", role_id=owners, resource_type="workspace", resource_pattern="*", permission="MANAGE")
        yield server


def new_users(folder: Path) -> str:
    """A database of users: on SQLite beside that of the experiments."""
    return new_store(folder).replace("mlflow.db", "users.db")


def ask(server: Tracking, path: str, auth: object, **fields: object) -> requests.Response:
    headers = {"Authorization": f"Bearer {auth}"} if isinstance(auth, str) else {}
    pair = None if isinstance(auth, str) else auth
    if fields:
        return requests.post(f"{server.url}/api/{path}", json=fields, auth=pair, headers=headers, timeout=20)
    return requests.get(f"{server.url}/api/{path}", auth=pair, headers=headers, timeout=20)


def admin(server: Tracking, path: str, **fields: object) -> dict:
    reply = ask(server, path, ADMIN, **fields)
    assert reply.ok, reply.text
    return reply.json()


@pytest.fixture
def signed_in(server: Tracking, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """Makes the client ask as a user with a password, or with a token."""
    mlflow.set_tracking_uri(server.url)

    def sign_in(who: tuple[str, str] | str, workspace: str = "default") -> MlflowClient:
        for name in ("USERNAME", "PASSWORD", "TOKEN"):
            monkeypatch.delenv(f"MLFLOW_TRACKING_{name}", raising=False)
        if isinstance(who, str):
            monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", who)
        else:
            monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", who[0])
            monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", who[1])
        mlflow.set_workspace(workspace)
        return MlflowClient()

    yield sign_in
    if CURRENT:
        mlflow.set_workspace(None)


def current(server: Tracking, auth: object) -> str:
    reply = ask(server, "2.0/mlflow/users/current", auth)
    assert reply.ok, reply.text
    return reply.json()["user"]["username"]


def test_users_do_what_was_granted_to_them(server: Tracking, signed_in, name: str) -> None:
    of_admin = signed_in(ADMIN).create_experiment(name)
    client = signed_in(ADA)
    assert client.get_experiment(of_admin).name == name
    with pytest.raises(MlflowException, match="Permission denied"):
        client.create_run(of_admin)
    own = client.create_experiment(f"{name}-own")
    run = client.create_run(own).info.run_id
    client.log_metric(run, "m", 1)
    client.set_terminated(run)
    admin(server, "3.0/mlflow/users/permissions/grant", username="ada", resource_type="experiment", resource_id=of_admin, permission="EDIT")
    client.create_run(of_admin)
    with pytest.raises(MlflowException, match="Permission denied"):
        client.delete_experiment(of_admin)
    client.delete_experiment(own)
    with pytest.raises(MlflowException, match="not authenticated"):
        signed_in(("ada", "another password")).search_experiments()


def test_a_user_of_one_workspace_is_none_in_another(server: Tracking, signed_in, name: str) -> None:
    hidden = signed_in(ADMIN, "team-b").create_experiment(name)
    client = signed_in(ADA, "team-b")
    assert client.search_experiments() == []
    with pytest.raises(MlflowException, match="Permission denied"):
        client.get_experiment(hidden)
    with pytest.raises(MlflowException, match="Permission denied"):
        client.create_experiment(f"{name}-2")
    seeded = admin(server, "3.0/mlflow/roles/list?workspace=team-b")["roles"]
    assert {"admin", "user"} <= {it["name"] for it in seeded}
    with pytest.raises(MlflowException, match="No Experiment|not exist|denied"):
        signed_in(ADA).get_experiment(hidden)
    assert {it.name for it in mlflow.list_workspaces()} == {"default"}


def test_a_version_is_made_of_what_its_maker_may_read(server: Tracking, signed_in, name: str) -> None:
    client = signed_in(ADMIN)
    client.create_registered_model(name)
    experiment = client.create_experiment(name)
    run = client.create_run(experiment).info.run_id
    client.create_model_version(name, f"runs:/{run}/m", run_id=run)
    client = signed_in(ADA)
    client.create_registered_model(f"{name}-copy")
    copied = client.copy_model_version(f"models:/{name}/1", f"{name}-copy")
    assert copied.source == f"models:/{name}/1"
    for kind, pattern in (("registered_model", name), ("experiment", experiment)):
        admin(server, "3.0/mlflow/users/permissions/grant", username="ada", resource_type=kind, resource_id=pattern, permission="DENY")
    for source, of in ((f"models:/{name}/1", None), (f"models:/{name}/1", run), (f"runs:/{run}/m", run)):
        with pytest.raises(MlflowException, match="Permission denied"):
            client.create_model_version(f"{name}-copy", source, run_id=of)


def test_a_token_has_the_rights_of_its_user_until_it_ends(server: Tracking, signed_in, name: str) -> None:
    path = "2.0/longshore/user-tokens"
    made = ask(server, f"{path}/create", ADA, name=name).json()
    token, number = made["token"], made["user_token"]["id"]
    assert current(server, token) == "ada"
    client = signed_in(token)
    experiment = client.create_experiment(name)
    looks = ask(server, f"{path}/create", ADA, name=f"{name}-looks", read_only=True).json()["token"]
    client = signed_in(looks)
    assert client.get_experiment(experiment).name == name
    assert client.search_runs([experiment]) == []
    with pytest.raises(MlflowException, match="Permission denied"):
        client.create_run(experiment)
    assert ask(server, f"{path}/create", token, name="more").status_code == 403, "a token makes no token"
    assert ask(server, f"{path}/create", ADA, name=name).status_code == 400, "the name is taken"
    assert ask(server, f"{path}/create", ADA, name="late", expiration_time=1).status_code == 400
    assert ask(server, f"{path}/create", ADA, name="x", username="admin").status_code == 403
    short = ask(server, f"{path}/create", ADA, name=f"{name}-short", expiration_time=int(time.time() * 1000) + 1500).json()["token"]
    assert current(server, short) == "ada"
    listed = ask(server, f"{path}/list", ADA).json()["user_tokens"]
    assert {name, f"{name}-looks", f"{name}-short"} <= {it["name"] for it in listed}
    assert token not in str(listed) and len(listed) == len(admin(server, f"{path}/list?username=ada")["user_tokens"])
    time.sleep(1.6)
    assert ask(server, "2.0/mlflow/users/current", short).status_code == 401
    admin(server, f"{path}/revoke", id=number)
    refused = ask(server, "2.0/mlflow/users/current", token)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, 'Bearer realm="mlflow", error="invalid_token"')
    assert ask(server, f"{path}/revoke", ADA, id=number).status_code == 403
    assert ask(server, f"{path}/revoke", ADMIN, id=number).status_code == 404


def test_a_user_who_goes_takes_the_tokens_along(server: Tracking, name: str) -> None:
    person = (name, "a password of somebody")
    admin(server, "2.0/mlflow/users/create", username=person[0], password=person[1])
    token = ask(server, "2.0/longshore/user-tokens/create", person, name="t").json()["token"]
    assert current(server, token) == name
    gone = requests.delete(f"{server.url}/api/2.0/mlflow/users/delete", json={"username": name}, auth=ADMIN, timeout=20)
    assert gone.ok, gone.text
    admin(server, "2.0/mlflow/users/create", username=person[0], password=person[1])
    assert ask(server, "2.0/mlflow/users/current", token).status_code == 401


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_a_token_of_the_issuer_names_a_user(server: Tracking, issuer: Issuer, signed_in, name: str, algorithm: str) -> None:
    token = issuer.token(name, algorithm, groups=["all"])
    assert current(server, token) == name
    client = signed_in(token)
    experiment = client.create_experiment(name)
    client.create_run(experiment)
    # it was made when it was first seen, and has no password
    assert name in {it["username"] for it in admin(server, "2.0/mlflow/users/list")["users"]}
    for password in ("!", "", "x"):
        assert ask(server, "2.0/mlflow/users/current", (name, password)).status_code == 401
    with pytest.raises(MlflowException, match="Permission denied"):
        signed_in(issuer.token(f"{name}-other", algorithm)).create_run(experiment)


def test_groups_are_roles_while_a_token_names_them(server: Tracking, issuer: Issuer, signed_in, name: str) -> None:
    signed_in(ADMIN).create_registered_model(name)
    with pytest.raises(MlflowException, match="Permission denied"):
        signed_in(issuer.token(name)).set_registered_model_tag(name, "k", "v")
    signed_in(issuer.token(name, groups=["science"])).set_registered_model_tag(name, "k", "v")
    with pytest.raises(MlflowException, match="Permission denied"):
        signed_in(issuer.token(name, groups=["others"])).set_registered_model_tag(name, "k", "v")
    owner = issuer.token(name, groups="ops")
    signed_in(owner)
    assert "team-b" in {it.name for it in mlflow.list_workspaces()}
    experiment = signed_in(owner, "team-b").create_experiment(name)
    assert [it.experiment_id for it in signed_in(owner, "team-b").search_experiments(filter_string=f"name = '{name}'")] == [experiment]
    assert ask(server, "3.0/mlflow/roles/create", owner, name=f"r-{name}", workspace="team-b").ok
    assert ask(server, "3.0/mlflow/roles/create", owner, name=f"r-{name}", workspace="default").status_code == 403
    assert ask(server, "2.0/mlflow/users/create", issuer.token(name), username=f"{name}-2", password="a long password").status_code == 403
    assert ask(server, "2.0/mlflow/users/create", issuer.token(name, groups=["chiefs"]), username=f"{name}-2", password="a long password").ok


def test_no_token_that_is_wrong_is_let_in(server: Tracking, issuer: Issuer) -> None:
    now = int(time.time())
    assert current(server, issuer.token("admin", aud=["other", AUDIENCE])) == "admin"
    assert current(server, issuer.token("admin", exp=now - 10)) == "admin", "clocks may differ"
    wrong = {
        "no signature": issuer.token("admin", "none"),
        "a public key for a secret": issuer.token("admin", "HS256"),
        "a public key for a secret, by the other name": issuer.token("admin", "HS256", {"alg": "RS256"}),
        "another issuer": issuer.token("admin", iss="http://127.0.0.1:1"),
        "no issuer": issuer.token("admin", iss=None),
        "for another server": issuer.token("admin", aud="other"),
        "for nobody": issuer.token("admin", aud=None),
        "past": issuer.token("admin", exp=now - 60),
        "endless": issuer.token("admin", exp=None),
        "to come": issuer.token("admin", nbf=now + 60),
        "of nobody": issuer.token("admin", sub=None),
        "of an empty name": issuer.token(""),
        "of a name that is none": issuer.token("a:b"),
        "with extensions": issuer.token("admin", header={"crit": ["b64"]}),
        "another algorithm": issuer.token("admin", header={"alg": "ES256"}),
        "changed": issuer.token("admin")[:-4] + "AAAA",
        "empty": "",
        "nonsense": "a.b.c",
    }
    for what, token in wrong.items():
        reply = ask(server, "2.0/mlflow/users/current", token)
        assert reply.status_code == 401, f"{what}: {reply.status_code} {reply.text}"


def test_new_keys_of_the_issuer_count_at_once(server: Tracking, issuer: Issuer, name: str) -> None:
    old = issuer.token(name)
    assert current(server, old) == name
    issuer.rotate()
    end = time.monotonic() + 30
    while (reply := ask(server, "2.0/mlflow/users/current", issuer.token(name))).status_code != 200:
        assert time.monotonic() < end, reply.text
    assert ask(server, "2.0/mlflow/users/current", old).status_code == 401, "its key was taken back"


@pytest.mark.parametrize("place", ["server", "database"])
def test_users_by_commands(server: Tracking, tmp_path: Path, name: str, place: str) -> None:
    """At the server as an administrator, and at its database while it runs."""
    run = Commands(server.url)
    sign_in = {"MLFLOW_TRACKING_USERNAME": ADMIN[0], "MLFLOW_TRACKING_PASSWORD": ADMIN[1]} if place == "server" else {"MLFLOW_TRACKING_URI": "http://127.0.0.1:1"}
    at = [] if place == "server" else ["--database", server.users_uri]

    def users(*words: str, **more: str) -> str:
        return run("tracking", *words, *at, **(sign_in | more))

    password = users("users", "create", name)
    assert current(server, (name, password)) == name
    file = tmp_path / "password"
    file.write_text("a password of a file\n")
    users("users", "password", name, "--password-file", str(file))
    assert ask(server, "2.0/mlflow/users/current", (name, password)).status_code == 401, "it counts at once"
    person = (name, "a password of a file")
    assert current(server, person) == name
    assert "already exists" in run.refused("tracking", "users", "create", name, *at, **sign_in)

    users("users", "grant", name, "experiment", "0", "EDIT")
    users("roles", "create", f"r-{name}", "--description", "for a test")
    users("roles", "grant", f"r-{name}", "registered_model", "*", "READ")
    users("roles", "assign", f"r-{name}", name)
    shown = users("users", "get", name)
    assert f"default/r-{name}" in shown and "experiment" in shown and "EDIT" in shown, shown
    granted = json.loads(users("users", "grants", name, "--json"))["permissions"]["permissions"]
    assert {(it["resource_type"], it["resource_pattern"], it["permission"]) for it in granted} == {("experiment", "0", "EDIT"), ("registered_model", "*", "READ")}
    assert name in users("roles", "get", f"r-{name}")
    assert f"default/r-{name}" in users("users", "list")
    users("roles", "revoke", f"r-{name}", "registered_model", "*")
    users("roles", "unassign", f"r-{name}", name)
    users("users", "revoke", name, "experiment", "0")
    assert json.loads(users("users", "get", name, "--json"))["permissions"]["permissions"] == []
    users("roles", "delete", f"r-{name}")
    assert f"no role `r-{name}`" in run.refused("tracking", "roles", "get", f"r-{name}", *at, **sign_in)

    token = users("tokens", "create", "t", "--user", name, "--read-only", "--ends-in", "1h")
    assert current(server, token) == name
    assert ask(server, "2.0/mlflow/experiments/create", token, name=name).status_code == 403, "it only looks"
    listed = users("tokens", "list", "--user", name)
    assert "look" in listed and "in " in listed and token not in listed, listed
    users("tokens", "revoke", "t", "--user", name)
    assert ask(server, "2.0/mlflow/users/current", token).status_code == 401

    users("users", "admin", name)
    assert [it["is_admin"] for it in json.loads(users("users", "list", "--json")) if it["username"] == name] == [True]
    users("users", "admin", name, "--revoke")
    users("users", "delete", name)
    assert ask(server, "2.0/mlflow/users/current", person).status_code == 401


def test_what_commands_refuse(server: Tracking, tmp_path: Path) -> None:
    run = Commands(server.url)
    missing = f"sqlite:///{tmp_path / 'none.db'}"
    assert "no database" in run.refused("tracking", "users", "list", "--database", missing)
    assert "--user" in run.refused("tracking", "tokens", "list", "--database", server.users_uri)
    assert "only administrator" in run.refused("tracking", "users", "admin", ADMIN[0], "--revoke", "--database", server.users_uri)
    ada = {"MLFLOW_TRACKING_USERNAME": ADA[0], "MLFLOW_TRACKING_PASSWORD": ADA[1]}
    assert "Permission denied" in run.refused("tracking", "users", "create", "eve", **ada)
    made = run("tracking", "tokens", "create", "own", **ada)
    assert current(server, made) == ADA[0]
    assert "not authenticated" in run.refused("tracking", "users", "list", **(ada | {"MLFLOW_TRACKING_PASSWORD": "wrong"}))
