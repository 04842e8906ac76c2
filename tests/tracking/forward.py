"""Databases of older revisions: made by MLflow's own migrations and filled with rows of all tables, copied and compared."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import urlparse

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from server import binary, new_store

sys.path.append(str(Path(__file__).resolve().parents[1] / "tracking-schema"))
from steps import FOLDERS, read

ROWS = 3


def config(uri: str, what: str = "tracking") -> Config:
    import mlflow

    found = Config()
    found.set_main_option("script_location", str(Path(mlflow.__file__).parent / FOLDERS[what]))
    found.set_main_option("sqlalchemy.url", uri.replace("%", "%%"))
    return found


def revisions(what: str = "tracking") -> list[str]:
    return [it.revision for it in reversed(list(ScriptDirectory.from_config(config("", what)).walk_revisions()))]


def bring(uri: str, revision: str, what: str = "tracking") -> None:
    """Has the real MLflow bring a database forward; one without tables gets those from before revisions first."""
    engine, settings = sa.create_engine(uri), config(uri, what)
    with engine.begin() as connection:
        if what == "tracking" and not sa.inspect(connection).get_table_names():
            from mlflow.store.tracking.dbmodels.initial_models import Base

            Base.metadata.create_all(connection)
    # the migrations open a connection of their own, which sees what is committed
    with engine.connect() as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, revision)
    engine.dispose()


def migrate(uri: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(binary()), "tracking", "migrate", "--backend-store-uri", uri, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def copy(uri: str, folder: Path) -> str:
    """Another database with the same in it."""
    folder.mkdir(parents=True, exist_ok=True)
    if uri.startswith("sqlite"):
        to = new_store(folder)
        shutil.copy(uri.removeprefix("sqlite:///"), to.removeprefix("sqlite:///"))
        return to
    import psycopg2

    from_name, name = urlparse(uri).path[1:], f"c{random.SystemRandom().randrange(2**40)}"
    with closing(psycopg2.connect(uri.replace("+psycopg2", "").replace(f"/{from_name}", "/postgres"))) as on:
        on.autocommit = True
        on.cursor().execute(f"CREATE DATABASE {name} TEMPLATE {from_name}")
    return uri.replace(f"/{from_name}", f"/{name}")


def fill(uri: str, rng: random.Random) -> None:
    """Some rows into every table that has none, which refer to each other as the schema says."""
    engine, metadata = sa.create_engine(uri), sa.MetaData()
    metadata.reflect(engine)
    with engine.begin() as connection:
        made: dict[str, list[dict]] = {}
        for table in metadata.sorted_tables:
            if table.name.startswith("alembic_version"):
                continue
            if there := connection.execute(sa.select(table)).mappings().all():
                made[table.name] = [dict(it) for it in there]
                continue
            made[table.name] = [row(table, index, made, rng) for index in range(ROWS)]
            connection.execute(table.insert(), made[table.name])
    engine.dispose()


def row(table: sa.Table, index: int, made: dict[str, list[dict]], rng: random.Random) -> dict:
    found: dict = {}
    for column in table.columns:
        if column.computed is None:
            found[column.name] = value(table.name, column, index, rng)
    for key in table.foreign_key_constraints:
        parent = made[key.referred_table.name][index % len(made[key.referred_table.name])]
        found |= {part.parent.name: parent[part.column.name] for part in key.elements}
    return found


def value(table: str, column: sa.Column, index: int, rng: random.Random) -> object:
    words = {"lifecycle_stage": ("active", "deleted", "active"), "source_type": ("LOCAL", "JOB", "NOTEBOOK"), "workspace": ("default",) * 3}
    known = {"status": ("FINISHED", "RUNNING", "FAILED")} | words
    if table == "experiments" or table == "runs" or table == "logged_models" or column.name == "workspace":
        if column.name in known and not isinstance(column.type, sa.Integer):
            return known[column.name][index]
    if column.name == "dimension_attributes":
        return ({"mlflow.llm.model": "m" * 600, "mlflow.llm.provider": "p"}, None, {"mlflow.llm.model": None})[index]
    if table == "assessments" and column.name == "value":
        return ('"yes"', "0.5", '{"a": 1}')[index]
    if column.name == "key" and table in SAID:
        return SAID[table][index]
    if table == "trace_request_metadata" and column.name == "value":
        usage = '{"input_tokens": 3, "output_tokens": "4", "total_tokens": 7.0, "x": 1}'
        return ("s" * 300, usage, '{"input_cost": 0.1, "total_cost": NaN}')[index]
    if table == "trace_metrics" and column.name == "value":
        return (5.0, 2.5, 3.0)[index]
    if table == "jobs" and column.name == "status":
        return (0, 1, 3)[index]
    if column.nullable and not column.primary_key and rng.random() < 0.2:
        return None
    match column.type:
        case sa.Boolean():
            return bool(index % 2)
        case sa.JSON():
            return {"ü": [index, 0.1, None]}
        case sa.Date():
            import datetime

            return datetime.date(2026, 1, 1 + index)
        case sa.Integer():
            return index + 1
        case sa.Float():
            return rng.choice((0.1, -1e300, 3.0)) + index
        case sa.LargeBinary():
            return bytes([index, 0, 255])
        case _:
            return f"{column.name[:12]} {index} ü'"[: getattr(column.type, "length", None) or 200]


# Keys that have a meaning for a migration.
SAID = {
    "trace_tags": ("mlflow.traceName", "own", "mlflow.traceName"),
    "trace_request_metadata": ("mlflow.trace.session", "mlflow.trace.tokenUsage", "mlflow.trace.cost"),
    "trace_metrics": ("input_tokens", "output_tokens", "own"),
    "span_metrics": ("total_cost", "own", "input_cost"),
}


def schema(uri: str) -> dict[str, object]:
    """All that the catalogue says: statements that make each table, its indexes, and triggers."""
    engine = sa.create_engine(uri)
    with engine.connect() as connection:
        tables = read(connection)
        sql = (
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            if engine.dialect.name == "sqlite"
            else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
        )
        triggers = sorted(connection.scalars(sa.text(sql)))
    engine.dispose()
    found = {name: (checks(table.create(name, engine.dialect)), dict(sorted(table.indexes.items()))) for name, table in tables.items()}
    return found | {"triggers": triggers}


def checks(statement: str) -> str:
    """A statement whose checks have no casts and brackets: PostgreSQL keeps those that they were written with."""
    lines = (re.sub(r"::(text|character varying)(\[\])?|[()]", "", line) if " CHECK " in line else line for line in statement.splitlines())
    return "\n".join(lines)


def rows(uri: str) -> dict[str, list[str]]:
    """All rows of all tables, in an order of their own."""
    engine, metadata = sa.create_engine(uri), sa.MetaData()
    metadata.reflect(engine)
    found = {}
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            here = []
            for one in connection.execute(sa.select(table)).mappings():
                one = dict(one)
                if table.name == "jobs" and one["status"] == 5:
                    one["last_update_time"] = "when it was cancelled"
                here.append(json.dumps(one, sort_keys=True, default=str))
            found[table.name] = sorted(here)
    engine.dispose()
    return found


def compare(ours: str, theirs: str) -> None:
    """Fails where two databases differ in anything."""
    for look in (schema, rows):
        found, wanted = look(ours), look(theirs)
        assert found.keys() == wanted.keys(), sorted(found.keys() ^ wanted.keys())
        for name, one in found.items():
            assert one == wanted[name], name
