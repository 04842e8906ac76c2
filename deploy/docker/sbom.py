"""What is in the image, as SPDX 2.3 in JSON: the program, every crate compiled into it, and the Debian packages."""
import hashlib
import json
import os
import pathlib
import re

from debian import Failure, run
from program import RUST_TARGETS


def crates(repository, arch):
    """The crates linked into the program, without those that only build it: cargo's own answer, with their licences."""
    cargo = os.environ.get("CARGO", "cargo")
    manifest = repository / "Cargo.toml"
    target = RUST_TARGETS[arch]
    tree = run(cargo, "tree", "--locked", "--manifest-path", manifest, "--package", "longshore", "--target", target,
               "--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}", cwd=repository)
    linked = set(re.findall(r"^(\S+) v(\S+)", tree, re.M))
    metadata = json.loads(run(cargo, "metadata", "--locked", "--format-version", "1", "--filter-platform", target,
                              "--manifest-path", manifest, cwd=repository))
    known = {(package["name"], package["version"]): package for package in metadata["packages"]}
    if missing := linked - known.keys():
        raise Failure(f"cargo's metadata does not know {sorted(missing)}: run `cargo metadata --locked` to see why")
    sums = checksums(repository / "Cargo.lock")
    return [{**known[key], "sha256": sums.get(key)} for key in sorted(linked)]


def notices(crates):
    """The licence and notice files of the crates' sources, each text once, under the crates that it belongs to."""
    texts = {}
    for crate in crates:
        folder = pathlib.Path(crate["manifest_path"]).parent
        files = [file for file in folder.iterdir() if re.match(r"(licen[cs]e|copying|copyright|notice|unlicense)", file.name, re.I)]
        for file in sorted(file for file in files if file.is_file() and crate["source"]):
            texts.setdefault(file.read_text(errors="replace").strip(), []).append(f"{crate['name']} {crate['version']}")
    return "\n\n".join(f"{', '.join(dict.fromkeys(names))}\n\n{text}\n{'-' * 80}" for text, names in texts.items()) + "\n"


def checksums(lock):
    """The digests of the crates' archives in Cargo.lock, by name and version."""
    found = re.findall(r'name = "(.*)"\nversion = "(.*)"\nsource = ".*"\nchecksum = "(.*)"', lock.read_text())
    return {(name, version): digest for name, version, digest in found}


def document(version, arch, created, binary, crates, packages, page=None):
    """The SPDX document."""
    program = "SPDXRef-Package-longshore"
    listed, links = [], []

    def add(identity, name, version, purl, licence, parent, relation, **more):
        listed.append({
            "SPDXID": identity, "name": name, "versionInfo": version, "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
            "licenseConcluded": "NOASSERTION", "licenseDeclared": licence, "copyrightText": "NOASSERTION",
            "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}], **more})
        links.append({"spdxElementId": parent, "relationshipType": relation, "relatedSpdxElement": identity})

    own = next(crate for crate in crates if crate["name"] == "longshore")
    add(program, "longshore", version, f"pkg:generic/longshore@{version}?arch={arch}", expression(own), "SPDXRef-DOCUMENT", "DESCRIBES",
        primaryPackagePurpose="APPLICATION", checksums=[{"algorithm": "SHA256", "checksumValue": hashlib.sha256(binary.read_bytes()).hexdigest()}])
    for compiler in re.findall(r"rustc version (\S+)", run("readelf", "--string-dump=.comment", binary)):
        add(reference("Rust", "std", compiler), "rust-std", compiler, f"pkg:generic/rust-std@{compiler}", "MIT OR Apache-2.0", program, "CONTAINS")
    for crate in crates:
        digest = [{"algorithm": "SHA256", "checksumValue": crate["sha256"]}] if crate["sha256"] else []
        add(reference("Crate", crate["name"], crate["version"]), crate["name"], crate["version"],
            f"pkg:cargo/{crate['name']}@{crate['version']}", expression(crate), program, "CONTAINS", checksums=digest)
    for package in packages:
        digest = hashlib.sha256(package.archive.read_bytes()).hexdigest()
        add(reference("Debian", package.name, package.version), package.name, package.version,
            f"pkg:deb/debian/{package.name}@{quoted(package.version)}?arch={package.fields['Architecture']}", "NOASSERTION",
            program, "DEPENDS_ON", supplier="Organization: Debian", checksums=[{"algorithm": "SHA256", "checksumValue": digest}])
    if page:
        add(reference("Python", "mlflow", page.version), "mlflow", page.version, f"pkg:pypi/mlflow@{quoted(page.version)}", "Apache-2.0", program, "DEPENDS_ON",
            comment="The built web page alone")
    contents = hashlib.sha256(json.dumps(listed, sort_keys=True).encode()).hexdigest()
    return {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": f"longshore-{version}-{arch}",
        "documentNamespace": f"https://longshore.dev/spdx/longshore-{version}-{arch}-{contents[:32]}",
        "creationInfo": {"created": created, "creators": [f"Tool: longshore-image-{version}"]},
        "packages": listed, "relationships": links,
    }


def reference(*parts):
    """An SPDX identifier: letters, digits, full stops and hyphens."""
    return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", "-".join(parts))


def expression(crate):
    """A crate's licence as SPDX writes it; a slash is an old way of saying `OR`."""
    return (crate["license"] or "NOASSERTION").replace(" / ", " OR ").replace("/", " OR ")


def quoted(version):
    """A version inside a package URL."""
    return version.replace("+", "%2B").replace(":", "%3A")
