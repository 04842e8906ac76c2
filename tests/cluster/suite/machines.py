"""What only the owner of a cluster can do: start it, give it images, cut the power of a node."""

from __future__ import annotations

import io
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tarfile
from typing import Protocol

from .kube import Kube, Skip, Unexpected

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]


class Machines(Protocol):
    """An adapter for one kind of cluster."""

    def load(self, image: pathlib.Path) -> None:
        """Puts an image archive onto every node."""

    def pack(self, reference: str, archive: pathlib.Path, program: pathlib.Path) -> None:
        """Makes an image of one program without libraries."""

    def cut(self, node: str) -> None:
        """Ends a machine at once, as a power cut does."""

    def freeze(self, node: str) -> None:
        """Stops all that runs on a machine, which stays as it is."""

    def boot(self, node: str) -> None:
        """Starts it again, or lets it go on."""

    def free(self, kube: Kube) -> None:
        """Empties volumes that nobody claims any more and offers them again, where a cluster does not do so itself."""

    def kill(self, pod: str) -> None:
        """Kills what runs in the containers of a pod, by its UID: what no program can see coming."""


class Foreign:
    """A cluster of which we know nothing but its kubeconfig."""

    REASON = "needs a cluster whose machines we may switch off (`LONGSHORE_CLUSTER_DIR`)"

    def load(self, image: pathlib.Path) -> None:
        raise Skip(
            "no way to put an image onto this cluster's nodes: push it to a registry that they pull from and give `--image` alone, "
            "or name the folder of its `cluster` program in `LONGSHORE_CLUSTER_DIR`"
        )

    def pack(self, reference: str, archive: pathlib.Path, program: pathlib.Path) -> None:
        raise Skip("needs a cluster that makes images (`LONGSHORE_CLUSTER_DIR`)")

    def cut(self, node: str) -> None:
        raise Skip(self.REASON)

    def freeze(self, node: str) -> None:
        raise Skip(self.REASON)

    def boot(self, node: str) -> None:
        raise Skip(self.REASON)

    def free(self, kube: Kube) -> None:
        """Its storage class does it."""

    def kill(self, pod: str) -> None:
        raise Skip(self.REASON)


class Local:
    """The test cluster of one Linux machine that a folder with a `cluster` program manages."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.program = folder / "cluster"

    @staticmethod
    def find() -> Local | None:
        """`LONGSHORE_CLUSTER_DIR`, else the folder `shared/cluster` beside the repository."""
        named = os.environ.get("LONGSHORE_CLUSTER_DIR")
        folder = pathlib.Path(named) if named else REPOSITORY.parent / "shared/cluster"
        if (folder / "cluster").exists():
            return Local(folder.resolve())
        if named:
            raise Unexpected(f"`LONGSHORE_CLUSTER_DIR` is `{named}`, where no program `cluster` is")
        return None

    def run(self, *args: object) -> str:
        done = subprocess.run([str(self.program), *map(str, args)], text=True, capture_output=True)
        if done.returncode:
            raise Unexpected(f"`cluster {' '.join(map(str, args))}` ended with {done.returncode}: {done.stderr[-1500:]}")
        return done.stdout

    def up(self) -> pathlib.Path:
        """Starts what does not run and gives the kubeconfig."""
        return pathlib.Path(self.run("up").strip().splitlines()[-1])

    @property
    def state(self) -> pathlib.Path:
        return pathlib.Path(os.environ.get("LONGSHORE_CLUSTER_STATE") or pathlib.Path.home() / ".local/state/longshore-cluster")

    def owns(self, kubeconfig: pathlib.Path) -> bool:
        """Whether a kubeconfig is that of the cluster which runs here."""
        own = self.state / "kubeconfig"
        return own.exists() and own.resolve() == kubeconfig.resolve()

    def load(self, image: pathlib.Path) -> None:
        self.run("load", image)

    def pack(self, reference: str, archive: pathlib.Path, program: pathlib.Path) -> None:
        self.run("pack", "--user", "65532", reference, archive, program)

    def cut(self, node: str) -> None:
        self.run("node", "kill", node)

    def freeze(self, node: str) -> None:
        self.run("node", "stop", node)

    def boot(self, node: str) -> None:
        self.run("node", "start", node)

    def free(self, kube: Kube) -> None:
        for volume in kube.items("persistentvolumes"):
            spec, name = volume["spec"], volume["metadata"]["name"]
            if volume["status"]["phase"] != "Released" or "local" not in spec:
                continue
            node = spec["nodeAffinity"]["required"]["nodeSelectorTerms"][0]["matchExpressions"][0]["values"][0]
            for inside in (self.state / "machines" / node / spec["local"]["path"].lstrip("/")).iterdir():
                shutil.rmtree(inside) if inside.is_dir() else inside.unlink()
            kube.kubectl("patch", "persistentvolume", name, "--type=json", "-p", '[{"op": "remove", "path": "/spec/claimRef"}]')

    def kill(self, pod: str) -> None:
        # the machines are process trees of this one
        for process in pathlib.Path("/proc").iterdir():
            if not process.name.isdigit():
                continue
            try:
                groups, program = (process / "cgroup").read_text(), (process / "comm").read_text().strip()
                if pod in groups.replace("_", "-") and program != "pause":
                    os.kill(int(process.name), signal.SIGKILL)
            except (FileNotFoundError, ProcessLookupError):
                pass


def of_its_own_name(image: pathlib.Path, folder: pathlib.Path) -> tuple[pathlib.Path, str]:
    """A copy of an OCI archive in `folder` whose tag ends with its digest, and that name.

    Nodes keep what they have under a name: the name of another build must not run in place of this one.
    """
    with tarfile.open(image) as archive:
        try:
            index = json.load(archive.extractfile("index.json"))  # type: ignore[arg-type]
        except KeyError as error:
            raise Unexpected(f"`{image}` is no OCI archive (no `index.json`): `deploy/docker/image` makes one") from error
        first = index["manifests"][0]
        named = first.get("annotations", {}).get("io.containerd.image.name", "longshore.test/longshore:test")
        name = f"{named}-{first['digest'].removeprefix('sha256:')[:12]}"
        for manifest in index["manifests"]:
            manifest["annotations"] = {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name}
        folder.mkdir(parents=True, exist_ok=True)
        copy = folder / f"{first['digest'][7:19]}.tar"
        with tarfile.open(copy, "w") as out:
            for entry in archive.getmembers():
                if entry.name == "index.json":
                    data = json.dumps(index).encode()
                    entry.size = len(data)
                    out.addfile(entry, io.BytesIO(data))
                elif entry.name != "manifest.json":
                    out.addfile(entry, archive.extractfile(entry) if entry.isfile() else None)
    return copy, name
