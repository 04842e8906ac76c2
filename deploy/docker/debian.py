"""Debian packages without installing them: a private apt downloads, `dpkg-deb` unpacks, `readelf` says what is needed.

apt's state lives in a cache folder of its own, so neither root nor the machine's own package lists are needed and
packages of a foreign architecture come the same way.
"""
import fcntl
import hashlib
import pathlib
import re
import subprocess
import time

LISTS_SECONDS = 24 * 3600  # package lists older than this are fetched anew

# what Longshore's name for an architecture is called elsewhere; the name itself is Debian's and OCI's
TRIPLES = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}
MACHINES = {"amd64": "Advanced Micro Devices X86-64", "arm64": "AArch64"}

# the packages of the shared objects a Rust program can need; libc6 has all of glibc's own
PROVIDERS = {"libgcc_s.so.1": "libgcc-s1", "libstdc++.so.6": "libstdc++6"}


class Failure(Exception):
    """Something the reader of the message can mend."""


def run(*command, **options):
    """Runs a program and returns what it printed."""
    try:
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False, **options)
    except FileNotFoundError:
        raise Failure(f"`{command[0]}` is missing: install it (Debian: apt, dpkg, binutils), or build with the Dockerfile") from None
    except PermissionError:
        raise Failure(f"`{command[0]}` may not be run: `chmod +x {command[0]}`") from None
    if done.returncode:
        raise Failure(f"`{' '.join(str(c) for c in command)}` failed:\n{(done.stderr or done.stdout).strip()}")
    return done.stdout


class Package:
    """A downloaded and unpacked package."""

    def __init__(self, archive, folder):
        self.archive, self.root = archive, folder
        self.control = run("dpkg-deb", "--field", archive)
        self.fields = dict(re.findall(r"^([A-Za-z-]+): (.*)$", self.control, re.M))
        self.name, self.version = self.fields["Package"], self.fields["Version"]
        if not folder.exists():
            part = folder.with_name(f"{folder.name}.part")
            run("rm", "-rf", part)
            run("dpkg-deb", "--extract", archive, part)
            part.rename(folder)

    def find(self, name):
        """The file of this name, wherever the package keeps it."""
        found = [path for path in self.root.rglob(name) if path.is_file() and not path.is_symlink()]
        return min(found, key=lambda path: len(path.parts), default=None)


class Apt:
    """Packages of one architecture, as the machine's apt sources offer them now."""

    def __init__(self, arch, cache):
        self.cache = cache / arch
        state, archives = self.cache / "state", self.cache / "archives"
        for folder in (state / "lists/partial", archives / "partial"):
            folder.mkdir(parents=True, exist_ok=True)
        (state / "status").touch()
        # held to the end of the process: two builds at once must not unpack over one another
        self.lock = (self.cache / "lock").open("w")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        self.command = ["apt-get", "-qq"]
        for option in (f"APT::Architecture={arch}", f"APT::Architectures={arch}", f"Dir::State={state}",
                       f"Dir::State::status={state}/status", f"Dir::Cache={archives}", "Acquire::Languages=none",
                       "APT::Sandbox::User=root"):
            self.command += ["-o", option]
        stamp = state / "updated"
        if not stamp.exists() or time.time() - stamp.stat().st_mtime > LISTS_SECONDS:
            run(*self.command, "update")
            stamp.touch()

    def fetch(self, name):
        """Downloads (once a version) and unpacks a package."""
        wanted = run(*self.command, "download", "--print-uris", name).split()
        if len(wanted) != 4:
            raise Failure(f"apt offers no package `{name}`: look into the apt sources of this machine")
        archive, digest = self.cache / wanted[1], wanted[3]
        if not (archive.exists() and digest == f"SHA256:{hashlib.sha256(archive.read_bytes()).hexdigest()}"):
            run(*self.command, "download", name, cwd=self.cache)
        return Package(archive, self.cache / archive.stem)

    def licences(self, package):
        """A package's copyright file, by its path in the image; some packages link to another's."""
        documents = package.root / "usr/share/doc" / package.name
        if documents.is_symlink():
            package = self.fetch(documents.readlink().name)
        return {f"/{file.relative_to(package.root)}": file.read_bytes() for file in package.root.glob("usr/share/doc/*/copyright")}


def architecture(binary):
    """The architecture an ELF file is for."""
    header = run("readelf", "--file-header", binary)
    machine = re.search(r"Machine:\s+(.*)", header)
    for arch, name in MACHINES.items():
        if machine and machine[1].strip() == name:
            return arch
    raise Failure(f"`{binary}` is for `{machine and machine[1]}`; images are made for {', '.join(MACHINES)}")


def needed(elf):
    """The names of the shared objects an ELF file asks for."""
    return re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "--dynamic", "--wide", elf))


def loader(elf):
    """The path of the program interpreter; none for a static program."""
    found = re.search(r"program interpreter: (.*)\]", run("readelf", "--program-headers", "--wide", elf))
    return found and found[1]


def shared_objects(apt, binary):
    """Everything `binary` needs to start: the packages used and {path in the image: file}."""
    packages, files = {}, {}

    def provider(soname):
        name = PROVIDERS.get(soname, "libc6")
        if name not in packages:
            packages[name] = apt.fetch(name)
        return packages[name]

    start = loader(binary)
    if start is None:
        return packages, files
    name, triple = pathlib.PurePath(start).name, TRIPLES[architecture(binary)]
    files[start] = provider(name).find(name)
    queue, seen = needed(binary), {name}
    while queue:
        soname = queue.pop()
        if soname in seen:
            continue
        seen.add(soname)
        package = provider(soname)
        file = package.find(soname)
        if file is None:
            raise Failure(f"`{binary}` needs `{soname}`, which is not in `{package.name}`: name its package in PROVIDERS of debian.py")
        files[f"/usr/lib/{triple}/{soname}"] = file
        queue += needed(file)
    check_versions(binary, files.values())
    return packages, files


def check_versions(binary, objects):
    """Refuses a binary linked against a newer C library than the image will have."""
    defined = set()
    for file in objects:
        defined.update(re.findall(r"Name: (\S+)", run("readelf", "--version-info", "--wide", file)))
    wanted = set(re.findall(r"Name: (G\S+)", run("readelf", "--version-info", "--wide", binary)))
    if missing := sorted(wanted - defined):
        raise Failure(f"`{binary}` was linked against a newer C library than apt offers here ({', '.join(missing)}): build it on this Debian")
