"""Which server, and which key: looked up the same way by the SDK's uplink, the query API and the
command line.

Server: the argument, RUNSTONE_BASE_URL, what `runstone login` named (HOME/login.json), the local
server while one runs (HOME/server.json).

Key: the argument, a key file, RUNSTONE_API_KEY, WANDB_API_KEY, netrc (`machine host[:port]`, where
`runstone login` and the published wandb client both write), and for the local server the home's own
admin.key. For the local server that comes before the environment, because a WANDB_API_KEY lying
about is usually somebody else's.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from runstone.client.errors import Misuse
from runstone.journal.home import home as default_home

LOGIN_FILE = "login.json"
SERVER_FILE = "server.json"
ADMIN_KEY_FILE = "admin.key"


@dataclass(frozen=True, slots=True)
class Credential:
    """A key, and where it was found (never the key itself in `repr`)."""

    api_key: str
    source: str

    def __repr__(self) -> str:
        return f"Credential(source={self.source!r})"


def check_base_url(text: str) -> str:
    """`text` as an address without a slash at the end; a bare host gets `http://` on the loopback
    and `https://` elsewhere. Raises Misuse."""
    address = text.strip()
    if "://" not in address:
        host = urlsplit(f"//{address}").hostname or ""
        address = f"{'http' if is_loopback(host) else 'https'}://{address}"
    try:
        parts = urlsplit(address)
        port_is_right = parts.port is None or 0 < parts.port < 65536
    except ValueError:
        port_is_right = False
    if not port_is_right or parts.scheme not in ("http", "https") or not parts.hostname:
        raise Misuse(f"Server address {text!r} is not one. Use http(s)://HOST[:PORT][/PREFIX].")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise Misuse(
            f"Server address of host {parts.hostname!r} must be only http(s)://HOST[:PORT][/PREFIX]; "
            "a key belongs in `runstone login` or RUNSTONE_API_KEY."
        )
    return address.rstrip("/")


def is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


def find_base_url(
    given: str | None = None, *, home: Path | None = None, environ: Mapping[str, str] | None = None
) -> str:
    """The server to talk to. "" where none is named and no local one runs. Raises Misuse."""
    env = os.environ if environ is None else environ
    named = given or env.get("RUNSTONE_BASE_URL")
    if named:
        return check_base_url(named)
    root = home or default_home()
    login = _json(root / LOGIN_FILE).get("base_url")
    if isinstance(login, str) and login:
        return check_base_url(login)
    return local_server(root)


def local_server(root: Path) -> str:
    """The address of the local home's server while its process lives; else ""."""
    said = _json(root / SERVER_FILE)
    url, pid = said.get("url"), said.get("pid")
    if not isinstance(url, str) or not url:
        return ""
    if isinstance(pid, int) and pid > 0:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return ""  # the file was left behind by one that was killed
        except PermissionError:
            pass
    return url.rstrip("/")


def find_credential(
    base_url: str,
    *,
    api_key: str | None = None,
    api_key_file: str = "",
    home: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Credential | None:
    """The first of `credentials`."""
    return next(
        credentials(base_url, api_key=api_key, api_key_file=api_key_file, home=home, environ=environ), None
    )


def credentials(
    base_url: str,
    *,
    api_key: str | None = None,
    api_key_file: str = "",
    home: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Iterator[Credential]:
    """All keys that may fit, best first; read anew at each call. An unreadable place is passed over."""
    env = os.environ if environ is None else environ
    root = home or default_home()
    if api_key:
        yield Credential(api_key.strip(), "argument")
    if api_key_file:
        text = _line(Path(api_key_file))
        if text:
            yield Credential(text, api_key_file)
    if local_server(root) == base_url:
        text = _line(root / ADMIN_KEY_FILE)
        if text:
            yield Credential(text, str(root / ADMIN_KEY_FILE))
    for name in ("RUNSTONE_API_KEY", "WANDB_API_KEY"):
        if env.get(name, "").strip():
            yield Credential(env[name].strip(), name)
    from runstone.client import netrc_file

    found = netrc_file.read(base_url, path=netrc_file.netrc_path(env))
    if found:
        yield Credential(found, str(netrc_file.netrc_path(env)))


def remember_server(base_url: str, *, home: Path | None = None) -> Path:
    """Make `base_url` the server of runs that name none (HOME/login.json)."""
    root = home or default_home()
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = root / LOGIN_FILE
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(json.dumps({"base_url": base_url}) + "\n", encoding="utf-8")
    temporary.replace(path)
    return path


def _json(path: Path) -> dict[str, object]:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def _line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""
