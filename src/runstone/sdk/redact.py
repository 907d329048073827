"""Take secrets out of text before anything is written: command lines, environment, config, console
lines and diffs.

Three rules, in this order:
1. exact values: the run's own API key, and what environment variables with secret names hold;
2. shapes: keys of well-known services, private keys, addresses with a password, bearer headers;
3. names: what follows `password=`, `--token`, `"api_key":` and the like. A name that can only mean a
   secret hides any value; a name that often means something else (`key`, `token`, `auth`) hides a
   value only if it looks random.

The patterns are compiled when a text first holds one of the words or marks without which none of
them can match: most lines of a training never get that far. Runs in helper processes too, so it
imports nothing of ours and nothing heavy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

HIDDEN = "[redacted]"
SECRET_CHARS_MIN = 8  # exact values shorter than this would hide ordinary words

# Without one of these in it (lower case), no rule of shape or name can match a text.
_TRIGGERS = (
    "key",
    "token",
    "secret",
    "pass",
    "pwd",
    "auth",
    "cred",
    "bearer",
    "://",
    "-----begin",
    "akia",
    "asia",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "hf_",
    "sk-",
    "sk_",
    "rk_",
    "xox",
    "aiza",
    "glpat-",
    "npm_",
    "pypi-",
    "eyj",
    "dckr_pat_",
    "sg.",
    "dapi",
    "r8_",
    "gsk_",
    "pplx-",
    "ya29.",
    "hvs.",
    "dop_v1_",
    "shpat_",
    "shpca_",
    "shppa_",
    "shpss_",
    "lin_api_",
    "ntn_",
    "nvapi-",
    "local-",
    "wandb_",
    "xai-",
    ":aa",
    "cookie",
    "sig=",
    "pat_",
)

# Shapes that are secrets wherever they stand. `(?<![\w-])` keeps them from starting inside a word.
_SHAPES = (
    r"(?:AKIA|ASIA|AGPA|AIDA|AROA)[0-9A-Z]{16}",  # AWS key ids
    r"gh[pousr]_[A-Za-z0-9]{30,255}",
    r"github_pat_[A-Za-z0-9_]{22,255}",
    r"glpat-[A-Za-z0-9_-]{20,}",
    r"hf_[A-Za-z0-9]{30,}",
    r"sk-(?:proj-|ant-|or-|svcacct-)?[A-Za-z0-9_-]{20,}",
    r"[sr]k_(?:live|test)_[A-Za-z0-9]{16,}",
    r"xox[abeoprs]-[A-Za-z0-9-]{10,}",
    r"xapp-[A-Za-z0-9-]{20,}",
    r"AIza[0-9A-Za-z_-]{35}",
    r"ya29\.[0-9A-Za-z_-]{20,}",
    r"npm_[A-Za-z0-9]{36}",
    r"pypi-[A-Za-z0-9_-]{40,}",
    r"dckr_pat_[A-Za-z0-9_-]{20,}",
    r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
    r"dapi[0-9a-f]{32}(?:-\d)?",
    r"r8_[A-Za-z0-9]{30,}",
    r"gsk_[A-Za-z0-9]{40,}",
    r"xai-[A-Za-z0-9]{40,}",
    r"pplx-[A-Za-z0-9]{32,}",
    r"hvs\.[A-Za-z0-9_-]{20,}",
    r"dop_v1_[0-9a-f]{64}",
    r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}",
    r"lin_api_[A-Za-z0-9]{32,}",
    r"(?:ntn|secret)_[A-Za-z0-9]{40,}",
    r"nvapi-[A-Za-z0-9_-]{40,}",
    r"wandb_v\d+_[A-Za-z0-9_]{20,}",
    r"local-[a-z0-9]{40}",  # keys of this server, and of the field's own self-hosted one
    r"\d{8,10}:AA[A-Za-z0-9_-]{33}",
    r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
)
_WEBHOOKS = (
    r"(https://hooks\.slack\.com/services/)[A-Za-z0-9/_-]{20,}",
    r"(https://(?:\w+\.)?discord(?:app)?\.com/api/webhooks/)[\w/-]{20,}",
)
_PRIVATE_KEY = (
    r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"
    r"[\s\S]*?(?:-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|\Z)"
)
_ADDRESS = r"((?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s/@:'\"]{0,200}:)[^\s/@'\"]{1,500}(?=@)"
_HEADER = (
    r"((?:\bauthorization|\bx-api-key|\bx-auth-token)['\"]?\s*[:=]\s*['\"]?(?:(?:bearer|basic|token)\s+)?)"
    r"[^\s'\",;]{6,}"
)
_BEARER = r"(\bbearer\s+)(?=[A-Za-z0-9._~+/-]*\d)[A-Za-z0-9._~+/-]{16,}=*"
_SIGNATURE = r"([?&](?:sig|signature|x-amz-signature|x-goog-signature|x-amz-security-token)=)[^&\s'\"]{8,}"

# Names that can only mean a secret, without the `_` between their parts; and those that often do not.
_CERTAIN_WORDS = frozenset((
    "password", "passwd", "passphrase", "passcode", "pwd", "apikey", "secretkey", "accesskey", "privatekey",
    "signingkey", "encryptionkey", "accountkey", "clientsecret", "appsecret", "accesstoken", "authtoken",
    "refreshtoken", "bearertoken", "sessiontoken", "idtoken", "apitoken", "apisecret", "bottoken",
    "webhooksecret", "awssecret", "hftoken", "wandbkey", "credential", "credentials",
))  # fmt: skip
_CERTAIN_ENDS = ("password", "passwd", "passphrase", "apikey")
_SAYS_HOW = frozenset(("hash", "base64", "b64", "value", "text", "str"))  # of a secret: `password_hash`
_DOUBTFUL_WORDS = frozenset(("secret", "token", "key", "auth", "pat", "cookie", "pin"))

_PLACEHOLDER = (
    r"(?i)(?:none|null|nil|true|false|yes|no|on|off|n/a|unset|empty|redacted|required|optional|default|changeme"
    r"|\*+|x{3,}|\.+|-+|<[^>]*>|\$\{?\w+\}?|%\w+%|\{\{?[^}]*\}?\}|\[[^\]]*\]|[-+]?\d{1,6}(?:\.\d*)?(?:e-?\d+)?)"
)


_NAME_TRIGGERS = ("pass", "pwd", "secret", "key", "token", "cred", "auth", "pat", "cookie", "pin")


def is_secret_name(name: str) -> bool:
    """Does this name (of a variable, a flag, a config key) say that its value is a secret?"""
    folded = name.lower()
    return any(word in folded for word in _NAME_TRIGGERS) and (_certain(name) or _doubtful(name))


def _parts(name: str) -> list[str]:
    """`apiKey`, `api-key` and `api.key` are all api, key. By hand: this runs in `init`."""
    found = [""]
    before = ""
    for char in name.strip("-'\" "):
        if char in "_-. ":
            found.append("")
        elif char.isupper() and (before.islower() or before.isdigit()):
            found.append(char)
        else:
            found[-1] += char
        before = char
    return [part.lower() for part in found if part]


def _certain(name: str) -> bool:
    parts = _parts(name)
    if len(parts) > 1 and parts[-1] in _SAYS_HOW:
        parts.pop()
    ends = ["".join(parts[-count:]).rstrip("0123456789") for count in (1, 2)]
    return any(end in _CERTAIN_WORDS for end in ends) or ends[0].endswith(_CERTAIN_ENDS)


def _doubtful(name: str) -> bool:
    return _parts(name)[-1:] != [] and _parts(name)[-1] in _DOUBTFUL_WORDS


def looks_random(value: str) -> bool:
    """Is this the kind of text a generator of keys makes: long, of one piece, letters and digits
    mixed without forming words?"""
    text = value.strip().rstrip("=")
    if len(text) < 16 or not re.fullmatch(r"[A-Za-z0-9_\-+/.~]+", text):
        return False
    if re.fullmatch(r"[0-9a-fA-F]{24,}", text):
        return bool(re.search(r"\d", text) and re.search(r"[a-fA-F]", text))
    if "/" in text and (text.startswith(("/", "./", "../", "~")) or "." in text.rsplit("/", 1)[-1]):
        return False  # a path
    changes = sum(
        (a.isdigit() != b.isdigit()) or (a.isalpha() and b.isalpha() and a.islower() and b.isupper())
        for a, b in pairwise(text)
        if a.isalnum() and b.isalnum()
    )
    return changes >= len(text) / 7 and len(set(text)) >= 9


def hides(name: str, value: str) -> bool:
    """Is `value`, found under `name`, to be hidden?"""
    if not value or not is_secret_name(name) or re.fullmatch(_PLACEHOLDER, value.strip()):
        return False
    return _certain(name) or (_doubtful(name) and looks_random(value))


class Redactor:
    """Hides secrets; `secrets` are exact values to hide wherever they occur."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._given = secrets
        self._sorted: tuple[str, ...] | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """The exact values, longest first; looked up when first needed."""
        if self._sorted is None:
            long_enough = {s for s in self._given if len(s) >= SECRET_CHARS_MIN}
            self._sorted = tuple(sorted(long_enough, key=len, reverse=True))
        return self._sorted

    def text(self, text: str) -> str:
        """`text` with every secret in it replaced by `[redacted]`."""
        for secret in self.secrets:
            if secret in text:
                text = text.replace(secret, HIDDEN)
        folded = text.lower()
        if any(trigger in folded for trigger in _TRIGGERS):
            return _patterns().text(text)
        return text

    def arguments(self, arguments: Iterable[str]) -> list[str]:
        """A command line: `--token X` hides X, and each word is looked at by itself."""
        found: list[str] = []
        flag = ""
        for word in arguments:
            word = str(word)
            if flag and not word.startswith("--") and hides(flag, word):
                found.append(HIDDEN)
                flag = ""
                continue
            flag = word.lstrip("-") if word.startswith("-") and "=" not in word else ""
            name, equals, value = word.partition("=")
            if equals and value and hides(name.lstrip("-").rsplit("/", 1)[-1], value):
                found.append(f"{name}={HIDDEN}")
            else:
                found.append(self.text(word))
        return found

    def value(self, value: Any, name: str = "") -> Any:
        """A JSON value, found under `name`: strings are redacted at any depth."""
        if isinstance(value, str):
            return HIDDEN if name and hides(name, value) else self.text(value)
        if isinstance(value, dict):
            return {key: self.value(item, key if isinstance(key, str) else "") for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.value(item, name) for item in value]
        return value


def environment_secrets(environ: Mapping[str, str]) -> list[str]:
    """The values of variables whose names say that they are secrets. PWD is a folder, and so is
    whatever begins with a slash."""
    return [
        value
        for name, value in environ.items()
        if len(value) >= SECRET_CHARS_MIN and not value.startswith("/") and hides(name, value)
    ]


class _Patterns:
    def __init__(self) -> None:
        self.private_key = re.compile(_PRIVATE_KEY)
        self.shapes = re.compile(rf"(?<![A-Za-z0-9_-])(?:{'|'.join(_SHAPES)})(?![A-Za-z0-9])")
        self.kept_front = re.compile(
            "|".join(f"(?:{p})" for p in (*_WEBHOOKS, _ADDRESS, _SIGNATURE)), re.IGNORECASE
        )
        self.headers = re.compile(f"(?:{_HEADER})|(?:{_BEARER})", re.IGNORECASE)
        # A name, what stands between, and a value that may be quoted. All repeats are bounded and a
        # name starts only where none goes on, so that no line takes more than linear time.
        self.named = re.compile(
            r"""(?<![\w.-])(?P<name>-{0,2}[A-Za-z][\w.-]{0,80})"""
            r"""(?P<sign>\\{0,2}["']?\s{0,8}(?:=>|:=|=|:)\s{0,8}\\{0,2}|\s{1,4})"""
            r"""(?P<value>"[^"\n]{1,4096}"|'[^'\n]{1,4096}'|[^\s"',;&)}\]]{1,4096})"""
        )

    def text(self, text: str) -> str:
        if "PRIVATE KEY" in text:
            text = self.private_key.sub(HIDDEN, text)
        text = self.shapes.sub(HIDDEN, text)
        text = self.kept_front.sub(_keep_front, text)
        text = self.headers.sub(_keep_front, text)
        return self._named(text)

    def _named(self, text: str) -> str:
        parts, done, at = [], 0, 0
        while (match := self.named.search(text, at)) is not None:
            start, end = match.span("value")
            value = text[start:end]
            quote = value[0] if value[0] in "\"'" else ""
            if _is_secret(match["name"], match["sign"], value.strip(quote) if quote else value, quote):
                parts += [text[done:start], quote, HIDDEN, quote]
                done = at = end
            else:
                at = match.end("name")  # what was taken for a value may be a name itself
        return "".join([*parts, text[done:]]) if parts else text


def _keep_front(match: re.Match[str]) -> str:
    return next(group for group in match.groups() if group is not None) + HIDDEN


def _is_secret(name: str, sign: str, value: str, quote: str) -> bool:
    if HIDDEN[:-1] in value or not is_secret_name(name):
        return False
    if not sign.strip() and not (name.startswith("-") or looks_random(value)):
        return False  # two words of a sentence
    if ":" in sign and not quote and value.isalpha() and (value.islower() or value.istitle()):
        return False  # "password: incorrect"
    return hides(name, value)


_compiled: _Patterns | None = None


def _patterns() -> _Patterns:
    global _compiled
    if _compiled is None:
        _compiled = _Patterns()
    return _compiled
