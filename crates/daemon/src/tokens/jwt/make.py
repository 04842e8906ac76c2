"""Writes `tokens.json` beside this file: a set of keys, and tokens that PyJWT has signed with them.

    pip install 'pyjwt[crypto]' && python make.py
"""

import json
import pathlib

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

KEYS = {
    "RS256": (rsa.generate_private_key(public_exponent=65537, key_size=2048), RSAAlgorithm),
    "ES256": (ec.generate_private_key(ec.SECP256R1()), ECAlgorithm),
    "EdDSA": (ed25519.Ed25519PrivateKey.generate(), OKPAlgorithm),
}
ISSUER, AUDIENCE, SUBJECT = "https://issuer.example.com", "models", "team-a"
BEGINS, EXPIRES = 1_700_000_000, 1_700_003_600
CLAIMS = {"iss": ISSUER, "aud": AUDIENCE, "sub": SUBJECT, "nbf": BEGINS, "exp": EXPIRES}

MORE = {
    "email": "ada@example.com",
    "groups": ["a", "b"],
    "https://a.example.com/groups": ["c"],
    "realm": {"roles": ["d"]},
}


def sign(algorithm: str, claims: dict, kid: str | None = "", headers: dict | None = None) -> str:
    named = {} if kid is None else {"kid": kid or algorithm}
    return jwt.encode(claims, KEYS[algorithm][0], algorithm, headers={**named, **(headers or {})})


def without(name: str) -> dict:
    return {key: value for key, value in CLAIMS.items() if key != name}


stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
result = {
    "jwks": {
        "keys": [
            {**json.loads(kind.to_jwk(key.public_key())), "kid": name}
            for name, (key, kind) in KEYS.items()
        ]
        + [{"kty": "RSA", "use": "enc", "n": "AQAB", "e": "AQAB"}, {"kty": "oct", "k": "c2VjcmV0"}, {}]
    },
    "good": {
        **{algorithm: sign(algorithm, CLAIMS) for algorithm in KEYS},
        "without a key's name": sign("ES256", CLAIMS, kid=None),
        "several audiences": sign("RS256", {**CLAIMS, "aud": ["other", AUDIENCE]}),
        "a time with a fraction": sign("EdDSA", {**CLAIMS, "exp": EXPIRES + 0.5}),
    },
    "bad": {
        "its `iss` is not": sign("RS256", {**CLAIMS, "iss": ISSUER + "/"}),
        "its `aud` does not name": sign("RS256", {**CLAIMS, "aud": "other"}),
        "it has no `sub`": sign("RS256", without("sub")),
        "it has no `exp`": sign("RS256", without("exp")),
        "critical extensions": sign("RS256", CLAIMS, headers={"crit": ["b64"], "b64": True}),
        "its signature is wrong": jwt.encode(CLAIMS, stranger, "RS256", headers={"kid": "RS256"}),
        "a key that its issuer does not publish": jwt.encode(CLAIMS, stranger, "RS256", headers={"kid": "new"}),
        "none of RS256, ES256 and EdDSA": jwt.encode(CLAIMS, "s" * 32, "HS256", headers={"kid": "RS256"}),
        "its algorithm is none": jwt.encode(CLAIMS, None, "none"),
    },
    "other": {"with claims": sign("ES256", {**CLAIMS, **MORE})},
}
pathlib.Path(__file__).with_name("tokens.json").write_text(json.dumps(result, indent=1) + "\n")
