"""A container of an image's files by runc: read-only root, no capability, no privilege, the host's network alone."""
import contextlib
import json
import os
import pathlib
import re
import socket
import subprocess
import time
import urllib.request

TMPFS = ["nosuid", "nodev", "mode=0755", "uid=65532", "gid=65532"]


def unpack(layer, folder):
    """Writes a layer's files with their owners and modes."""
    for path, (member, data) in layer.items():
        target = folder / path[1:]
        if member.isdir():
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        os.chown(target, member.uid, member.gid)
        target.chmod(member.mode)
    for place in ("proc", "dev"):
        (folder / place).mkdir()


class Container:
    """A started container; leaving the `with` block ends it."""

    def __init__(self, work, root, config, arguments):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.name = f"longshore-image-{os.getpid()}-{self.port}"
        self.runc = ["runc", "--root", work / "runc"]
        self.log = work / f"{self.name}.log"
        self.bundle = work / self.name
        self.bundle.mkdir()
        subprocess.run(["runc", "spec"], cwd=self.bundle, check=True)
        spec = json.loads((self.bundle / "config.json").read_text())
        spec["root"] = {"path": str(root), "readonly": True}
        spec["process"] |= {
            "terminal": False, "user": {"uid": 65532, "gid": 65532}, "noNewPrivileges": True, "capabilities": {}, "cwd": "/",
            "args": [*config["Entrypoint"], *arguments], "env": [*config["Env"], f"LONGSHORE_PORT={self.port}"]}
        spec["mounts"] = [m for m in spec["mounts"] if m["destination"] in ("/proc", "/dev")]
        cache = next(value for value in config["Env"] if value.startswith("LONGSHORE_CACHE_DIR=")).partition("=")[2]
        spec["mounts"].append({"destination": cache, "type": "tmpfs", "source": "tmpfs", "options": TMPFS})
        spec["linux"]["namespaces"] = [n for n in spec["linux"]["namespaces"] if n["type"] != "network"]
        (self.bundle / "config.json").write_text(json.dumps(spec))

    def __enter__(self):
        self.start = time.monotonic()
        with self.log.open("w") as log:
            command = [*self.runc, "run", "--bundle", self.bundle, self.name]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            subprocess.run([*self.runc, "delete", "--force", self.name], check=False)
            self.process.wait()

    def ask(self, path, body=None, seconds=20):
        """The JSON that a path answers, as soon as it does, and the seconds since the start; none when it never does."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, {"Content-Type": "application/json"})
        while self.process.poll() is None and time.monotonic() - self.start < seconds:
            with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=5) as reply:
                return json.load(reply), time.monotonic() - self.start
            time.sleep(0.01)
        return None, time.monotonic() - self.start

    def memory(self):
        """Bytes that are resident; of what processes share, this one's part."""
        state = subprocess.run([*self.runc, "state", self.name], check=True, capture_output=True).stdout
        sizes = pathlib.Path(f"/proc/{json.loads(state)['pid']}/smaps_rollup").read_text()
        return int(re.search(r"^Pss: +(\d+) kB$", sizes, re.MULTILINE)[1]) * 1024

    def stop(self):
        """Sends TERM and returns the exit code."""
        subprocess.run([*self.runc, "kill", self.name, "TERM"], check=True)
        return self.process.wait(timeout=40)

    def said(self):
        """The log."""
        return pathlib.Path(self.log).read_text()
