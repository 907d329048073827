"""Reading from the web with keys that stay with their host."""

from __future__ import annotations

import base64
import contextlib
import ipaddress
import json
import netrc
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from runstone.client.errors import ReferenceAway
from runstone.client.netrc_file import entry_of

if TYPE_CHECKING:
    import httpx

REDIRECTS_MAX = 8
JSON_BYTES_MAX = 64 << 20
CUTS_MAX = 5
_SECONDS = 60.0
_MOVED = (301, 302, 303, 307, 308)
Headers = Mapping[str, str]


class Refused(ReferenceAway):
    """The answer's status says no."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class Web:
    """Safe for threads."""

    def __init__(self) -> None:
        self._client: httpx.Client | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    @contextmanager
    def get(
        self,
        url: str,
        *,
        headers: Headers | None = None,
        secret: Headers | None = None,
        method: str = "GET",
        content: bytes | None = None,
    ) -> Iterator[httpx.Response]:
        """The answer, its body still to be read. secret: headers for the origin of `url` alone, which no
        redirect carries elsewhere. Raises Refused, ReferenceAway."""

        first, at = origin(url), url
        for _ in range(REDIRECTS_MAX):
            sent = {"Accept-Encoding": "identity", **(headers or {})}
            if origin(at) == first:
                sent.update(secret or {})
            answer = self._send(method, at, sent, content)
            try:
                moved = answer.headers.get("Location") if answer.status_code in _MOVED else None
                if moved is None:
                    if not answer.is_success:
                        raise Refused(answer.status_code, _words(answer))
                    yield answer
                    return
            finally:
                answer.close()
            further = urljoin(at, moved)
            if at.startswith("https:") and not further.startswith("https:"):
                raise ReferenceAway("redirects from https to something less")
            at = further
        raise ReferenceAway(f"redirects more than {REDIRECTS_MAX} times")

    def _send(self, method: str, url: str, headers: Headers, content: bytes | None) -> httpx.Response:
        import httpx

        client = self._own()
        try:
            request = client.build_request(method, url, headers=dict(headers), content=content)
            return client.send(request, stream=True)
        except (httpx.InvalidURL, UnicodeError):
            raise ReferenceAway("no address of the web") from None
        except httpx.HTTPError as error:
            raise ReferenceAway(f"does not answer: {_reason(error)}") from error

    def json(
        self,
        url: str,
        *,
        headers: Headers | None = None,
        secret: Headers | None = None,
        method: str = "GET",
        content: bytes | None = None,
    ) -> tuple[Any, Headers]:
        """What a small answer says, and its headers. Raises Refused, ReferenceAway."""
        with self.get(url, headers=headers, secret=secret, method=method, content=content) as answer:
            body = bytearray()
            for chunk in _pieces(answer):
                body += chunk
                if len(body) > JSON_BYTES_MAX:
                    raise ReferenceAway(f"answers more than {JSON_BYTES_MAX} bytes")
            try:
                return json.loads(body), answer.headers
            except (ValueError, RecursionError):
                raise ReferenceAway("answers no JSON") from None

    @contextmanager
    def reading(
        self, url: str, *, headers: Headers | None = None, secret: Headers | None = None
    ) -> Iterator[Iterator[bytes]]:
        """A file's bytes, gone on with where the connection was cut. Raises Refused, ReferenceAway."""
        with self.get(url, headers=headers, secret=secret) as answer:
            yield self._going_on(answer, url, dict(headers or {}), secret)

    def _going_on(
        self, answer: httpx.Response, url: str, headers: dict[str, str], secret: Headers | None
    ) -> Iterator[bytes]:
        count = cuts = 0
        tag = answer.headers.get("ETag", "")
        length = answer.headers.get("Content-Length", "")
        whole = int(length) if length.isdigit() and "Content-Encoding" not in answer.headers else -1
        with contextlib.ExitStack() as stack:
            while True:
                before = count
                try:
                    for chunk in _pieces(answer):
                        count += len(chunk)
                        yield chunk
                    return
                except ReferenceAway:
                    cuts = 1 if count > before else cuts + 1
                    if cuts > CUTS_MAX or whole < 0 or count > whole:
                        raise
                stack.close()
                more = {**headers, "Range": f"bytes={count}-"}
                if tag and not tag.startswith("W/"):
                    more["If-Range"] = tag
                answer = stack.enter_context(self.get(url, headers=more, secret=secret))
                begins = answer.headers.get("Content-Range", "")
                if answer.status_code != 206 or not begins.startswith(f"bytes {count}-"):
                    raise ReferenceAway("was cut, and cannot be gone on with")

    def _own(self) -> httpx.Client:
        import httpx

        with self._lock:
            if self._client is None:
                self._client = httpx.Client(timeout=_SECONDS, follow_redirects=False)
            return self._client


def _pieces(answer: httpx.Response) -> Iterator[bytes]:
    import httpx

    try:
        yield from answer.iter_bytes()  # as they come: nothing waits that a cut would lose
    except httpx.HTTPError as error:
        raise ReferenceAway(f"was cut: {_reason(error)}") from error


def origin(url: str) -> tuple[str, str, int]:
    """(scheme, host, port). Raises ReferenceAway for what is no address of the web."""
    try:
        parts = urlsplit(url)
        scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
        port = parts.port or {"http": 80, "https": 443}[scheme]
    except (ValueError, KeyError):
        raise ReferenceAway("no address of the web") from None
    if not host:
        raise ReferenceAway("no address of the web")
    return scheme, host, port


def scheme_of(url: str) -> str:
    """In lower case; "" for what is no address."""
    try:
        return urlsplit(url).scheme.lower() if "://" in url else ""
    except ValueError:
        return ""


def is_private(url: str) -> bool:
    """Whether a key may be sent there: by TLS, or within this machine."""
    scheme, host, _ = origin(url)
    if scheme == "https" or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def without_user(url: str) -> str:
    """The address without a name and password in it, a query or a fragment: fit to be written down; "" for
    what is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def netrc_login(url: str) -> dict[str, str] | None:
    """What the netrc file has for exactly this host, as a header; None where it has nothing, or the
    connection could be listened to."""
    if not is_private(url):
        return None
    try:
        entry = entry_of(url)
    except (OSError, netrc.NetrcParseError, UnicodeDecodeError):
        return None
    return basic(entry[0], entry[2]) if entry is not None and entry[2] else None


def _words(answer: httpx.Response) -> str:
    words = {
        401: "401: a key is needed",
        403: "403: not allowed",
        404: "404: not there, or not for this key",
        410: "410: gone",
    }
    return words.get(answer.status_code, f"answers {answer.status_code}")


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
