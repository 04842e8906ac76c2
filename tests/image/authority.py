"""A web server over TLS whose certificate an authority of its own has signed."""
import contextlib
import functools
import http.server
import ssl
import subprocess
import threading

EXTENSIONS = "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n"


def openssl(*arguments):
    subprocess.run(["openssl", *[str(a) for a in arguments]], check=True, capture_output=True)


@contextlib.contextmanager
def serving(work, folder):
    """Serves a folder; yields the URL and the authority's certificate."""
    key, authority = work / "authority.key", work / "authority.pem"
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 2, "-subj", "/CN=Authority of a test",
            "-addext", "keyUsage=critical,keyCertSign", "-keyout", key, "-out", authority)
    leaf, request, signed, extensions = (work / f"leaf.{end}" for end in ("key", "csr", "pem", "ext"))
    extensions.write_text(EXTENSIONS)
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-keyout", leaf, "-out", request)
    openssl("x509", "-req", "-in", request, "-CA", authority, "-CAkey", key, "-CAcreateserial", "-days", 2,
            "-extfile", extensions, "-out", signed)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(signed, leaf)
    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_port}", authority.read_bytes()
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Files, without a log."""

    def log_message(self, *_):
        pass
