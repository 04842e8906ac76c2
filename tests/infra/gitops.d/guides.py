"""The commands in the README and the guides: which there are, who runs each of them, and a way to run them.

A fenced block of `sh` or `console` carries one marker on the line before it, and so does a block of `python` on the pages that newcomers read:

    <!-- run: local -->          on this machine, in a clone
    <!-- run: cluster -->        against a real cluster, in a namespace of the page's own
    <!-- run: emulator -->       against an emulated AWS
    <!-- run: by SCRIPT -->      by that script of the repository, which holds the same commands
    <!-- needs: account -->      by nobody here: it needs a real AWS account, and is listed in docs/guides/eks.md

A block of `python` is a program of its own, run where the commands are; `python` has today's MLflow and the libraries that train.
"""

import argparse
import contextlib
import dataclasses
import os
import pathlib
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import typing

import render

GUIDES = render.ROOT / "docs/guides"
LANGUAGES = ("sh", "console", "bash", "shell")
# The pages that newcomers read: every block of Python runs, which may be a fragment elsewhere, and servers are waited for.
NEWCOMERS = ("README.md", "first-steps.md", "serve-a-model.md")
KINDS = ("local", "cluster", "emulator")
LIST = GUIDES / "eks.md"
BEGIN, END = "<!-- account commands: begin -->", "<!-- account commands: end -->"
SECONDS = 900
# What a reader has set before; the guides say so once.
PRESETS = {
    "IMAGE": "longshore.test/longshore",
    "TAG": "0.1.0",
    "DIGEST": "sha256:" + "5e" * 32,
    "ACCOUNT": "123456789012",
    "REGION": "eu-west-1",
    "NO_COLOR": "1",
    "TF_CLI_ARGS": "-no-color",
}


@dataclasses.dataclass(frozen=True)
class Block:
    page: str
    line: int
    # a kind, `by SCRIPT`, `account`, or nothing when there is no marker
    runner: str
    text: str
    language: str = "sh"

    @property
    def where(self) -> str:
        return f"{named(self.page)}:{self.line}"

    @property
    def commands(self) -> list[str]:
        """Each command as one line: continued lines joined, comments and empty lines left out, a here-document with its command."""
        if self.language == "python":
            return [f"python: {self.text.splitlines()[0]}"] if self.text.strip() else []
        joined = re.sub(r"\\\n\s*", "", self.text)
        found: list[str] = []
        until = None
        for line in joined.splitlines():
            if until:
                until = None if line.strip() == until else until
                continue
            if line.strip() and not line.strip().startswith("#"):
                found.append(" ".join(line.split()))
                here = re.search(r"<<-?\s*['\"]?(\w+)", line)
                until = here[1] if here else None
        return found

    @property
    def script(self) -> str:
        """What bash runs."""
        if self.language == "python":
            return f"python - <<'END OF PYTHON'\n{self.text}\nEND OF PYTHON"
        if self.page not in NEWCOMERS:
            return self.text
        return re.sub(r"^longshore (serve|tracking)\b.* &( .*)?$", waited_for, self.text, flags=re.M)


def waited_for(begun: re.Match[str]) -> str:
    """A line that begins a server, and a wait until it is ready: a reader reads on meanwhile."""
    port = re.search(r"(?:--port|-p)[ =](\d+)", begun[0])
    address = f"localhost:{port[1] if port else {'serve': 8080, 'tracking': 5000}[begun[1]]}/health/ready"
    return f"{begun[0]}\ncurl -sf --retry 60 --retry-all-errors --retry-delay 1 -o /dev/null {address} 2>/dev/null"


def named(page: str) -> str:
    return page if page == "README.md" else f"docs/guides/{page}"


def pages() -> list[pathlib.Path]:
    return [render.ROOT / "README.md", *sorted(GUIDES.glob("*.md"))]


def blocks(path: pathlib.Path) -> list[Block]:
    found = []
    lines = path.read_text().splitlines()
    number = 0
    while number < len(lines):
        fence = re.match(r"(\s*)(```+|~~~+)\s*(\w*)", lines[number])
        if not fence:
            number += 1
            continue
        start, number = number, number + 1
        body = []
        while number < len(lines) and lines[number].strip() != fence[2]:
            body.append(lines[number].removeprefix(fence[1]))
            number += 1
        number += 1
        if fence[3] and fence[3] not in LANGUAGES and fence[3] != "python":
            continue
        if fence[3] == "console":
            body = [line[2:] for line in body if line.startswith("$ ")]
        marker = re.fullmatch(r"\s*<!-- (run|needs): (.+?) -->", lines[start - 1]) if start else None
        if fence[3] == "python" and not marker and path.name not in NEWCOMERS:
            continue
        runner = marker[2] if marker and (marker[1] == "run") == (marker[2] != "account") else ""
        found.append(Block(path.name, start + 1, runner if fence[3] else "no language", "\n".join(body), fence[3]))
    return found


def every_block() -> list[Block]:
    return [block for path in pages() for block in blocks(path)]


def table() -> str:
    rows = ["| page | command |", "|---|---|"]
    for block in every_block():
        if block.runner == "account":
            rows += [f"| [{block.page}]({block.page}) | `{command.replace('|', chr(92) + '|')}` |" for command in block.commands]
    return "\n".join(rows)


def listed() -> tuple[str, str, str]:
    """The page with the list, cut into what is before, the list, and what is after."""
    text = LIST.read_text()
    if BEGIN not in text or END not in text:
        raise ValueError(f"docs/guides/{LIST.name} lacks the lines `{BEGIN}` and `{END}`")
    before, rest = text.split(BEGIN, 1)
    inside, after = rest.split(END, 1)
    return before + BEGIN, inside.strip("\n"), END + after


def scripted(block: Block) -> list[str]:
    """Findings on a block that a script of ours runs: the script has to hold its commands."""
    script = render.ROOT / block.runner.removeprefix("by ")
    if not script.is_file():
        return [f"{block.where}: there is no `{block.runner.removeprefix('by ')}`"]
    files = [script]
    for folder in [script.parent] if script.name == "run" else [script.with_name(script.name + ".d"), script.parent / "suite"]:
        files += [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    text = ""
    for path in files:
        with contextlib.suppress(UnicodeDecodeError):
            text += re.sub(r"\\\n\s*", "", path.read_text()) + "\n"
    text = " ".join(text.split())
    if f"tests/infra/guides {block.page}" in text:
        return []
    # A program of ours may be called with the script's own arguments.
    ours = [command.split()[0] for command in block.commands if (render.ROOT / command.split()[0]).is_file()]
    said = [re.sub(r"\s+# .*", "", command) for command in block.commands]
    missing = [command for command in said if command not in text and (command.split()[0] not in ours or command.split()[0] not in text)]
    return [f"{block.where}: `{block.runner.removeprefix('by ')}` does not run `{command}`" for command in missing]


def check() -> list[str]:
    findings = []
    for block in every_block():
        if block.runner == "no language":
            findings.append(f"{block.where}: a block without a language: write `sh` for commands, `text` for what they print")
        elif not block.commands:
            findings.append(f"{block.where}: a block without a command: give it the language `text`")
        elif block.runner.startswith("by "):
            findings += scripted(block)
        elif block.runner not in (*KINDS, "account"):
            findings.append(
                f"{block.where}: nobody runs `{block.commands[0]}`: "
                f"write `<!-- run: local|cluster|emulator|by SCRIPT -->` or `<!-- needs: account -->` on the line before"
            )
    try:
        if listed()[1] != table():
            findings.append(f"docs/guides/{LIST.name}: the list of commands that need an account is out of date: run `tests/infra/guides --write`")
    except ValueError as error:
        findings.append(str(error))
    return findings


@contextlib.contextmanager
def a_clone() -> typing.Iterator[pathlib.Path]:
    """What a reader has: a clone of the files as they are now, with the account's values written."""
    with tempfile.TemporaryDirectory() as folder:
        clone = pathlib.Path(folder) / "longshore"
        clone.mkdir()
        names = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=render.ROOT, check=True, capture_output=True
        ).stdout
        there = ((name, render.ROOT / os.fsdecode(name)) for name in names.split(b"\0") if name)
        # the chart's definitions are a link to a folder
        kept = b"\0".join(name for name, path in there if path.is_file() or path.is_symlink())
        pack = subprocess.run(["tar", "-c", "--null", "-T", "-"], cwd=render.ROOT, input=kept, check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x"], cwd=clone, input=pack, check=True)
        render.fill_in(clone / "deploy/environments", PRESETS["ACCOUNT"])
        for words in (
            ["init", "-q", "-b", "main"],
            ["config", "user.name", "reader"],
            ["config", "user.email", "reader@example.org"],
            ["config", "commit.gpgsign", "false"],
            # Git's housekeeping outlives the command that starts it, and writes into the folder while it is being removed.
            ["config", "gc.auto", "0"],
            ["config", "maintenance.auto", "false"],
            ["add", "-A"],
            ["commit", "-q", "-m", "start"],
        ):
            subprocess.run(["git", *words], cwd=clone, check=True)
        yield clone


def kubectl(kubeconfig: str, *words: str) -> None:
    subprocess.run(["kubectl", "--kubeconfig", kubeconfig, *words], check=True, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def a_namespace(kubeconfig: str, page: str) -> typing.Iterator[dict[str, str]]:
    name = f"guide-{page.removesuffix('.md').lower()}-{secrets.token_hex(2)}"
    with tempfile.TemporaryDirectory() as folder:
        own = pathlib.Path(folder) / "kubeconfig"
        own.write_text(pathlib.Path(kubeconfig).read_text())
        own.chmod(0o600)
        kubectl(str(own), "create", "namespace", name)
        kubectl(str(own), "label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
        kubectl(str(own), "config", "set-context", "--current", "--namespace", name)
        try:
            yield {"KUBECONFIG": str(own), "NAMESPACE": name, "HELM_NAMESPACE": name}
        finally:
            kubectl(kubeconfig, "delete", "namespace", name, "--wait=true", "--timeout=180s")


def terraform() -> dict[str, str]:
    """What tells Terraform where its providers are."""
    text = subprocess.run(["bash", "-c", f'eval "$({render.ROOT}/tests/infra/tfenv)"; env -0'], check=True, capture_output=True, text=True).stdout
    exported = dict(line.split("=", 1) for line in text.split("\0") if "=" in line)
    return {key: value for key, value in exported.items() if os.environ.get(key) != value}


@contextlib.contextmanager
def an_emulator() -> typing.Iterator[dict[str, str]]:
    made = subprocess.run(
        [str(render.ROOT / "tests/venv"), str(render.ROOT / "tests/infra/emulator.d/requirements.txt"), "11", "12"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}
    with subprocess.Popen(
        [f"{made}/bin/python", str(render.ROOT / "tests/infra/emulator.d/server.py"), str(port)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            for _ in range(600):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
                time.sleep(0.1)
            else:
                raise TimeoutError("the emulator did not start within a minute")
            yield {
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
                "AWS_ACCESS_KEY_ID": "reader",
                "AWS_SECRET_ACCESS_KEY": "reader",
                "AWS_REGION": "eu-west-1",
                "AWS_EC2_METADATA_DISABLED": "true",
            }
        finally:
            server.terminate()


def in_one_shell(page: str, wanted: list[Block], clone: pathlib.Path, environment: dict[str, str]) -> bool:
    """Runs the blocks of one page in one shell, in order."""
    # What a block leaves running, such as a port-forward, ends with the shell; it would hold the pipe open.
    parts = ["set -euo pipefail", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT"]
    for block in wanted:
        parts += [f"printf '\\n== {block.where}\\n'", *(f"printf '%s\\n' {shell_word('$ ' + command)}" for command in block.commands), block.script]
    parts.append("printf '\\n== the end\\n'")
    start = time.monotonic()
    with subprocess.Popen(
        ["bash", "-c", "\n".join(parts)],
        cwd=clone,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        kill = signal.signal(signal.SIGALRM, lambda *_: os.killpg(process.pid, signal.SIGKILL))
        signal.alarm(SECONDS)
        try:
            ended = False
            for line in process.stdout:
                sys.stdout.write(line)
                sys.stdout.flush()
                if line == "== the end\n":
                    ended = True
                    break
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, kill)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=5)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    count = sum(len(block.commands) for block in wanted)
    print(f"{'PASS' if ended else 'FAIL'} {named(page)}: {count} commands in {time.monotonic() - start:.1f} s", flush=True)
    return ended


def shell_word(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def run(kind: str, only: list[str], kubeconfig: str | None) -> int:
    failed = ran = 0
    presets = PRESETS | terraform()
    for path in pages():
        wanted = [block for block in blocks(path) if block.runner == kind]
        if not wanted or (only and path.name not in only):
            continue
        ran += 1
        with contextlib.ExitStack() as stack:
            environment = presets | ({"KUBECONFIG": "/nonexistent"} if kind != "cluster" else {})
            if kind == "cluster":
                environment |= stack.enter_context(a_namespace(kubeconfig, path.name))
            if kind == "emulator":
                environment |= stack.enter_context(an_emulator())
            failed += not in_one_shell(path.name, wanted, stack.enter_context(a_clone()), environment)
    if ran == 0:
        print(f"no page has blocks with `<!-- run: {kind} -->`", file=sys.stderr)
        return 1
    return 1 if failed else 0


def main() -> int:
    parser = argparse.ArgumentParser(usage="guides [--pages | --check | --list-account | --write | local | cluster | emulator] [PAGE…]")
    parser.add_argument("kind", nargs="?", choices=KINDS)
    parser.add_argument("page", nargs="*", help="only these pages")
    for flag in ("--pages", "--check", "--list-account", "--write"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("--kubeconfig")
    given = parser.parse_intermixed_args()
    # Ended from outside, namespaces and servers still go.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if given.pages:
        print("\n".join(path.name for path in pages()))
    elif given.list_account:
        print(table())
    elif given.write:
        before, _, after = listed()
        LIST.write_text(f"{before}\n{table()}\n{after}")
    elif given.kind:
        if given.kind == "cluster" and not given.kubeconfig:
            parser.error("`cluster` needs --kubeconfig FILE")
        return run(given.kind, given.page, given.kubeconfig)
    else:
        findings = check()
        print("\n".join(findings), file=sys.stderr, end="\n" if findings else "")
        total = every_block()
        print(f"{sum(len(block.commands) for block in total)} commands in {len(total)} blocks on {len(pages())} pages, {len(findings)} findings")
        return 1 if findings else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
