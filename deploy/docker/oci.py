"""OCI images as files: a layer from entries, the configuration, the manifest, the archive. The same input gives the same bytes."""
import gzip
import hashlib
import io
import json
import tarfile

IMAGE = "application/vnd.oci.image"


class Root:
    """A file system tree in memory; parents come by themselves."""

    def __init__(self):
        self.entries = {}

    def _add(self, path, kind, mode, data, owner=0):
        name = path.strip("/")
        parent = name.rpartition("/")[0]
        if parent and parent not in self.entries:
            self.folder(parent)
        info = tarfile.TarInfo(name)
        info.type, info.mode, info.uid, info.gid, info.size = kind, mode, owner, owner, len(data)
        self.entries[name] = (info, data)

    def folder(self, path, mode=0o755, owner=0):
        """A directory."""
        self._add(path, tarfile.DIRTYPE, mode, b"", owner)

    def file(self, path, data, mode=0o644):
        """A regular file from bytes or text."""
        self._add(path, tarfile.REGTYPE, mode, data.encode() if isinstance(data, str) else data)

    def layer(self, mtime):
        """The tree as an uncompressed tar, sorted by path."""
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for _, (info, data) in sorted(self.entries.items()):
                info.mtime = mtime
                tar.addfile(info, io.BytesIO(data))
        return out.getvalue()

    def write(self, folder):
        """The tree as files under `folder`, without its owners."""
        for name, (info, data) in sorted(self.entries.items()):
            path = folder / name
            if info.isdir():
                path.mkdir(parents=True, exist_ok=True)
            else:
                path.write_bytes(data)
            path.chmod(info.mode)


class Layout:
    """The blobs of an OCI layout."""

    def __init__(self):
        self.blobs = {}

    def blob(self, kind, data):
        """Keeps bytes and returns their descriptor."""
        descriptor = {"mediaType": kind, "digest": f"sha256:{hashlib.sha256(data).hexdigest()}", "size": len(data)}
        self.blobs[blob_path(descriptor)] = data
        return descriptor

    def image(self, arch, layer, config, created):
        """An image of one layer; returns its manifest's descriptor."""
        packed = io.BytesIO()
        with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=packed, mtime=0) as out:
            out.write(layer)
        description = {
            "created": created, "architecture": arch, "os": "linux", "config": config,
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
            "history": [{"created": created, "created_by": "deploy/docker/image"}],
        }
        manifest = {
            "schemaVersion": 2, "mediaType": f"{IMAGE}.manifest.v1+json",
            "config": self.blob(f"{IMAGE}.config.v1+json", compact(description)),
            "layers": [self.blob(f"{IMAGE}.layer.v1.tar+gzip", packed.getvalue())],
            "annotations": config["Labels"],
        }
        return {**self.blob(f"{IMAGE}.manifest.v1+json", compact(manifest)), "platform": {"architecture": arch, "os": "linux"}}

    def index(self, manifests):
        """An index over images of several architectures; returns its descriptor."""
        return self.blob(f"{IMAGE}.index.v1+json", compact(
            {"schemaVersion": 2, "mediaType": f"{IMAGE}.index.v1+json", "manifests": manifests}))

    def write(self, out, top, reference):
        """The archive, one image or index under one name."""
        # containerd reads the first name, skopeo, buildah and podman the second
        named = {**top, "annotations": {"io.containerd.image.name": reference, "org.opencontainers.image.ref.name": reference}}
        files = {
            "oci-layout": compact({"imageLayoutVersion": "1.0.0"}),
            "index.json": compact({"schemaVersion": 2, "mediaType": f"{IMAGE}.index.v1+json", "manifests": [named]}),
            **self.blobs,
        }
        if "platform" in top:
            image = json.loads(self.blobs[blob_path(top)])
            # the form that `docker load` of a Docker without containerd's image store reads
            files["manifest.json"] = compact([{"Config": blob_path(image["config"]), "RepoTags": [reference],
                                               "Layers": [blob_path(layer) for layer in image["layers"]]}])
        with tarfile.open(out, "w", format=tarfile.PAX_FORMAT) as tar:
            for folder in ("blobs", "blobs/sha256"):
                info = tarfile.TarInfo(folder)
                info.type, info.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(info)
            for name, data in sorted(files.items()):
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))


def blob_path(descriptor):
    """Where a layout keeps a blob."""
    return "blobs/" + descriptor["digest"].replace(":", "/")


def compact(value):
    """JSON with sorted keys and without spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
