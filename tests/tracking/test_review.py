"""Label schemas and review queues: the same calls, in the same order, to the server and to MLflow's own store."""

from __future__ import annotations

import mlflow
import pytest
import requests
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from server import Tracking
from sides import agree

pytestmark = pytest.mark.current

IDS = {"schema_id", "queue_id", "experiment_id"}
TIMES = {"created_at", "updated_at", "creation_time_ms", "last_update_time_ms", "completed_time_ms"}


class Side:
    """One of the two that are asked, with an experiment and a trace of its own."""

    def __init__(self, store: object, experiment: str, trace: str) -> None:
        self.store, self.experiment, self.trace = store, experiment, trace
        self.schemas: dict[str, str] = {}
        self.queues: dict[str, str] = {}

    def plain(self, value: object) -> object:
        """An answer without what differs between the two: ids by their kind, times by whether they are there."""
        if value is None or isinstance(value, (str, int, float)):
            return self.words(value) if isinstance(value, str) else value
        if isinstance(value, list):
            return [self.plain(it) for it in value]
        fields = vars(value).items()
        return {key: (type(it).__name__ if key in IDS | TIMES else self.plain(it)) for key, it in fields}

    def words(self, text: str) -> str:
        named = [(self.trace, "TRACE"), *((it, key) for key, it in (self.schemas | self.queues).items()), (f"'{self.experiment}'", "'EXPERIMENT'")]
        for found, word in named:
            text = text.replace(found, word)
        return text


@pytest.fixture
def sides(client: MlflowClient, store: MlflowClient, name: str) -> tuple[Side, Side]:
    made = []
    for index, one in enumerate((client, store)):
        experiment = mlflow.set_experiment(f"{name}-{index}").experiment_id
        with mlflow.start_span("berth") as span:
            pass
        mlflow.flush_trace_async_logging()
        made.append(Side(one._tracking_client.store, experiment, span.trace_id))
    return made[0], made[1]


def schema(sides: tuple[Side, Side], name: str, **more: object) -> object:
    from mlflow.genai.label_schemas import InputPassFail

    def call(side: Side) -> object:
        arguments = {"type": "feedback", "input": InputPassFail("yes", "no")} | more
        made = side.store.create_label_schema(side.experiment, name=name, **arguments)
        side.schemas[name] = made.schema_id
        return made

    return agree(sides, call)


def queue(sides: tuple[Side, Side], name: str, queue_type: str = "custom", **more: object) -> object:
    def call(side: Side) -> object:
        arguments = dict(more)
        if "schemas" in arguments:
            arguments["schema_ids"] = [side.schemas.get(it, it) for it in arguments.pop("schemas")]
        made = side.store.create_review_queue(side.experiment, name=name, queue_type=queue_type, **arguments)
        side.queues[name] = made.queue_id
        return made

    return agree(sides, call)


def test_questions(sides: tuple[Side, Side]) -> None:
    from mlflow.genai.label_schemas import InputCategorical, InputNumeric, InputPassFail, InputText

    assert agree(sides, lambda it: it.store.list_label_schemas(it.experiment))[0]["is_default"]
    ways = [InputCategorical(["a", "b"]), InputCategorical(["a"], multi_select=True), InputNumeric(), InputNumeric(0.5, 2.0), InputText(7), InputText()]
    for index, way in enumerate(ways):
        made = schema(sides, f"Is it {index}?", input=way, type="expectation", instruction="Look.", enable_comment=True)
        assert made["name"] == f"Is it {index}?"
    assert schema(sides, "Is it right?")["input"] == {"positive_label": "yes", "negative_label": "no"}
    wrong = [
        {"input": InputPassFail("a", "a")},
        {"input": InputPassFail("", "a")},
        {"input": InputPassFail("a", "b" * 65)},
        {"input": InputCategorical([])},
        {"input": InputCategorical(["a", "a"])},
        {"input": InputCategorical([""])},
        {"input": InputCategorical(["it's" * 20])},
        {"input": InputCategorical([str(it) for it in range(11)])},
        {"input": InputNumeric(2.0, 1.0)},
        {"input": InputNumeric(1e20, 1e20)},
        {"input": InputText(0)},
        {"instruction": "a" * 1001},
    ]
    for arguments in wrong:
        assert schema(sides, "another", **arguments)[0] == "INVALID_PARAMETER_VALUE", arguments
    for name in (" feedback", "a" * 251):
        assert schema(sides, name)[0] == "INVALID_PARAMETER_VALUE"
    assert schema(sides, "Is it right?")[0] == "RESOURCE_ALREADY_EXISTS"
    assert agree(sides, lambda it: it.store.get_label_schema("ls-none"))[0] == "RESOURCE_DOES_NOT_EXIST"
    assert agree(sides, lambda it: it.store.get_label_schema_by_name(it.experiment, "Is it right?"))["type"] == "feedback"
    assert agree(sides, lambda it: it.store.get_label_schema_by_name(it.experiment, "none"))[0] == "RESOURCE_DOES_NOT_EXIST"
    assert agree(sides, lambda it: it.store.get_label_schema_by_name("99999", "none"))[0] == "RESOURCE_DOES_NOT_EXIST"
    assert agree(sides, lambda it: it.store.list_label_schemas("none"))[0] == "INVALID_PARAMETER_VALUE"

    def update(which: str, **changes: object) -> object:
        return agree(sides, lambda it: it.store.update_label_schema(it.schemas[which], **changes))

    assert update("Is it 0?", name="Which?", instruction="", enable_comment=False, input=InputCategorical(["c"]))["instruction"] == ""
    for changes in ({"name": "Is it 1?"}, {"name": "Feedback"}, {"input": InputText()}, {"input": InputCategorical(["a"], multi_select=True)}):
        assert update("Is it 0?", **changes)[0] in ("INVALID_PARAMETER_VALUE", "RESOURCE_ALREADY_EXISTS")
    for call in (
        lambda it: it.store.update_label_schema(it.store.get_label_schema_by_name(it.experiment, "Feedback").schema_id, name="Mine"),
        lambda it: it.store.delete_label_schema(it.store.get_label_schema_by_name(it.experiment, "Feedback").schema_id),
    ):
        assert agree(sides, call)[0] == "INVALID_PARAMETER_VALUE"
    for _ in range(2):
        assert agree(sides, lambda it: it.store.delete_label_schema(it.schemas["Is it 1?"])) is None
    assert len(agree(sides, lambda it: sorted(one.name for one in it.store.list_label_schemas(it.experiment)))) == 7
    # each reads what the other made, page by page
    ours, theirs = sides
    for experiment in (ours.experiment, theirs.experiment):
        read = [(it.schema_id, it.name, it.input, it.created_at, it.updated_at) for it in ours.store.list_label_schemas(experiment)]
        assert read == [(it.schema_id, it.name, it.input, it.created_at, it.updated_at) for it in theirs.store.list_label_schemas(experiment)]
        paged, token = [], None
        while token is not None or not paged:
            page = ours.store.list_label_schemas(experiment, max_results=3, page_token=token)
            paged, token = paged + [it.schema_id for it in page], page.token or None
        assert paged == [it[0] for it in read]


def test_queues(sides: tuple[Side, Side]) -> None:
    schema(sides, "Is it right?")
    assert queue(sides, " Night Watch ", users=["Ann", "ann ", "bo"], schemas=["Is it right?"])["users"] == ["ann", "bo"]
    assert queue(sides, "Ann", "user")["users"] == ["ann"]
    refused = [
        queue(sides, "night watch"),
        queue(sides, "Default"),
        queue(sides, "a" * 251),
        queue(sides, "b", users=[str(it) for it in range(11)]),
        queue(sides, "b", users=[" "]),
        queue(sides, "b", schemas=["ls-none", "ls-it's"]),
        queue(sides, "Cy", "user", users=["dee"]),
        queue(sides, "Cy", "user", schemas=["Is it right?"]),
    ]
    assert {it[0] for it in refused} == {"INVALID_PARAMETER_VALUE", "RESOURCE_ALREADY_EXISTS"}
    get = "get_review_queue"
    assert agree(sides, lambda it: getattr(it.store, get)(it.queues[" Night Watch "]))["name"] == "Night Watch"
    assert agree(sides, lambda it: getattr(it.store, get)("rq-none"))[0] == "RESOURCE_DOES_NOT_EXIST"
    assert agree(sides, lambda it: it.store.get_review_queue_by_name(it.experiment, name="NIGHT WATCH"))["name"] == "Night Watch"
    assert agree(sides, lambda it: it.store.get_review_queue_by_name(it.experiment, name="none"))[0] == "RESOURCE_DOES_NOT_EXIST"
    for _ in range(2):
        assert agree(sides, lambda it: it.store.get_or_create_user_queue(it.experiment, user=" Eve"))["created_by"] == "eve"
    assert agree(sides, lambda it: it.store.get_or_create_user_queue(it.experiment, user="Night Watch"))[0] == "RESOURCE_ALREADY_EXISTS"
    assert len(agree(sides, lambda it: it.store.list_review_queues(it.experiment, user="ANN"))) == 2
    assert agree(sides, lambda it: it.store.list_review_queues(it.experiment, item_id=it.trace)) == []

    def update(**changes: object) -> object:
        return agree(sides, lambda it: it.store.update_review_queue(it.queues[" Night Watch "], **changes))

    assert update()["users"] == ["ann", "bo"]
    assert update(users=[], schema_ids=[], name="night WATCH", new_owner=" Bo ")["created_by"] == "Bo"
    assert update(name="ann")[0] == "RESOURCE_ALREADY_EXISTS"
    for changes in ({"name": "default"}, {"new_owner": " "}, {"users": [""]}, {"schema_ids": ["ls-none"]}):
        assert update(**changes)[0] == "INVALID_PARAMETER_VALUE"
    assert agree(sides, lambda it: it.store.update_review_queue(it.queues["Ann"], users=[]))[0] == "INVALID_PARAMETER_VALUE"
    for _ in range(2):
        assert agree(sides, lambda it: it.store.delete_review_queue(it.queues["Ann"])) is None
    assert len(agree(sides, lambda it: it.store.list_review_queues(it.experiment, max_results=5))) == 2


def test_what_is_in_a_queue(sides: tuple[Side, Side]) -> None:
    queue(sides, "watch")

    def items(call: str, **arguments: object) -> object:
        return agree(sides, lambda it: getattr(it.store, call)(it.queues["watch"], **{key: one(it) if callable(one) else one for key, one in arguments.items()}))

    ours, theirs = sides
    for _ in range(2):
        assert items("add_items_to_review_queue", item_ids=lambda it: [f" {it.trace}", it.trace])[0]["status"] == "pending"
    # MLflow asks for the traces in its handlers, so that its store takes every id
    for foreign in ("tr-none", theirs.trace):
        with pytest.raises(MlflowException, match=r"Cannot attach trace\(s\)") as refused:
            ours.store.add_items_to_review_queue(ours.queues["watch"], item_ids=[ours.trace, foreign])
        assert refused.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    assert items("add_items_to_review_queue", item_ids=[])[0] == "INVALID_PARAMETER_VALUE"
    assert items("list_review_queue_items")[0]["item_id"] == "TRACE"
    assert items("update_review_queue", schema_ids=[])[0] == "INVALID_PARAMETER_VALUE"

    def status(value: str, by: str | None = None) -> object:
        return items("set_review_queue_item_status", item_id=lambda it: it.trace, status=value, completed_by=by)

    assert status("complete", " Ann")["completed_by"] == "ann"
    assert status("complete", "bo")["completed_by"] == "ann"
    assert status("declined", "bo")["completed_by"] == "bo"
    assert items("list_review_queue_items", status="pending") == []
    assert len(items("list_review_queue_items", status="declined")) == 1
    assert status("pending")["completed_time_ms"] == "NoneType"
    for refused in (status("complete"), status("declined", "a" * 251), status("pending", "ann")):
        assert refused[0] == "INVALID_PARAMETER_VALUE"
    assert items("set_review_queue_item_status", item_id="tr-none", status="pending")[0] == "RESOURCE_DOES_NOT_EXIST"
    assert len(agree(sides, lambda it: it.store.list_review_queues(it.experiment, item_id=it.trace))) == 1
    assert items("remove_items_from_review_queue", item_ids=["tr-none"]) is None
    # a trace that is deleted is in no queue
    for side in sides:
        side.store.delete_traces(side.experiment, trace_ids=[side.trace])
    assert items("list_review_queue_items") == []


def test_requests_as_the_server_of_mlflow_takes_them(tracking: Tracking, client: MlflowClient, experiment: str) -> None:
    def ask(method: str, path: str, **fields: object) -> requests.Response:
        how = {"params": fields} if method == "GET" else {"json": fields}
        return requests.request(method, f"{tracking.url}/ajax-api/3.0/mlflow/{path}", timeout=10, **how)

    listed = ask("GET", "label-schemas/list", experiment_id=experiment).json()
    assert listed["next_page_token"] == ""
    assert list(listed["label_schemas"][0]) == ["schema_id", "experiment_id", "name", "type", "instruction", "enable_comment", "input", "created_at", "last_updated_at", "is_default"]
    assert listed["label_schemas"][0]["input"] == {"text": {}}
    refused = [
        ask("POST", "label-schemas/create", experiment_id=experiment),
        ask("POST", "label-schemas/create", experiment_id=experiment, name="a", input={"text": {}}),
        ask("POST", "label-schemas/create", experiment_id=experiment, name="a", type="FEEDBACK"),
        ask("POST", "label-schemas/create", experiment_id=experiment, name="a", type="FEEDBACK", input={"text": {}, "numeric": {}}),
        ask("POST", "label-schemas/create", experiment_id=experiment, name="a", type="FEEDBACK", input={"numeric": {"min_value": "NaN"}}),
        ask("GET", "label-schemas/list", experiment_id=experiment, max_results=0),
        ask("GET", "label-schemas/list", experiment_id=experiment, page_token="x"),
        ask("POST", "review-queues/create", experiment_id=experiment, name="a"),
        ask("GET", "review-queues/list", experiment_id=experiment, max_results=50_001),
    ]
    for reply in refused:
        assert (reply.status_code, reply.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE"), reply.text
    made = ask("POST", "review-queues/create", experiment_id=experiment, name="a", queue_type="CUSTOM", created_by="mallory").json()["review_queue"]
    assert "created_by" not in made
    assert ask("POST", "review-queues/items/set-status", queue_id=made["queue_id"], item_id="x").status_code == 400
    client.delete_experiment(experiment)
    assert ask("GET", "label-schemas/list", experiment_id=experiment).status_code == 404
