"""The documents name what is there, and every command in the guides is run by somebody."""

import pathlib
import re
import subprocess

import guides
import pytest
import render

DOCS = render.ROOT / "docs"
PLACES = ("deploy/", "tests/", "docs/", "examples/", "crates/", "bench/")
# What a name in capitals stands for, so that a path with it can be looked for.
STANDS_FOR = {"ENV": "dev", "NAME": "classification", "MODEL": "classification"}


def pages() -> list[pathlib.Path]:
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "docs", "deploy", "*.md"],
        cwd=render.ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [render.ROOT / name for name in sorted(set(names.splitlines())) if name.endswith(".md") and (render.ROOT / name).is_file()]


def anchors(page: pathlib.Path) -> set[str]:
    found = set()
    fenced = False
    for line in page.read_text().splitlines():
        fenced ^= line.startswith("```")
        heading = re.match(r"#+ (.+)", line)
        if heading and not fenced:
            text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading[1].lower())
            found.add(re.sub(r"[^\w\- ]", "", text).strip().replace(" ", "-"))
    return found


def test_links_lead_somewhere():
    wrong = []
    for page in pages():
        text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", text)):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            path = (page.parent / name).resolve() if name else page
            if not path.exists():
                wrong.append(f"{page.relative_to(render.ROOT)}: there is no `{target}`")
            elif anchor and path.suffix == ".md" and anchor not in anchors(path):
                wrong.append(f"{page.relative_to(render.ROOT)}: `{name}` has no heading for `#{anchor}`")
    assert not wrong, "\n".join(wrong)


def test_paths_are_there():
    wrong = []
    named = [
        page
        for page in pages()
        if page.is_relative_to(DOCS / "guides") or page == DOCS / "reference/seeds.md" or page.is_relative_to(render.ROOT / "deploy")
    ]
    assert len(named) > 10
    for page in named:
        for span in re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)):
            path = span.split()[0]
            if not path.startswith(PLACES) or "*" in path or "…" in path:
                continue
            for name, value in STANDS_FOR.items():
                path = re.sub(rf"\b{name}\b", value, path)
            if not (render.ROOT / path).exists():
                wrong.append(f"{page.relative_to(render.ROOT)}: there is no `{path}`")
    assert not wrong, "\n".join(wrong)


SUBJECTS = {"N": 13, "C": 22, "W": 20, "D": 6, "O": 6, "G": 8}


def test_every_requirement_has_its_row():
    rows = re.findall(r"^\| ([NCWDOG]\d+) \| ([^|]+) \| ([^|]+) \|$", (DOCS / "reference/seeds.md").read_text(), flags=re.MULTILINE)
    assert [row[0] for row in rows] == [f"{letter}{number}" for letter, last in SUBJECTS.items() for number in range(1, last + 1)]
    for name, _, here in rows:
        assert here.strip(), f"{name} says nothing of where it is"


@pytest.mark.parametrize("seed", [f"S{number}" for number in range(5)])
def test_every_seed_has_its_table(seed):
    text = (DOCS / "reference/seeds.md").read_text()
    part = text.split(f"\n## {seed}: ")[1].split("\n## ")[0]
    rows = [row for row in part.splitlines() if row.startswith("| ")][1:]
    assert len(rows) >= 12
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert len(cells) == 3, row
        assert cells[1] or cells[2], f"nothing is said of `{cells[0]}`"


def test_every_command_is_run_by_somebody():
    findings = guides.check()
    assert not findings, "\n".join(findings)
    kinds = {block.runner for block in guides.every_block()}
    assert set(guides.KINDS) <= kinds


def test_a_command_that_nobody_runs_is_found(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    monkeypatch.setattr(guides, "GUIDES", tmp_path)
    monkeypatch.setattr(guides, "LIST", tmp_path / "eks.md")
    (tmp_path / "eks.md").write_text(f"{guides.BEGIN}\n{guides.END}\n")
    page.write_text("```sh\ntrue\n```\n")
    assert any("nobody runs `true`" in finding for finding in guides.check())
    page.write_text("```\ntrue\n```\n")
    assert any("a block without a language" in finding for finding in guides.check())
    page.write_text("<!-- run: by tests/infra/nothing -->\n```sh\ntrue\n```\n")
    assert any("there is no `tests/infra/nothing`" in finding for finding in guides.check())
    page.write_text("<!-- run: by tests/infra/gitops -->\n```sh\nhelm install " + "nowhere\n```\n")
    assert any("does not run `helm install " in finding for finding in guides.check())
    page.write_text("<!-- needs: account -->\n```sh\naws s3 ls \\\n  s3://bucket\n```\n")
    assert any("out of date" in finding for finding in guides.check())
    (tmp_path / "eks.md").write_text(f"{guides.BEGIN}\n{guides.table()}\n{guides.END}\n")
    assert guides.check() == []
    assert "| [page.md](page.md) | `aws s3 ls s3://bucket` |" in guides.table()
