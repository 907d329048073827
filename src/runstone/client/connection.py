"""One server, kept connected: requests with retries, answers as values or as typed errors.

A connection may be used by several threads at once. What is retried: a request that did not reach
the server (refused, no address), and, for requests that may be sent twice, one whose answer was lost
or was 429 or 5xx. Waits grow with jitter and honour `Retry-After`; all of them together are bounded.
"""

from __future__ import annotations

import logging
import os
import platform
import random
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote, urlsplit

import httpx
import msgspec

from runstone.client.credentials import is_loopback
from runstone.client.errors import ApiError, BadAnswer, ServerAway, TooMany, Unavailable, error_of

if TYPE_CHECKING:
    import ssl

API = "/api/v1"
_TEMPORARY_REDIRECT = 307
_SIGNED = re.compile(rb"(?:^|&)(?:X-Amz-Signature|X-Goog-Signature|sig)=")
Content: TypeAlias = "bytes | Iterator[bytes]"
Params: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. read and write are for one wait on the socket, not for a whole transfer."""

    connect: float = 5.0
    read: float = 60.0
    write: float = 60.0


@dataclass(frozen=True, slots=True)
class Retries:
    """attempts 1 is no retry. Waits double from first_seconds to most_seconds, each taken at random
    between its half and its whole; total_seconds bounds the time spent waiting."""

    attempts: int = 6
    first_seconds: float = 0.2
    most_seconds: float = 8.0
    total_seconds: float = 30.0

    def wait(self, attempt: int) -> float:
        whole: float = min(self.most_seconds, self.first_seconds * 2**attempt)
        return float(whole * (0.5 + random.random() / 2))  # noqa: S311 (spreads retries, guards nothing)


NO_RETRIES = Retries(attempts=1)


def _trusted() -> ssl.SSLContext:
    """Whom the environment names (`SSL_CERT_FILE`, `SSL_CERT_DIR`), else whom httpx does."""
    import ssl  # plain http is spared it

    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if not file and not folder:
        return httpx.create_ssl_context(trust_env=False)
    return ssl.create_default_context(cafile=file or None, capath=folder or None)


class Connection:
    """HTTP to one base URL with one key. Close it, or use it as a context manager."""

    def __init__(
        self,
        base_url: str,
        api_key: str | None = None,
        *,
        timeouts: Timeouts | None = None,
        retries: Retries | None = None,
        connections_max: int = 16,
    ) -> None:
        waits = timeouts or Timeouts()
        self.base_url = base_url.rstrip("/")
        self.retries = retries or Retries()
        headers = {"User-Agent": user_agent(), "Accept": "application/json"}
        if api_key:
            headers["Authorization"] = f"Bearer {api_key}"
        local = is_loopback(urlsplit(self.base_url).hostname or "")
        self._options: dict[str, Any] = {
            "timeout": httpx.Timeout(waits.read, connect=waits.connect, write=waits.write, pool=None),
            "limits": httpx.Limits(
                max_connections=connections_max,
                max_keepalive_connections=connections_max,
                keepalive_expiry=60.0,
            ),
            # A redirect would carry the key to another host.
            "follow_redirects": False,
            # Proxies of the environment are not for this machine's own server; whom to trust is.
            "trust_env": not local,
            "verify": _trusted() if local and self.base_url.startswith("https:") else True,
        }
        self._http = httpx.Client(headers=headers, **self._options)
        self._bare: httpx.Client | None = None
        self._lock = threading.Lock()

    @property
    def bare(self) -> httpx.Client:
        """For other hosts, such as the object store behind the server: it knows no key."""
        with self._lock:
            if self._bare is None:
                logging.getLogger("httpx").addFilter(_without_signatures)
                headers = {"User-Agent": user_agent(), "Accept-Encoding": "identity"}
                self._bare = httpx.Client(headers=headers, **self._options)
            return self._bare

    def close(self) -> None:
        self._http.close()
        if self._bare is not None:
            self._bare.close()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        json: Any = None,
        content: bytes | Callable[[], Content] | None = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool | None = None,
    ) -> httpx.Response:
        """The whole answer of a request, 2xx or 304. `path` is below /api/v1. `content` may be a
        function that gives the body anew for each attempt. repeatable: may be carried out twice
        (default: all methods but POST). Raises ServerAway, BadAnswer and ApiError."""

        def once() -> httpx.Response:
            with self._sent(method, path, params, json, content, headers) as answer:
                answer.read()
                return answer

        return self._attempts(once, method != "POST" if repeatable is None else repeatable)

    def value(self, method: str, path: str, **rest: Any) -> Any:
        """`call`, and the JSON of its answer; None for an empty one."""
        answer = self.call(method, path, **rest)
        if not answer.content:
            return None
        try:
            return msgspec.json.decode(answer.content)
        except msgspec.DecodeError as error:
            raise BadAnswer(
                f"{self.base_url} answered {method} {path} with something that is not JSON ({error}). "
                "Is it a Runstone server?"
            ) from error

    @contextmanager
    def stream(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        redirects: bool = False,
    ) -> Iterator[httpx.Response]:
        """An answer whose body is read as it comes. Only its beginning is retried. redirects: one that
        points elsewhere (307) is an answer too, for the caller to follow without the key."""
        entered: list[Any] = []

        def begin() -> httpx.Response:
            manager = self._sent(method, path, params, json, None, headers, redirects=redirects)
            answer = manager.__enter__()
            entered.append(manager)
            return answer

        answer = self._attempts(begin, repeatable=True)
        try:
            yield answer
        except httpx.TransportError as error:
            raise self._away(error) from error
        finally:
            answer.close()
            entered[-1].__exit__(None, None, None)

    @contextmanager
    def elsewhere(self, url: str, headers: Mapping[str, str]) -> Iterator[httpx.Response]:
        """What another host answers to GET, whatever its status; no key goes there, nothing is tried
        again, no redirect is followed. Raises ServerAway, also while it is read."""
        try:
            with self.bare.stream("GET", url, headers=headers) as answer:
                yield answer
        except httpx.TransportError as error:
            # Without the path and what follows: an address that was signed is an authority.
            where = urlsplit(url)
            raise ServerAway(
                f"The store at {where.scheme}://{where.netloc} broke the connection: {type(error).__name__}.",
                base_url=f"{where.scheme}://{where.netloc}",
            ) from error

    def _attempts(self, once: Callable[[], httpx.Response], repeatable: bool) -> httpx.Response:
        waited, attempt = 0.0, 0
        while True:
            try:
                return once()
            except httpx.TransportError as error:
                # A connection that never came about carried nothing to the server.
                again = repeatable or isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout))
                problem: ServerAway | ApiError = self._away(error)
                problem.__cause__ = error
                wait = self.retries.wait(attempt)
            except (TooMany, Unavailable) as error:
                asked = error.retry_after_seconds
                # 429 and a 503 with Retry-After say that nothing was done.
                again = repeatable or isinstance(error, TooMany) or asked is not None
                problem, wait = error, max(self.retries.wait(attempt), asked or 0.0)
            attempt += 1
            waited += wait
            if not again or attempt >= self.retries.attempts or waited > self.retries.total_seconds:
                raise problem
            time.sleep(wait)

    @contextmanager
    def _sent(
        self,
        method: str,
        path: str,
        params: Params | None,
        json: Any,
        content: bytes | Callable[[], Content] | None,
        headers: Mapping[str, str] | None,
        *,
        redirects: bool = False,
    ) -> Iterator[httpx.Response]:
        sent = dict(headers or {})
        body: Content | None
        if json is not None:
            body = msgspec.json.encode(json)
            sent.setdefault("Content-Type", "application/json")
        else:
            body = content() if callable(content) else content
        kept = {name: value for name, value in (params or {}).items() if value is not None}
        with self._http.stream(
            method, self.base_url + API + path, params=kept or None, content=body, headers=sent
        ) as answer:
            if not (redirects and answer.status_code == _TEMPORARY_REDIRECT):
                self._check(answer, path)
            yield answer

    def _check(self, answer: httpx.Response, path: str) -> None:
        status = answer.status_code
        if 200 <= status < 300 or status == 304:
            return
        where = f"{self.base_url}{API}{path}"
        if status < 400:
            target = answer.headers.get("Location", "nowhere")
            raise BadAnswer(
                f"{where} redirects to {target}. Redirects are not followed, for they would take the key "
                "along. Use the address it leads to as the server's."
            )
        try:
            body: Any = msgspec.json.decode(answer.read())
        except msgspec.DecodeError:
            body = None
        if status == 404 and not (isinstance(body, dict) and "error" in body):
            raise BadAnswer(
                f"{where} is not there (404, and not in Runstone's words). Is it a Runstone server?"
            )
        raise error_of(
            status,
            body,
            request_id=answer.headers.get("X-Request-Id", ""),
            retry_after_seconds=_retry_after(answer.headers.get("Retry-After")),
            where=where,
        )

    def _away(self, error: httpx.TransportError) -> ServerAway:
        words = {
            httpx.ConnectError: "cannot be reached",
            httpx.ConnectTimeout: "does not answer (connecting took too long)",
            httpx.ReadTimeout: "does not answer (no byte within the time allowed)",
            httpx.WriteTimeout: "does not take what is sent",
        }.get(type(error), "broke the connection")
        return ServerAway(
            f"The server at {self.base_url} {words}: {error or type(error).__name__}. "
            "Check that it runs and that the address is right.",
            base_url=self.base_url,
        )


def _without_signatures(record: logging.LogRecord) -> bool:
    """httpx logs each address; one that is signed is an authority, and many read the log of a training."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            arg.copy_with(query=b"signed")
            if isinstance(arg, httpx.URL) and _SIGNED.search(arg.query)
            else arg
            for arg in record.args
        )
    return True


def segment(text: str) -> str:
    """One part of a path: a slash or a dot in a name is data."""
    if text in (".", ".."):
        # Clients and proxies take these for steps up the path even when encoded.
        return text.replace(".", "%2E")
    return quote(text, safe="-_~.")


def segments(name: str) -> str:
    """A file's name as the rest of a path: its slashes are part of it."""
    return "/".join(segment(part) for part in name.split("/"))


@cache
def user_agent() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        release = version("runstone")
    except PackageNotFoundError:
        release = "0"
    return f"runstone/{release} python/{platform.python_version()}"


def _retry_after(text: str | None) -> float | None:
    """Seconds, from a number or an HTTP date."""
    if not text:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError):
        return None
