"""Opening the blob store that an address names."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from obstore.store import AzureStore, GCSStore, ObjectStore, S3Store

from runstone.server.domain.errors import Invalid
from runstone.server.stores.blobs.contract import BlobStore, Direct
from runstone.server.stores.blobs.local import LocalBlobs
from runstone.server.stores.blobs.remote import ObjectBlobs


class _Kind(NamedTuple):
    """variables: of the environment, each of which may name the endpoint. option: obstore's name of it."""

    open: Callable[..., ObjectStore]
    variables: tuple[str, ...]
    option: str = "endpoint"


_S3 = _Kind(S3Store, ("AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"))
_GOOGLE = _Kind(GCSStore, ("GOOGLE_BASE_URL",), "base_url")
_AZURE = _Kind(AzureStore, ("AZURE_ENDPOINT", "AZURE_STORAGE_ENDPOINT"))
_KINDS = {"s3": _S3, "gs": _GOOGLE, "gcs": _GOOGLE, "az": _AZURE, "azure": _AZURE}


def open_blobs(url: str | os.PathLike[str]) -> BlobStore:
    """A local directory, or an object store.

    A path, or file:///DIR · s3://BUCKET/PREFIX · gs://BUCKET/PREFIX · az://CONTAINER/PREFIX.
    Options of the object store (endpoint, region, access_key_id, secret_access_key, …; the names are
    obstore's) come from the address's query or from the usual environment of that store (AWS_*,
    GOOGLE_*, AZURE_*). An endpoint that starts with http:// is allowed to be plain.

        s3://experiments/runstone?endpoint=http://127.0.0.1:9000&region=local

    Two options are ours. `direct`: who is given addresses in the store itself; `auto` (clients of this
    project, which go through the server where they do not reach it), `on` (the published
    wandb client too), `off`. `public_endpoint`: what clients know the endpoint by. Addresses in Google's
    store are signed for its own name, whatever they say: where `endpoint` is another there are none without
    a `public_endpoint`, behind which a proxy hands on `Host: storage.googleapis.com`.

    Raises Invalid for an address of no known kind, Unavailable where the directory cannot be made.
    """
    if isinstance(url, os.PathLike):
        return LocalBlobs(Path(url))
    parts = urlsplit(url)
    if parts.scheme == "file":
        return LocalBlobs(Path(unquote(parts.path)))
    if not parts.scheme:
        return LocalBlobs(Path(url))
    if parts.scheme not in _KINDS or not parts.netloc:
        raise Invalid(
            f"The blob store {_shown(url)!r} is of no known kind. Give a directory, file:///DIR, "
            "s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX."
        )
    options = dict(parse_qsl(parts.query))
    direct = _direct(options.pop("direct", "auto"))
    public = options.pop("public_endpoint", "")
    prefix = unquote(parts.path).strip("/") or None
    signing = None
    try:
        store = _object_store(parts.scheme, parts.netloc, prefix, options)
        if public:
            signing = _object_store(parts.scheme, parts.netloc, prefix, {**options, "endpoint": public})
        elif _KINDS[parts.scheme] is _GOOGLE and _endpoint(parts.scheme, options):
            direct = "off"
    except Exception as error:  # obstore raises errors of its own for options it does not know
        raise Invalid(f"The blob store {_shown(url)!r} cannot be opened: {error}") from error
    return ObjectBlobs(store, where=_shown(url), direct=direct, signing=signing)


def _direct(text: str) -> Direct:
    if text not in ("off", "auto", "on"):
        raise Invalid(f"direct={text!r} in the blob store's address is not known. Use auto, on or off.")
    return cast("Direct", text)


def _object_store(scheme: str, bucket: str, prefix: str | None, options: dict[str, str]) -> ObjectStore:
    kind = _KINDS[scheme]
    given = {kind.option if name == "endpoint" else name: value for name, value in options.items()}
    plain = _endpoint(scheme, options).startswith("http://")
    return kind.open(bucket, prefix=prefix, client_options={"allow_http": plain}, **given)


def _endpoint(scheme: str, options: dict[str, str]) -> str:
    """As the address or the environment names it; empty for the store's usual one."""
    named = (os.environ.get(variable, "") for variable in _KINDS[scheme].variables)
    return options.get("endpoint") or next(filter(None, named), "")


def _shown(url: str) -> str:
    """Without the query, which may hold keys."""
    return url.partition("?")[0]
