"""Writes what each revision of MLflow's schema changes as SQL of our own, from databases that the real MLflow brings forward.

    steps.py tracking sqlite:///FILE > crates/tracking/src/migrate/tracking/sqlite.sql
    steps.py users postgresql://…    > crates/tracking/src/migrate/users/postgres.sql

The database, which must be empty, is brought from revision to revision, and its catalogue is compared with what it was: the
statements come from the difference, never from the text of the migrations. `run` writes all files.

Statements are parted by empty lines. `-- revision ID` begins a revision, and `-- rows` stands where it changes rows, which
`crates/tracking/src/migrate/rows.rs` does. Of SQLite, `CREATE TABLE` of a table that is there stands for making it anew with its rows.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import mlflow
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from mlflow.store.tracking.dbmodels.initial_models import Base
from sqlalchemy.schema import sort_tables
from write import TRIGGERS, column, indexes, listed, name, quoted

# Revisions that change rows, not tables alone: known from reading them.
ROWS = {
    "90e64c465722",  # users of runs become tags
    "89d4b8295536",  # the last values of metrics
    "1b5f0d9ad7c1",  # the workspace that everything is in
    "75868b020152",  # figures of traces become columns
    "dc11669786a5",  # jobs that wait are cancelled
    "e5f6a7b8c9d0",  # grants become roles
    "f1a2b3c4d5e6",  # grants of prompts
}

# Where MLflow keeps its migrations. The package of the users is not imported: that begins a server.
FOLDERS = {"tracking": "store/db_migrations", "users": "server/auth/db/migrations"}

# Of these, those whose rows fill new columns of tables that are made anew later.
FILLED = {"75868b020152"}

# Columns with another name and the same content, by revision: table, old name, new name.
RENAMED = {"5d2d30f0abce": ("jobs", "function_fullname", "job_name")}


@dataclass
class Table:
    """What the catalogue says of a table."""

    columns: dict[str, dict]
    key: str
    rules: dict[str, str] = field(default_factory=dict)
    indexes: dict[str, str] = field(default_factory=dict)

    def create(self, table: str, dialect: sa.Dialect) -> str:
        lines = [column(it, dialect) for it in self.columns.values()] + [self.key, *self.rules.values()]
        return f"CREATE TABLE {quoted(table)} (\n    " + ",\n    ".join(lines) + "\n);"


def read(connection: sa.Connection) -> dict[str, Table]:
    """All tables, in an order in which each refers to those before it only."""
    inspector, metadata = sa.inspect(connection), sa.MetaData()
    metadata.reflect(connection)
    tables = {}
    for table in [it.name for it in sort_tables(sorted(metadata.tables.values(), key=str))]:
        if table.startswith("alembic_version"):
            continue
        key = inspector.get_pk_constraint(table)
        columns = {it["name"]: it for it in inspector.get_columns(table)}
        found = tables[table] = Table(columns, f"{name(key)}PRIMARY KEY ({listed(key['constrained_columns'])})")
        for kind, rule in rules(inspector, table):
            found.rules[kind + (rule.split()[1] if rule.startswith("CONSTRAINT") else rule)] = rule
    for text in indexes(connection, connection.dialect.name):
        words = text.split()
        tables[words[words.index("ON") + 1].strip('"')].indexes[words[words.index("INDEX") + 1]] = text
    return tables


def rules(inspector: sa.Inspector, table: str) -> Iterator[tuple[str, str]]:
    """The constraints of a table but for its key, each with its kind."""
    for it in sorted(inspector.get_unique_constraints(table), key=str):
        yield "U", f"{name(it)}UNIQUE ({listed(it['column_names'])})"
    for it in sorted(inspector.get_foreign_keys(table), key=str):
        line = f"{name(it)}FOREIGN KEY ({listed(it['constrained_columns'])}) "
        line += f"REFERENCES {quoted(it['referred_table'])} ({listed(it['referred_columns'])})"
        for event, action in sorted(it["options"].items()):
            line += f" {event[:2].upper()} {event[2:].upper()} {action.upper()}"
        yield "F", line
    for it in sorted(inspector.get_check_constraints(table), key=str):
        yield "C", f"{name(it)}CHECK ({it['sqltext']})"


def change(old: dict[str, Table], new: dict[str, Table], revision: str, dialect: sa.Dialect) -> list[str]:
    """The statements from one state to the next."""
    first, last = [], []
    if renamed := RENAMED.get(revision):
        table, before, after = renamed
        first.append(f"ALTER TABLE {table} RENAME COLUMN {before} TO {after};")
        found = old[table]
        found.columns = {after if it == before else it: value for it, value in found.columns.items()}
        found.columns[after]["name"] = after
    assert set(old) <= set(new), f"{revision} drops {set(old) - set(new)}, which this script does not write"
    kept = {it: (old[it], new[it]) for it in new if it in old}
    for before, after in kept.values():
        first += [f"DROP INDEX IF EXISTS {it};" for it, text in before.indexes.items() if after.indexes.get(it) != text]
    alter = rebuild if dialect.name == "sqlite" else constrain
    drops, adds, changes, makes = [], [], [], []
    for table, (before, after) in kept.items():
        alter(table, before, after, revision, dialect, (drops, adds, changes, makes))
    # a key goes after what refers to it, and comes before
    order = {"F": 0, "U": 1, "C": 1, "P": 2}
    first += [text for _, text in sorted(drops, key=lambda it: order[it[0]])]
    first += [new[it].create(it, dialect) for it in new if it not in old] + adds
    last += changes + [text for _, text in sorted(makes, key=lambda it: -order[it[0]])]
    for table, after in new.items():
        before = old[table].indexes if table in old else {}
        last += [f"{text};".replace("INDEX ", "INDEX IF NOT EXISTS ", 1) for it, text in after.indexes.items() if before.get(it) != text]
    if "secrets" in new and ("secrets" not in old or any(it.startswith("CREATE TABLE secrets ") for it in last)):
        last += [it.strip() for it in TRIGGERS[dialect.name].strip().split("\n\n")]
    return first + (["-- rows"] if revision in ROWS else []) + last


def rebuild(table: str, before: Table, after: Table, revision: str, dialect: sa.Dialect, into: tuple) -> None:
    """SQLite adds columns to a table; for anything else the table is made anew."""
    _, adds, changes, _ = into
    old, new = texts(before, dialect), texts(after, dialect)
    same = before.key == after.key and list(before.rules.values()) == list(after.rules.values())
    is_more = same and list(new)[: len(old)] == list(old) and all(new[it] == old[it] for it in old)
    if is_more or revision in FILLED:
        adds += [f"ALTER TABLE {quoted(table)} ADD COLUMN {new[it]};" for it in new if it not in old]
    if not is_more:
        changes.append(after.create(table, dialect))


def constrain(table: str, before: Table, after: Table, revision: str, dialect: sa.Dialect, into: tuple) -> None:
    """PostgreSQL changes what there is."""
    drops, adds, changes, makes = into
    start = f"ALTER TABLE {quoted(table)}"
    old, new = texts(before, dialect), texts(after, dialect)
    if before.key != after.key:
        drops.append(("P", f"{start} DROP CONSTRAINT IF EXISTS {before.key.split()[1]};"))
        makes.append(("P", f"{start} ADD {after.key};"))
    for it, text in before.rules.items():
        if after.rules.get(it) != text:
            drops.append((it[0], f"{start} DROP CONSTRAINT IF EXISTS {it[1:]};"))
    for it, text in after.rules.items():
        if before.rules.get(it) != text:
            makes.append((it[0], f"{start} ADD {text};"))
    for it in new:
        if it not in old:
            adds.append(f"{start} ADD COLUMN IF NOT EXISTS {new[it]};")
        elif old[it] != new[it]:
            was, now = before.columns[it], after.columns[it]
            kinds = [str(column["type"].compile(dialect)) for column in (was, now)]
            if kinds[0] != kinds[1]:
                changes.append(f"{start} ALTER COLUMN {quoted(it)} TYPE {kinds[1]};")
            if was["default"] != now["default"]:
                default = f"SET DEFAULT {now['default']}" if now["default"] is not None else "DROP DEFAULT"
                changes.append(f"{start} ALTER COLUMN {quoted(it)} {default};")
            if was["nullable"] != now["nullable"]:
                changes.append(f"{start} ALTER COLUMN {quoted(it)} {'DROP' if now['nullable'] else 'SET'} NOT NULL;")
    changes += [f"{start} DROP COLUMN {quoted(it)};" for it in old if it not in new]


def texts(table: Table, dialect: sa.Dialect) -> dict[str, str]:
    return {it: column(value, dialect) for it, value in table.columns.items()}


def main() -> None:
    what, uri = sys.argv[1:]
    config = Config()
    config.set_main_option("script_location", str(Path(mlflow.__file__).parent / FOLDERS[what]))
    config.set_main_option("sqlalchemy.url", uri.replace("%", "%%"))
    engine = sa.create_engine(uri)
    if what == "tracking":
        Base.metadata.create_all(engine)
    print(f"-- What each revision of MLflow's schema ({what}) changes. Written by tests/tracking-schema/steps.py.")
    revisions = [it.revision for it in reversed(list(ScriptDirectory.from_config(config).walk_revisions()))]
    with engine.connect() as connection:
        state = read(connection)
    if what == "tracking":
        print("\n-- revision none")
        print("\n" + "\n\n".join(change({}, state, "", engine.dialect)))
    for revision in revisions:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
        with engine.connect() as connection:
            found = read(connection)
        print(f"\n-- revision {revision}")
        for statement in change(state, found, revision, engine.dialect):
            print(f"\n{statement}")
        state = found


if __name__ == "__main__":
    main()
