"""How the program is compiled for others: without a path of this machine in it, and without symbols."""
import os
import pathlib
import subprocess
import sys

from debian import Failure

RUST_TARGETS = {"amd64": "x86_64-unknown-linux-gnu", "arm64": "aarch64-unknown-linux-gnu"}


def release(repository, arch, command=("build",), suffix="", variables=None):
    """Compiles a release by `cargo COMMAND` and returns the program's path."""
    target = RUST_TARGETS[arch]
    folder = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or repository / "target").resolve()
    home = pathlib.Path(os.environ.get("CARGO_HOME") or pathlib.Path.home() / ".cargo")
    paths = {repository: "/src", home: "/cargo", folder: "/target"}
    environment = {
        **os.environ, **(variables or {}), "CARGO_TARGET_DIR": str(folder), "CARGO_PROFILE_RELEASE_STRIP": "symbols",
        "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(f"--remap-path-prefix={real}={said}" for real, said in paths.items()),
        "CFLAGS": " ".join(f"-ffile-prefix-map={real}={said}" for real, said in paths.items()),
    }
    line = [os.environ.get("CARGO", "cargo"), *command, "--release", "--locked", "--package", "longshore", "--target", target + suffix]
    if subprocess.run(line, cwd=repository, env=environment, stdout=sys.stderr, check=False).returncode:
        raise Failure(f"the program did not compile for {target}; docs/guides/install.md and docs/guides/image.md say what a foreign architecture needs")
    return folder / target / "release/longshore"
