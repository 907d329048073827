"""Opening the blob store that an address names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import cast
from urllib.parse import parse_qsl, unquote, urlsplit

from obstore.store import AzureStore, GCSStore, ObjectStore, S3Store

from runstone.server.domain.errors import Invalid
from runstone.server.stores.blobs.contract import BlobStore, Direct
from runstone.server.stores.blobs.local import LocalBlobs
from runstone.server.stores.blobs.remote import ObjectBlobs


def open_blobs(url: str | os.PathLike[str]) -> BlobStore:
    """A local directory, or an object store.

    A path, or file:///DIR · s3://BUCKET/PREFIX · gs://BUCKET/PREFIX · az://CONTAINER/PREFIX.
    Options of the object store (endpoint, region, access_key_id, secret_access_key, …; the names are
    obstore's) come from the address's query or from the usual environment of that store (AWS_*,
    GOOGLE_*, AZURE_*). An endpoint that starts with http:// is allowed to be plain.

        s3://experiments/runstone?endpoint=http://127.0.0.1:9000&region=local

    Two options are ours. `direct`: who is given addresses in the store itself; `auto` (clients of this
    project, which go through the server where they do not reach it), `on` (the published
    wandb client too), `off`. `public_endpoint`: for S3, what clients know the endpoint by.

    Raises Invalid for an address of no known kind, Unavailable where the directory cannot be made.
    """
    if isinstance(url, os.PathLike):
        return LocalBlobs(Path(url))
    parts = urlsplit(url)
    if parts.scheme == "file":
        return LocalBlobs(Path(unquote(parts.path)))
    if not parts.scheme:
        return LocalBlobs(Path(url))
    if parts.scheme not in ("s3", "gs", "gcs", "az", "azure") or not parts.netloc:
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
    except Exception as error:  # obstore raises errors of its own for options it does not know
        raise Invalid(f"The blob store {_shown(url)!r} cannot be opened: {error}") from error
    return ObjectBlobs(store, where=_shown(url), direct=direct, signing=signing)


def _direct(text: str) -> Direct:
    if text not in ("off", "auto", "on"):
        raise Invalid(f"direct={text!r} in the blob store's address is not known. Use auto, on or off.")
    return cast("Direct", text)


def _object_store(scheme: str, bucket: str, prefix: str | None, options: dict[str, str]) -> ObjectStore:
    if scheme == "s3":
        endpoint = options.get("endpoint") or os.environ.get("AWS_ENDPOINT_URL", "")
        plain = endpoint.startswith("http://")
        return S3Store(bucket, prefix=prefix, client_options={"allow_http": plain}, **options)  # type: ignore[arg-type]
    if scheme in ("gs", "gcs"):
        return GCSStore(bucket, prefix=prefix, **options)  # type: ignore[arg-type]
    return AzureStore(bucket, prefix=prefix, **options)  # type: ignore[arg-type]


def _shown(url: str) -> str:
    """Without the query, which may hold keys."""
    return url.partition("?")[0]
