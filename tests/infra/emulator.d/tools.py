"""What every part of the emulator's test uses: Terraform, clients of the emulator, lines that say what is right."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import botocore.exceptions

REGION = "eu-west-1"
ACCOUNT = "123456789012"
NAME = "longshore-production"
STATE_KEY = "production/terraform.tfstate"
LOCK_KEY = STATE_KEY + ".tflock"
FAILED: list[str] = []


def client(service: str, **keys: Any) -> Any:
    """Make a client of the emulator."""
    return boto3.client(service, region_name=REGION, **keys)


def check(what: str, condition: object) -> None:
    """Print a line for one thing looked at, and remember it when it is wrong."""
    print(f"{'PASS' if condition else 'FAIL'} {what}", flush=True)
    if not condition:
        FAILED.append(what)


class Root:
    """One folder that Terraform is run in."""

    def __init__(self, folder: Path) -> None:
        """Take a folder."""
        self.folder = folder

    def run(self, *arguments: str, fails: bool = False) -> str:
        """Run Terraform, print how long it took, and return what it wrote; end the test when it does not end as it should."""
        begun = time.monotonic()
        done = subprocess.run(
            ["terraform", *arguments],
            cwd=self.folder,
            env=os.environ | {"TF_CLI_ARGS": "-no-color"},
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
        written = done.stdout + done.stderr
        print(f"     {time.monotonic() - begun:5.1f} s  {self.folder.name}: terraform {' '.join(arguments)}", flush=True)
        if (done.returncode != 0) != fails:
            print(written[-6000:])
            sys.exit(f"`terraform {arguments[0]}` in `{self.folder.name}` ended with {done.returncode}")
        return done.stdout if not fails else re.sub(r"\s*\n[│\s]*", " ", written)


class Background(threading.Thread):
    """Terraform at work while something else is looked at."""

    def __init__(self, root: Root, *arguments: str) -> None:
        """Begin."""
        super().__init__()
        self.root, self.arguments = root, arguments
        self.written = ""
        self.failure: BaseException | None = None
        self.start()

    def run(self) -> None:
        """Work; a failure is kept for whoever waits."""
        try:
            self.written = self.root.run(*self.arguments)
        except BaseException as failure:
            self.failure = failure

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until something can be seen, or the work has ended."""
        while self.is_alive() and not condition():
            time.sleep(0.2)

    def result(self) -> str:
        """Wait for the end and return what was written."""
        self.join()
        if self.failure:
            raise self.failure
        return self.written


def summary(written: str) -> list[int]:
    """Return the numbers of Terraform's last summary line."""
    lines = [line for line in written.splitlines() if re.match(r"(Plan|Apply complete|Destroy complete)", line)]
    return [int(number) for number in re.findall(r"\d+", lines[-1])] if lines else []


def exists(bucket: str, key: str) -> bool:
    """Tell whether an object is there."""
    try:
        client("s3").head_object(Bucket=bucket, Key=key)
    except botocore.exceptions.ClientError:
        return False
    return True


def refused(call: Callable[..., Any], **arguments: Any) -> bool:
    """Tell whether a call is refused for lack of rights."""
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException", "403", "Forbidden")
    return False


def versions(bucket: str, key: str) -> list[str]:
    """Return the ids of an object's versions, newest first."""
    found = client("s3").list_object_versions(Bucket=bucket, Prefix=key).get("Versions", [])
    return [version["VersionId"] for version in found if version["Key"] == key]


def guide(folder: Path, commands: str, **variables: str) -> str:
    """Run commands of docs/guides/restore.md as a reader does, and return what they wrote."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "TF_CLI_ARGS": "-no-color", "AWS_PAGER": ""} | variables
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    if done.returncode != 0:
        print(done.stdout[-2000:], done.stderr[-2000:])
        sys.exit(f"commands of the restore guide ended with {done.returncode}: {commands}")
    return done.stdout
