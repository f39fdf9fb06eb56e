"""The stage's own certificate authority and the certificate of its loopback servers.

The SDKs refuse to send a token over plain http, so the stage speaks TLS; its authority is made anew at each start,
is valid for a week, and its key is never written to disk.
"""

import ipaddress
import ssl
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from azsim import clock

VALID = timedelta(days=7)
SKEW = timedelta(minutes=5)
# Clients that are told a "custom endpoint" connect to loopback and still check the real name.
HOSTS = ("localhost", "*.servicebus.windows.net", "*.blob.core.windows.net")
CA, SERVER = "ca.pem", "server.pem"
ADDRESSES = ("127.0.0.1", "::1")


class Authority(NamedTuple):
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def server_context(folder: Path) -> ssl.SSLContext:
    """A context for servers on loopback, from new files in `folder`."""
    make_server_files(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(folder / SERVER)
    return context


def make_server_files(folder: Path) -> Path:
    """Write `ca.pem`, which clients trust, and `server.pem` (0600: key and certificate); the path of the former."""
    authority = make_authority()
    key = ec.generate_private_key(ec.SECP256R1())
    ca, server = folder / CA, folder / SERVER
    ca.write_bytes(pem(authority.certificate))
    server.unlink(missing_ok=True)
    server.touch(mode=0o600)
    server.write_bytes(private_pem(key) + pem(sign_server(authority, key)))
    return ca


def make_authority() -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "azsim rehearsal stage")])
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    usage = key_usage(key_cert_sign=True, crl_sign=True)
    certificate = (
        unsigned(name, name, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key)


def sign_server(authority: Authority, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """The leaf. Python 3.13 verifies strictly: it wants both key identifiers and critical key usage."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "azsim")])
    names: list[x509.GeneralName] = [x509.DNSName(host) for host in HOSTS]
    names += [x509.IPAddress(ipaddress.ip_address(address)) for address in ADDRESSES]
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    return (
        unsigned(name, authority.certificate.subject, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(issuer, critical=False)
        .sign(authority.key, hashes.SHA256())
    )


def unsigned(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = clock.utc()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now + VALID)
    )


def key_usage(*, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
