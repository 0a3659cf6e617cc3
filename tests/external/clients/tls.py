"""HTTPS on loopback: AWS's SDKs send a bearer token by nothing else."""

import ssl
import subprocess


def certificate(folder):
    """A server's context, whose certificate of 127.0.0.1 a client has to trust: `certificate.pem` in the folder."""
    file, key = folder / "certificate.pem", folder / "key.pem"
    signed = ["openssl", "req", "-x509", "-days", "2", "-subj", "/CN=127.0.0.1"]
    named = ["-addext", "subjectAltName=IP:127.0.0.1"]
    keyed = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(key)]
    command = [*signed, *named, *keyed, "-out", str(file)]
    subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key)
    return context
