"""References to objects in buckets: S3, Google's store, Azure's."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from runstone.client.clouds import CloudPlace, cloud_store, reason
from runstone.client.errors import ReferenceAway
from runstone.client.pointers.sources import Found
from runstone.content.manifest import NO_DIGEST, Reference

HEADS_AT_ONCE = 16
HEADS_AHEAD = 1000


def found_in(place: CloudPlace, uri: str, name: str | None) -> Iterator[Found]:
    """One object, or all below a prefix."""
    import obstore

    base, key, version = place
    store = cloud_store(base)
    if key and not key.endswith("/"):
        try:
            if version is not None:
                about = obstore.get(store, key, options={"version": version}).meta
            else:
                about = obstore.head(store, key)
        except FileNotFoundError:
            about = None
        except Exception as error:
            raise ReferenceAway(f"{uri} cannot be asked for: {reason(error)}") from error
        if about is None and version is not None:  # never something else of a like name
            raise ReferenceAway(f"There is no version {version} of {place.uri(key)}.")
        if about is not None:
            found = _entry(place, about, name or key.rpartition("/")[2])
            if version is not None:  # which was asked for, whether the store says it again or not
                found[2].extra["versionID"] = version
            yield found
            return
    try:
        pages = [item for page in obstore.list(store, prefix=key or None) for item in page]
    except Exception as error:
        raise ReferenceAway(f"{uri} cannot be listed: {reason(error)}") from error
    if not pages:
        raise ReferenceAway(f"There is nothing at {uri}.")
    prefix = key if not key or key.endswith("/") else key + "/"
    listed = sorted(pages, key=lambda item: str(item["path"]))
    for about in _with_versions(base, store, listed):
        path = str(about["path"]).removeprefix(prefix)
        yield _entry(place, about, f"{name.strip('/')}/{path}" if name else path)


def _with_versions(base: str, store: Any, listed: list[Any]) -> Iterator[Any]:
    """A listing says no versions. Where the bucket keeps them, each object is asked for its own, so that
    it is found again after it was written over."""
    import obstore

    def ask(about: Any) -> Any:
        try:
            return obstore.head(store, str(about["path"]))
        except Exception as error:
            raise ReferenceAway(f"{base}/{about['path']} cannot be asked for: {reason(error)}") from error

    first = ask(listed[0])
    if not first.get("version"):
        yield from listed
        return
    yield first
    with ThreadPoolExecutor(HEADS_AT_ONCE, thread_name_prefix="head") as pool:
        for start in range(1, len(listed), HEADS_AHEAD):
            yield from pool.map(ask, listed[start : start + HEADS_AHEAD])


def _entry(place: CloudPlace, about: Any, path: str) -> Found:
    extra: dict[str, Any] = {}
    etag = _etag(about)
    if etag:
        extra["etag"] = etag
    if about.get("version"):
        extra["versionID"] = str(about["version"])
    uri = place.uri(str(about["path"]))
    return path, int(about["size"]), Reference(uri, etag or uri, extra), NO_DIGEST


def bytes_in(place: CloudPlace, reference: Reference) -> Iterator[bytes]:
    """Raises ReferenceAway where they are gone or are not those that were referred to."""
    import obstore

    store = cloud_store(place.base)
    version, etag = reference.extra.get("versionID"), reference.extra.get("etag")
    options: dict[str, Any] = {}
    if version:
        options["version"] = version
    try:
        answer = obstore.get(store, place.key, options=options or None)  # type: ignore[arg-type]
        now = _etag(answer.meta)
        if etag and now and now != etag:
            raise ReferenceAway(
                f"{reference.uri} has changed: its etag is {now!r} now, and was {etag!r} when it was logged."
            )
        for part in answer.stream():
            yield bytes(part)
    except ReferenceAway:
        raise
    except FileNotFoundError as error:
        raise ReferenceAway(_gone(store, place.key, reference, version)) from error
    except Exception as error:
        raise ReferenceAway(f"{reference.uri} cannot be fetched: {reason(error)}") from error


def _gone(store: Any, key: str, reference: Reference, version: object) -> str:
    """Deleted, or, where a store names versions and keeps none of them, as Google's does, written over."""
    import obstore

    which = f"version {version} of {reference.uri}" if version else reference.uri
    why = "it was deleted"
    if version:
        with suppress(Exception):  # what it is now need not be known: the error is that it is gone
            now = obstore.head(store, key).get("version")
            why = f"the object is of version {now} now, and the bucket does not have that one"
    return (
        f"There is no {which} (any more): {why}. Put it back, log a version of the artifact "
        "without it, or pass allow_missing_references=True."
    )


def _etag(about: Any) -> str:
    return str(about.get("e_tag") or "").strip('"')
