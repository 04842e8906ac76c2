"""An issuer of tokens (OpenID Connect) on this machine, whose keys and tokens a test chooses."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

AUDIENCE = "longshore"


def coded(data: bytes | dict) -> str:
    data = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value: int) -> str:
    return coded(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class Issuer:
    """One that describes itself at `url`, from `with` to the end of the block."""

    def __enter__(self) -> Issuer:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                paths = {"/.well-known/openid-configuration": {"issuer": issuer.url, "jwks_uri": f"{issuer.url}/keys"}, "/keys": issuer.keys()}
                found = paths.get(self.path)
                self.send_response(200 if found else 404)
                self.end_headers()
                self.wfile.write(json.dumps(found).encode())

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.rotate()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()

    def rotate(self) -> None:
        """Sign with new keys, and publish no others."""
        self.rsa = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.names = {"RS256": f"r{time.time_ns()}", "ES256": f"e{time.time_ns()}"}

    def keys(self) -> dict:
        of_rsa, of_ec = self.rsa.public_key().public_numbers(), self.ec.public_key().public_numbers()
        return {
            "keys": [
                {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.names["RS256"], "n": number(of_rsa.n), "e": number(of_rsa.e)},
                {"kty": "EC", "crv": "P-256", "kid": self.names["ES256"], "x": coded(of_ec.x.to_bytes(32, "big")), "y": coded(of_ec.y.to_bytes(32, "big"))},
            ]
        }

    def claims(self, subject: str, **claims: object) -> dict:
        now = int(time.time())
        return {"iss": self.url, "aud": AUDIENCE, "sub": subject, "iat": now, "nbf": now, "exp": now + 300} | claims

    def token(self, subject: str, algorithm: str = "RS256", header: dict | None = None, **claims: object) -> str:
        """A token with these claims; one that is `None` is left out."""
        said = {name: value for name, value in self.claims(subject, **claims).items() if value is not None}
        head = {"typ": "JWT", "alg": algorithm, "kid": self.names.get(algorithm, self.names["RS256"])} | (header or {})
        signed = f"{coded(head)}.{coded(said)}"
        return f"{signed}.{coded(self.signature(algorithm, signed.encode()))}"

    def signature(self, algorithm: str, signed: bytes) -> bytes:
        if algorithm == "RS256":
            return self.rsa.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        if algorithm == "ES256":
            r, s = utils.decode_dss_signature(self.ec.sign(signed, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        if algorithm == "HS256":
            # a key that everybody knows, taken for a secret
            public = self.rsa.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            return hmac.new(public, signed, hashlib.sha256).digest()
        return b""
