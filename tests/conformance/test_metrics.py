"""`/metrics` is Prometheus text, and counts what was asked."""

from __future__ import annotations

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as prometheus

from questions import instances
from server import EXAMPLES, Server

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def families(server: Server, accept: str | None = None) -> list:
    """The metrics in the form that is asked for: OpenMetrics only by name, else Prometheus text."""
    answer = server.get("/metrics", headers={"Accept": accept} if accept else {})
    assert answer.status_code == 200
    kind = answer.headers["content-type"]
    if accept == OPENMETRICS:
        assert kind == "application/openmetrics-text; version=1.0.0; charset=utf-8"
        return list(openmetrics(answer.text))
    assert kind == "text/plain; version=0.0.4; charset=utf-8"
    return list(prometheus(answer.text))


def samples(server: Server, accept: str | None = None) -> dict:
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for family in families(server, accept) for sample in family.samples}


def test_counts_requests_of_a_model() -> None:
    with Server(f"wine={EXAMPLES / 'wine/model'}") as server:
        server.post("/v1/models/wine:predict", json={"instances": instances("wine")})
        before = samples(server)
        for _ in range(7):
            assert server.post("/v1/models/wine:predict", json={"instances": instances("wine")}).status_code == 200
        after = samples(server)
    grown = {key: after[key] - before.get(key, 0) for key in after if after[key] != before.get(key, 0)}
    assert any(value == 7 and "wine" in dict(labels).values() for (_, labels), value in grown.items()), grown
    assert all(after[key] >= value for key, value in before.items() if key[0].endswith(("_total", "_count", "_bucket")))


def test_histograms_are_complete() -> None:
    with Server(f"wine={EXAMPLES / 'wine/model'}") as server:
        server.post("/v1/models/wine:predict", json={"instances": instances("wine")})
        found = [family for family in families(server) if family.type == "histogram"]
    assert found
    for family in found:
        names = {sample.name for sample in family.samples}
        if not names:
            continue
        assert {f"{family.name}_bucket", f"{family.name}_count", f"{family.name}_sum"} <= names
        assert any(sample.labels.get("le") == "+Inf" for sample in family.samples)


def test_names_do_not_depend_on_the_caller(examples: Server) -> None:
    """Unknown models and paths must not make new series, or a scanner could fill the memory."""
    examples.get("/v1/models/wine")
    for path in ("/v1/models/nothing-1", "/surprise"):
        examples.get(path)
    before = set(samples(examples))
    for index in range(20):
        examples.get(f"/v1/models/invented-{index}")
        examples.post(f"/v2/models/invented-{index}/infer", json={})
        examples.get(f"/surprise/{index}")
    new = set(samples(examples)) - before
    assert not any("invented" in str(key) or "surprise" in str(key) for key in new)


def test_help_and_type_of_every_metric(wine: Server) -> None:
    for family in families(wine):
        assert family.documentation, family.name
        assert family.type != "unknown", family.name


def test_openmetrics_when_asked_for(wine: Server) -> None:
    """The two forms hold the same samples, and are told apart by what only one of them has."""
    assert samples(wine, OPENMETRICS).keys() == samples(wine).keys()
    text = wine.get("/metrics", headers={"Accept": OPENMETRICS}).text
    assert text.endswith("# EOF\n")
    assert "# TYPE longshore_serve_rows counter\n" in text


@pytest.mark.parametrize("accept", [None, "*/*", "text/plain", "text/html, */*;q=0.8", "application/openmetrics-text;q=0"])
def test_prometheus_text_for_all_others(wine: Server, accept: str | None) -> None:
    """The official parser of OpenMetrics refuses this form, and the other way round the names differ."""
    assert samples(wine, accept)
    text = wine.get("/metrics", headers={"Accept": accept} if accept else {}).text
    assert "# EOF" not in text
    assert "# TYPE longshore_serve_rows_total counter\n" in text
    with pytest.raises(ValueError):
        list(openmetrics(text))
