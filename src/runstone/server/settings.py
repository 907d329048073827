"""What a server is told when it starts: small groups, each next to what it governs.

A value comes from the command line, else from the environment (`RUNSTONE_*`), else from here.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from runstone.journal.home import home
from runstone.server.domain.errors import Invalid

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Tls:
    """Files in PEM: the certificate with those that vouch for it behind it, and its private key."""

    certificate: Path
    key: Path

    def check(self) -> None:
        """Raises Invalid where they cannot be read, or do not belong together."""
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
                self.certificate,
                self.key,
                password=lambda: "",  # a server has nobody to ask
            )
        except (OSError, ValueError) as error:  # ssl's own are of the first kind
            raise Invalid(
                f"The TLS certificate {str(self.certificate)!r} with the key {str(self.key)!r} cannot be "
                f"used: {error}. Name two PEM files that belong together, the key without a pass phrase "
                "(--tls-cert, --tls-key)."
            ) from None


@dataclass(frozen=True, slots=True)
class Listen:
    """Where requests come in, and the address people know the server by.

    port 0 is any free one. base_url: as browsers and clients see it, path prefix included; "" is
    the listening address itself. trusted_proxies: addresses whose `X-Forwarded-*` headers count.
    tls: what to answer https with; None is plain http, as behind a proxy.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    base_url: str = ""
    trusted_proxies: tuple[str, ...] = ()
    tls: Tls | None = None

    @property
    def path_prefix(self) -> str:
        """ "" or "/some/prefix", without a slash at the end."""
        return urlsplit(self.base_url).path.rstrip("/")


@dataclass(frozen=True, slots=True)
class Storage:
    """Where things are kept: one directory, unless an address names another store.

    signing_key_file: the secret behind signed addresses, in place of one made in the data directory;
    replicas need the same one.
    """

    data: Path = field(default_factory=home)
    database_url: str = ""
    history_url: str = ""
    blobs_url: str = ""
    signing_key_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds: bodies in bytes, threads by what they do, how long a stop may take."""

    json_body_bytes: int = 16 * MIB
    journal_body_bytes: int = 64 * MIB
    file_body_bytes: int = 1024 * 1024 * MIB
    bodies_in_flight_bytes: int = 512 * MIB
    ingest_threads: int = 16
    read_threads: int = 24
    slow_threads: int = 8
    waiting_max: int = 1024  # calls that may wait for a thread, per kind; more are told to come back
    feeds_max: int = 2000
    stop_seconds: float = 25.0
    keep_alive_seconds: int = 75


@dataclass(frozen=True, slots=True)
class Security:
    """Who may call us by which name, and from which web pages.

    allowed_hosts: names in `Host` beside loopback names, IP literals and base_url's host.
    allowed_origins: other sites whose pages may call the API, exact (`https://host[:port]`).
    admin_key_file: a file that holds the admin's key, in place of one made at the first start.
    """

    admin_key_file: Path | None = None
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServerSettings:
    listen: Listen = field(default_factory=Listen)
    storage: Storage = field(default_factory=Storage)
    limits: Limits = field(default_factory=Limits)
    security: Security = field(default_factory=Security)
    jobs: bool = True  # do background work, beside what other processes do of it
    start_uplink: bool = True  # take in journals that wait in the data directory
    access_log: bool = False

    @property
    def base_url(self) -> str:
        """The address people use, without a slash at the end."""
        if self.listen.base_url:
            return self.listen.base_url.rstrip("/")
        scheme = "http" if self.listen.tls is None else "https"
        return f"{scheme}://{_as_name(self.listen.host)}:{self.listen.port}"

    @classmethod
    def load(
        cls,
        *,
        host: str | None = None,
        port: int | None = None,
        data: str | Path | None = None,
        admin_key_file: str | Path | None = None,
        base_url: str | None = None,
        allowed_hosts: tuple[str, ...] | list[str] | None = None,
        allowed_origins: tuple[str, ...] | list[str] | None = None,
        trusted_proxies: tuple[str, ...] | list[str] | None = None,
        tls_cert: str | Path | None = None,
        tls_key: str | Path | None = None,
        access_log: bool | None = None,
        jobs: bool | None = None,
        start_uplink: bool | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> ServerSettings:
        """Settings from what the command line gave (None: not given) and the environment.

        Raises Invalid naming the variable and what it may hold.
        """
        env = os.environ if environ is None else environ

        def words(given: tuple[str, ...] | list[str] | None, name: str) -> tuple[str, ...]:
            if given is not None:
                return tuple(given)
            return tuple(word for word in env.get(name, "").replace(",", " ").split() if word)

        data_dir = Path(data or env.get("RUNSTONE_DATA") or home()).expanduser().absolute()
        key_file = admin_key_file or env.get("RUNSTONE_ADMIN_KEY_FILE")
        public = _public_url(base_url if base_url is not None else env.get("RUNSTONE_PUBLIC_URL", ""))
        return cls(
            listen=Listen(
                host=host or env.get("RUNSTONE_HOST") or "127.0.0.1",
                port=_port(port if port is not None else env.get("RUNSTONE_PORT", "8080")),
                base_url=public,
                trusted_proxies=words(trusted_proxies, "RUNSTONE_TRUSTED_PROXIES"),
                tls=_tls(
                    _path(tls_cert or env.get("RUNSTONE_TLS_CERT")),
                    _path(tls_key or env.get("RUNSTONE_TLS_KEY")),
                ),
            ),
            storage=Storage(
                data=data_dir,
                database_url=env.get("RUNSTONE_DATABASE_URL", ""),
                history_url=env.get("RUNSTONE_HISTORY_URL", ""),
                blobs_url=env.get("RUNSTONE_BLOBS_URL", ""),
                signing_key_file=_path(env.get("RUNSTONE_SIGNING_KEY_FILE")),
            ),
            security=Security(
                admin_key_file=_path(key_file),
                allowed_hosts=words(allowed_hosts, "RUNSTONE_ALLOWED_HOSTS"),
                allowed_origins=tuple(
                    _origin(word) for word in words(allowed_origins, "RUNSTONE_ALLOWED_ORIGINS")
                ),
            ),
            jobs=jobs if jobs is not None else _switch("RUNSTONE_JOBS", env.get("RUNSTONE_JOBS", "1")),
            start_uplink=(
                start_uplink
                if start_uplink is not None
                else _switch("RUNSTONE_START_UPLINK", env.get("RUNSTONE_START_UPLINK", "1"))
            ),
            access_log=(
                access_log
                if access_log is not None
                else _switch("RUNSTONE_ACCESS_LOG", env.get("RUNSTONE_ACCESS_LOG", "0"))
            ),
        )


def _path(text: str | Path | None) -> Path | None:
    return Path(text).expanduser() if text else None


def _tls(certificate: Path | None, key: Path | None) -> Tls | None:
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        missing = "--tls-key (RUNSTONE_TLS_KEY)" if key is None else "--tls-cert (RUNSTONE_TLS_CERT)"
        raise Invalid(f"A TLS certificate and its key go together: {missing} is missing.")
    return Tls(certificate, key)


def is_loopback(host: str) -> bool:
    """Whether listening on `host` is for this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _as_name(host: str) -> str:
    """A host that listens everywhere is reached here by its loopback address; IPv6 in brackets."""
    if host in ("", "0.0.0.0"):  # noqa: S104 (compared, not listened on)
        return "127.0.0.1"
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _port(value: int | str) -> int:
    try:
        port = int(value)
    except ValueError:
        port = -1
    if not 0 <= port <= 65535:
        raise Invalid(f"Port {value!r} is not a port. Use 1 to 65535, or 0 for any free one.")
    return port


def _public_url(text: str) -> str:
    if not text:
        return ""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise Invalid(
            f"Public address {text!r} is not one. Use http(s)://HOST[:PORT][/PREFIX] (RUNSTONE_PUBLIC_URL)."
        )
    return text.rstrip("/")


def _origin(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.rstrip("/") or parts.query:
        raise Invalid(
            f"Allowed origin {text!r} is not one. Use exactly http(s)://HOST[:PORT] "
            "(RUNSTONE_ALLOWED_ORIGINS)."
        )
    return f"{parts.scheme}://{parts.netloc}"


def _switch(name: str, text: str) -> bool:
    low = text.strip().lower()
    if low in ("1", "true", "yes", "on"):
        return True
    if low in ("", "0", "false", "no", "off"):
        return False
    raise Invalid(f"{name}={text!r} is neither on nor off. Use 1 or 0.")
