"""Applies the bootstrap root and the production root to the emulator, looks at what was made, and destroys it again.

usage: run.py REPOSITORY PORT     (tests/infra/emulator starts it, with the emulator running)
"""

import json
import os
import shutil
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import look
import use
from tools import ACCOUNT, FAILED, LOCK_KEY, REGION, Background, Root, check, exists, guide, summary


def wrong_variables(root: Root) -> None:
    """Give wrong variables, to the root and to its modules, and look at the sentences that refuse them."""
    cases = {
        "region=Ireland": "Write region in account.yaml as an AWS region, for example",
        "database={backup_days=3}": "Write `database.backup_days` as 7 or more in production.",
        'network={nat="many"}': "Write nat as",
        'backup={schedule="0 2 * * *"}': "Write `backup.schedule` as a cron expression of six fields in UTC",
    }
    written = root.run("plan", "-lock=false", *[f"-var={variable}" for variable in cases], fails=True)
    for variable, sentence in cases.items():
        check(f"-var '{variable}' is refused: “{sentence} …”", sentence in written)


def apply(root: Root, bucket: str) -> int:
    """Apply the plan; while that holds the lock, try another. Return how many resources were made."""
    work = Background(root, "apply", "plan")
    work.wait_for(lambda: exists(bucket, LOCK_KEY))
    check("the lock lies beside the state while it is applied", exists(bucket, LOCK_KEY))
    second = root.run("apply", "-auto-approve", "-lock-timeout=0s", fails=True)
    check("a second apply is refused while the state is locked", "Error acquiring the state lock" in second)
    written = work.result()
    check("the lock is gone after the apply", not exists(bucket, LOCK_KEY))
    return summary(written)[0]


def destroy(root: Root, outputs: dict[str, Any], variables: list[str]) -> int:
    """Destroy everything: first it is refused, then the protection is lifted. Return how many resources went."""
    check(
        "`terraform destroy` is refused in production",
        "Instance cannot be destroyed" in root.run("plan", "-destroy", "-refresh=false", *variables, fails=True),
    )
    guide(root.folder.parents[2], use.LIFT_PROTECTION)
    use.empty(outputs["artifacts_bucket"]["name"])
    return summary(root.run("destroy", "-auto-approve", *variables))[0]


def main() -> None:
    """Do all of it."""
    begun = time.monotonic()
    repository, port = Path(sys.argv[1]), int(sys.argv[2])

    def switch(enforce: bool) -> None:
        """Turn IAM's enforcement on or off."""
        count = b"0" if enforce else b"inf"
        request = urllib.request.Request(f"http://127.0.0.1:{port}/moto-api/reset-auth", count, {"Content-Type": "text/plain"}, method="POST")
        urllib.request.urlopen(request).read()

    with tempfile.TemporaryDirectory() as temporary:
        deploy = Path(temporary) / "deploy"
        shutil.copytree(repository / "deploy", deploy, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.tfplan"))
        first = Root(deploy / "terraform" / "bootstrap")
        first.run("init")
        work = Background(first, "apply", "-auto-approve", f"-var=region={REGION}", f"-var=account_id={ACCOUNT}")
        bucket = f"longshore-state-{ACCOUNT}-{REGION}"
        # The provider waits a minute for lifecycle rules to settle; states can be kept before that.
        work.wait_for(lambda: look.encrypted(bucket))
        root = Root(deploy / "environments" / "production")
        root.run("init", f"-backend-config=bucket={bucket}", f"-backend-config=region={REGION}")
        wrong_variables(root)
        # The database's own protection would take a change of the instance, and another minute and a half, to lift.
        variables = ["-var=database={deletion_protection=false}", "-var=commit=0123abc"]
        planned = summary(root.run("plan", "-out=plan", *variables))
        check(f"bootstrap made {summary(work.result())[0]} resources", json.loads(first.run("output", "-json"))["bucket"]["value"] == bucket)
        look.at_state_bucket(bucket)
        made = apply(root, bucket)
        check(f"production was applied as it stands: {made} resources", made == planned[0] > 150)
        outputs = {name: output["value"] for name, output in json.loads(root.run("output", "-json")).items()}
        look.at_network(outputs)
        look.at_cluster()
        look.at_data(outputs)
        look.at_the_rest(outputs)
        use.the_reader(outputs, switch)
        use.restore_a_model(Path(temporary), outputs["artifacts_bucket"]["name"])
        use.restore_the_state(Path(temporary), bucket)
        gone = destroy(root, outputs, variables)
        check(f"{gone} resources were destroyed", gone > 150)
        look.at_what_is_left(bucket)
    print(f"{'FAIL' if FAILED else 'PASS'} emulator: {made} resources applied and {gone} destroyed, {time.monotonic() - begun:.0f} s in all")
    if FAILED:
        sys.exit("\n".join(["not as it should be:", *FAILED]))


if __name__ == "__main__":
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    # In place of what account.yaml leaves to the owner of an account.
    os.environ.update(TF_VAR_account_id=ACCOUNT, TF_VAR_region=REGION)
    main()
