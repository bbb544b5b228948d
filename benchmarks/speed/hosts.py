"""A host for every feed: an address of its own on loopback, a language, and certificates by an authority of our own."""

from __future__ import annotations

import subprocess
from pathlib import Path

LANGUAGES = ("ko", "ja", "zh-Hans", "zh-Hant", "en")  # of the feeds, in turn
A_CERTIFICATE = 50  # hosts that one certificate names: as long as what servers really send


def host(number: int) -> str:
    """The address of the machine that a feed is asked from."""
    return f"127.1.{number // 250}.{number % 250 + 1}"


def addresses(count: int, ports: list[int], *, tls: bool) -> list[str]:
    """The addresses of all feeds on the ports that the server has printed."""
    if not tls:
        return [f"http://{host(number)}:{ports[0]}/{number}.xml" for number in range(count)]
    return [f"https://{host(number)}:{ports[1 + number // A_CERTIFICATE]}/{number}.xml" for number in range(count)]


def certify(folder: Path, count: int) -> Path:
    """Makes an authority and its certificates, NNN.pem in the folder. Returns the certificate of the authority."""
    folder.mkdir()
    authority = folder / "authority.crt"
    _openssl(folder, "req -x509 -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -days 3 -subj /CN=benchmark"
             " -addext keyUsage=keyCertSign -keyout authority.key -out authority.crt")  # fmt: skip
    for first in range(0, count, A_CERTIFICATE):
        name = f"{first // A_CERTIFICATE:03}"
        named = ",".join(f"IP:{host(number)}" for number in range(first, first + A_CERTIFICATE))
        (folder / "extensions").write_text(
            f"subjectAltName={named}\nbasicConstraints=CA:FALSE\nkeyUsage=digitalSignature\n"
            "extendedKeyUsage=serverAuth\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
        )
        _openssl(folder, "req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj /CN=press"
                 f" -keyout {name}.key -out {name}.csr")  # fmt: skip
        _openssl(folder, f"x509 -req -days 2 -in {name}.csr -CA authority.crt -CAkey authority.key -CAcreateserial"
                 f" -extfile extensions -out {name}.crt")  # fmt: skip
        (folder / f"{name}.pem").write_text((folder / f"{name}.crt").read_text() + (folder / f"{name}.key").read_text())
    return authority


def _openssl(folder: Path, command: str) -> None:
    subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
