"""What every part of a release needs to know: the version, the time, the architecture of a program, what is inside it."""
import datetime
import os
import pathlib
import re
import sys

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "deploy/docker"))

import debian  # noqa: E402
import oci  # noqa: E402
import program  # noqa: E402
import sbom  # noqa: E402
from debian import Failure, run  # noqa: E402

# what the kernel, Python and archives call an architecture
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


def native():
    """The architecture of this machine."""
    found = [arch for arch, machine in MACHINES.items() if machine == os.uname().machine]
    if not found:
        raise Failure(f"releases are made for {', '.join(MACHINES)}, and this machine is `{os.uname().machine}`: name one with --arch")
    return found[0]


def version():
    """The version of everything: that of the workspace."""
    return re.search(r'^version = "(.*)"', (REPOSITORY / "Cargo.toml").read_text(), re.M)[1]


def epoch():
    """The seconds that files are dated with: SOURCE_DATE_EPOCH, or the time of the commit."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    try:
        return int(given or run("git", "-C", REPOSITORY, "log", "-1", "--format=%ct"))
    except Failure:
        raise Failure("this is no git clone: set SOURCE_DATE_EPOCH to the seconds that files are dated with") from None


def glibc(path):
    """The oldest glibc that has every function a program asks for, as `(2, 28)`."""
    asked = re.findall(r"Name: GLIBC_(\d+)\.(\d+)", run("readelf", "--version-info", "--wide", path))
    if not asked:
        raise Failure(f"`{path}` is not linked to glibc, which releases are made for")
    return max((int(major), int(minor)) for major, minor in asked)


class Program:
    """A built program, with what is said about it."""

    def __init__(self, path):
        self.path = path.resolve()
        self.arch = debian.architecture(path)
        self.machine = MACHINES[self.arch]
        self.crates = sbom.crates(REPOSITORY, self.arch)

    def texts(self):
        """The licences and the list of contents, by their names."""
        created = datetime.datetime.fromtimestamp(epoch(), datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        document = sbom.document(version(), self.arch, created, self.path, self.crates, [])
        return {"LICENSE": (REPOSITORY / "LICENSE").read_bytes(), "NOTICES": sbom.notices(self.crates).encode(), "sbom.spdx.json": oci.compact(document)}
