"""Buckets by their address."""

from __future__ import annotations

from typing import Any

from runstone.client.errors import Misuse

CLOUDS = {"s3": "s3", "gs": "gs", "gcs": "gs", "az": "az", "abfs": "az", "abfss": "az"}


def cloud_store(base: str, **options: Any) -> Any:
    """The bucket, with the credentials of the environment, or of `options`. Raises Misuse."""
    from obstore.store import from_url

    scheme, _, rest = base.partition("://")
    try:
        return from_url(f"{CLOUDS[scheme.lower()]}://{rest}", **options)
    except Exception as error:
        raise Misuse(f"{base} cannot be opened: {error}") from error
