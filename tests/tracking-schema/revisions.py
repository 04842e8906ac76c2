"""Lists the revisions of MLflow's schema, the oldest first: the real MLflow's own chain of migrations.

    revisions.py > crates/tracking/src/store/schema/revisions.txt
"""

from alembic.script import ScriptDirectory
from mlflow.store.db.utils import _get_alembic_config

for script in reversed(list(ScriptDirectory.from_config(_get_alembic_config("")).walk_revisions())):
    print(script.revision)
