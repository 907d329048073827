"""The netrc file: read one key, write one key, leave every other byte as it is.

    machine HOST[:PORT]
      login user
      password KEY

`machine` is the address as it stands in the URL, port included where the URL has one: so does the
published wandb client (0.31, wandb/sdk/lib/wbauth/wbnetrc.py), and both then find the same key.
"""

from __future__ import annotations

import netrc
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from runstone.client.errors import Misuse

_KEY = re.compile(r"[A-Za-z0-9._~+/=:-]{1,512}")
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\S+')
_VALUES = ("login", "user", "account", "password")


def netrc_path(environ: Mapping[str, str] | None = None) -> Path:
    """NETRC, else ~/.netrc, else an existing ~/_netrc."""
    env = os.environ if environ is None else environ
    if env.get("NETRC"):
        return Path(env["NETRC"]).expanduser()
    usual, other = Path.home() / ".netrc", Path.home() / "_netrc"
    return other if other.exists() and not usual.exists() else usual


def machine_of(base_url: str) -> str:
    """`host[:port]` of an address, as its URL has it."""
    return urlsplit(base_url).netloc.rpartition("@")[2]


def read(base_url: str, *, path: Path | None = None) -> str | None:
    """The key for exactly this host and port; the `default` entry is no answer, for it would send a
    stranger's password. None where there is none or the file cannot be read."""
    try:
        entry = entry_of(base_url, path=path)
    except (OSError, netrc.NetrcParseError, UnicodeDecodeError):
        return None
    return (entry[2] or None) if entry else None


def entry_of(base_url: str, *, path: Path | None = None) -> tuple[str, str, str] | None:
    """(login, account, password) for exactly this host and port; None where there is none. Raises OSError,
    NetrcParseError and UnicodeDecodeError for a file that cannot be read."""
    machine = machine_of(base_url)
    hosts = netrc.netrc(path or netrc_path()).hosts
    entry = hosts.get(machine) or hosts.get(machine.lower())
    if entry is None:
        scheme = urlsplit(base_url).scheme
        entry = hosts.get(machine.removesuffix({"http": ":80", "https": ":443"}.get(scheme, ":443")))
    if entry is None:
        return None
    login, account, password = entry
    return login or "", account or "", password or ""


def write(base_url: str, api_key: str, *, path: Path | None = None) -> Path:
    """Keep `api_key` for the host of `base_url`: the file is replaced as a whole, mode 0600, or not
    touched at all. Returns its path. Raises Misuse for a key that cannot stand in a netrc file and
    for a file that is not one."""
    if not _KEY.fullmatch(api_key):
        raise Misuse("The API key holds characters no key has. Copy it again from the settings page.")
    # A link (a dotfiles folder) stays a link: what it points to is replaced.
    target = Path(os.path.realpath(path or netrc_path()))
    machine = machine_of(base_url)
    try:
        text = target.read_text(encoding="utf-8")
    except FileNotFoundError:
        text = ""
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse(f"{target} cannot be read ({error}). Nothing was changed.") from error
    rest = _without(text, machine, target)
    if rest and not rest.endswith("\n"):
        rest += "\n"
    entry = f"machine {machine}\n  login user\n  password {api_key}\n"
    # In front of `default`, which must be the last entry: what follows it is never read.
    at = _default_at(rest, target)
    _replace(target, rest[:at] + entry + rest[at:])
    return target


def _replace(target: Path, text: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=target.parent, prefix=".netrc-")  # mode 0600
    temporary = Path(name)
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _without(text: str, machine: str, path: Path) -> str:
    """`text` without the entries of `machine`; all other characters stay."""
    kept, last = [], 0
    for kind, name, start, end in _entries(text, path):
        if kind == "machine" and name == machine:
            kept.append(text[last:start])
            # The line ends that belonged to the entry go with it.
            while end < len(text) and text[end] in " \t\r":
                end += 1
            if end < len(text) and text[end] == "\n":
                end += 1
            last = end
    kept.append(text[last:])
    return "".join(kept)


def _default_at(text: str, path: Path) -> int:
    for kind, _, start, _ in _entries(text, path):
        if kind == "default":
            return start
    return len(text)


def _entries(text: str, path: Path) -> list[tuple[str, str, int, int]]:
    """(kind, name, start, end) of each machine, default and macdef, in order. Raises Misuse."""
    found: list[tuple[str, str, int, int]] = []
    at = 0

    def token(start: int) -> tuple[str, int, int]:
        match = _TOKEN.search(text, start)
        if match is None:
            return "", len(text), len(text)
        word = match.group()
        if len(word) > 1 and word[0] == word[-1] == '"':
            word = re.sub(r"\\(.)", r"\1", word[1:-1])
        return word, match.start(), match.end()

    while True:
        word, start, end = token(at)
        if not word and start == len(text):
            return found
        if word.startswith("#"):
            line_end = text.find("\n", start)
            at = len(text) if line_end < 0 else line_end
        elif word == "macdef":
            name, _, end = token(end)
            blank = re.compile(r"\n[ \t\r]*\n").search(text, end)
            at = blank.end() if blank else len(text)
            found.append((word, name, start, at))
        elif word in ("machine", "default"):
            name = ""
            if word == "machine":
                name, _, end = token(end)
            while True:
                key, _, key_end = token(end)
                if key not in _VALUES:
                    break
                _, _, end = token(key_end)
            found.append((word, name, start, end))
            at = end
        else:
            line = text.count("\n", 0, start) + 1
            raise Misuse(
                f"{path} is not a netrc file: line {line} has {word[:20]!r} where an entry should begin. "
                "Nothing was changed; mend the file, or set RUNSTONE_API_KEY instead."
            )
