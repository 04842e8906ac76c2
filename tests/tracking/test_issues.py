"""Issues: the same calls, in the same order, to the server and to MLflow's own store."""

from __future__ import annotations

import mlflow
import pytest
import requests
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from server import Tracking
from sides import agree

pytestmark = pytest.mark.current
entities = pytest.importorskip("mlflow.entities.issue", reason="the client of 2.22 does not have issues")
IssueSeverity, IssueStatus = entities.IssueSeverity, entities.IssueStatus


class Side:
    """One of the two that are asked, with an experiment, a run and two traces of its own."""

    def __init__(self, store: object, experiment: str) -> None:
        self.store, self.experiment = store, experiment
        with mlflow.start_run() as run:
            self.run = run.info.run_id
        self.traces = []
        for name in ("berth", "crane"):
            with mlflow.start_span(name) as span:
                pass
            self.traces.append(span.trace_id)
        self.issues: dict[str, str] = {}

    def plain(self, value: object) -> object:
        """An answer without what differs between the two: ids by what they are ids of, times by whether they are there."""
        if isinstance(value, (list, tuple)):
            return [self.plain(it) for it in value]
        if isinstance(value, str):
            named = {self.run: "RUN", self.experiment: "EXPERIMENT"} | {id: name for name, id in self.issues.items()}
            for found, word in named.items():
                value = word if value == found else value.replace(f"'{found}'", f"'{word}'").replace(f"={found} ", f"={word} ")
            return value
        if hasattr(value, "issue_id"):
            fields = {key: self.plain(it) for key, it in vars(value).items()}
            return fields | {key: type(fields[key]).__name__ for key in ("created_timestamp", "last_updated_timestamp")} | {"issue_id": fields["issue_id"][:4]}
        return value


@pytest.fixture
def sides(client: MlflowClient, store: MlflowClient, name: str) -> tuple[Side, Side]:
    made = []
    for index, one in enumerate((client, store)):
        experiment = mlflow.set_experiment(f"{name}-{index}").experiment_id
        made.append(Side(one._tracking_client.store, experiment))
    mlflow.flush_trace_async_logging()
    return made[0], made[1]


def create(sides: tuple[Side, Side], name: str, **more: object) -> object:
    def call(side: Side) -> object:
        fields = {key: it(side) if callable(it) else it for key, it in more.items()}
        made = side.store.create_issue(side.experiment, name, f"the {name} is wrong", **fields)
        side.issues[name] = made.issue_id
        return made

    return agree(sides, call)


def names(sides: tuple[Side, Side], **asked: object) -> list[str]:
    return [it["name"] for it in agree(sides, lambda it: it.store.search_issues(experiment_id=it.experiment, **asked))]


def test_issues(sides: tuple[Side, Side]) -> None:
    made = create(sides, "crane", severity=IssueSeverity.LOW, root_causes=["rust", "é"], categories=["metal"], source_run_id=lambda it: it.run, created_by="ann")
    assert (made["status"], made["root_causes"], made["source_run_id"], made["trace_count"]) == (IssueStatus.PENDING, ["rust", "é"], "RUN", None)
    assert create(sides, "quay", status=IssueStatus.RESOLVED)["severity"] is None
    create(sides, "tide", severity=IssueSeverity.HIGH)
    create(sides, "rope", severity=IssueSeverity.NOT_AN_ISSUE)
    assert agree(sides, lambda it: it.store.get_issue(it.issues["crane"]))["categories"] == ["metal"]
    assert agree(sides, lambda it: it.store.get_issue("iss-none"))[0] == "RESOURCE_DOES_NOT_EXIST"
    for experiment in ("99999", "none"):
        assert isinstance(agree(sides, lambda it, experiment=experiment: it.store.create_issue(experiment, "a", "b")), tuple)
    changed = agree(sides, lambda it: it.store.update_issue(it.issues["quay"], status=IssueStatus.REJECTED, severity=IssueSeverity.MEDIUM, name="pier"))
    assert (changed["name"], changed["description"], changed["status"]) == ("pier", "the quay is wrong", IssueStatus.REJECTED)
    assert agree(sides, lambda it: it.store.update_issue(it.issues["quay"]))["name"] == "pier"
    assert agree(sides, lambda it: it.store.update_issue("iss-none", name="a"))[0] == "RESOURCE_DOES_NOT_EXIST"

    assert names(sides) == ["tide", "pier", "crane", "rope"]
    assert names(sides, filter_string="status = 'pending'") == ["tide", "crane", "rope"]
    assert names(sides, filter_string="status != 'pending' AND status != \"resolved\"") == ["pier"]
    assert names(sides, filter_string="status = rejected") == ["pier"]
    assert agree(sides, lambda it: it.store.search_issues(it.experiment, f"source_run_id = '{it.run}'"))[0]["name"] == "crane"
    assert names(sides, filter_string="source_run_id != 'a'") == ["crane"]
    for wrong in ("name = 'a'", "status > 'a'", "status LIKE 'a'", "status", "status = 'a' OR status = 'b'", "attributes.status = 'a'"):
        for side in sides:
            with pytest.raises(MlflowException) as refused:
                side.store.search_issues(experiment_id=side.experiment, filter_string=wrong)
            assert refused.value.error_code == "INVALID_PARAMETER_VALUE", wrong
    for count in (0, 50_001):
        assert agree(sides, lambda it, count=count: it.store.search_issues(it.experiment, max_results=count))[0] == "INVALID_PARAMETER_VALUE"


def test_traces_of_issues(sides: tuple[Side, Side]) -> None:
    for name in ("crane", "quay", "tide"):
        create(sides, name, severity=IssueSeverity.LOW)
    ours, theirs = sides
    for side in sides:
        for name, traces in (("quay", side.traces), ("crane", side.traces[:1])):
            for trace in traces:
                mlflow.log_issue(trace_id=trace, issue_id=side.issues[name], run_id=side.run)
    with pytest.raises(MlflowException, match="does not match the issue name"):
        mlflow.log_issue(trace_id=ours.traces[0], issue_id=ours.issues["crane"], issue_name="another")
    counted = agree(sides, lambda it: it.store.search_issues(experiment_id=it.experiment, include_trace_count=True))
    assert [(it["name"], it["trace_count"]) for it in counted] == [("quay", 2), ("crane", 1), ("tide", 0)]
    for side in sides:
        found = mlflow.search_traces(locations=[side.experiment], filter_string=f"issue.id = '{side.issues['crane']}'", return_type="list")
        assert [it.info.trace_id for it in found] == side.traces[:1]
    # each reads what the other made, page by page
    for experiment in (ours.experiment, theirs.experiment):
        for counts in (False, True):
            whole = [vars(it) for it in theirs.store.search_issues(experiment_id=experiment, include_trace_count=counts)]
            paged, token = [], None
            while token or not paged:
                page = ours.store.search_issues(experiment_id=experiment, include_trace_count=counts, max_results=2, page_token=token)
                paged, token = paged + [vars(it) for it in page], page.token
            assert paged == whole


def test_requests_as_the_server_of_mlflow_takes_them(tracking: Tracking, experiment: str) -> None:
    def ask(path: str, method: str = "POST", **fields: object) -> requests.Response:
        return requests.request(method, f"{tracking.url}/ajax-api/3.0/mlflow/issues{path}", json=fields, timeout=10)

    made = ask("", experiment_id=experiment, name="a", description="b", status="resolved").json()["issue"]
    assert list(made) == ["issue_id", "experiment_id", "name", "description", "status", "created_timestamp", "last_updated_timestamp"]
    assert ask("/search", experiment_id=experiment).json() == {"issues": [made], "next_page_token": ""}
    assert ask("/search", experiment_id=experiment, filter_string="status = 'x'").json() == {"next_page_token": ""}
    refused = [
        ask("", experiment_id=experiment, name="", description="b"),
        ask("", experiment_id=experiment, name="a"),
        ask("", name="a", description="b"),
        ask("", experiment_id=experiment, name="a", description="b", status="open"),
        ask("", experiment_id=experiment, name="a" * 251, description="b"),
        ask(f"/{made['issue_id']}", "PATCH", severity="bad"),
        ask("/search", experiment_id=experiment, page_token="x"),
    ]
    for reply in refused:
        assert (reply.status_code, reply.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE"), reply.text
    assert ask("", experiment_id=experiment, name="a", description="b", source_run_id="0" * 32).status_code == 404
    assert ask("/invoke").status_code == 501
