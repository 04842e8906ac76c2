"""An authority for certificates, made by openssl."""

from __future__ import annotations

import pathlib
import ssl
import subprocess

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "2"]


class Authority:
    """An authority of its own in a folder, and the files it makes there."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.openssl("-subj", "/CN=suite", "-keyout", "ca.key", "-out", "ca.crt")

    def openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", "req", "-x509", *KEY, *arguments], cwd=self.folder, check=True, capture_output=True)

    def certificate(self, name: str, *names: str) -> None:
        """Makes `NAME.crt` and `NAME.key` for these names (`DNS:…`, `IP:…`)."""
        more = ["-addext", f"subjectAltName={','.join(names)}"] if names else []
        own = ["-CA", "ca.crt", "-CAkey", "ca.key", "-subj", f"/CN={name}", "-addext", "basicConstraints=CA:FALSE"]
        self.openssl(*own, *more, "-keyout", f"{name}.key", "-out", f"{name}.crt")

    def pair(self, name: str) -> dict[str, bytes]:
        """What a Secret holds, as cert-manager writes it."""
        files = {"ca.crt": "ca.crt", "tls.crt": f"{name}.crt", "tls.key": f"{name}.key"}
        return {key: (self.folder / file).read_bytes() for key, file in files.items()}

    def client(self, name: str | None) -> ssl.SSLContext:
        """Believes the authority; shows the certificate of `name`."""
        context = ssl.create_default_context(cafile=self.folder / "ca.crt")
        if name:
            context.load_cert_chain(self.folder / f"{name}.crt", self.folder / f"{name}.key")
        return context
