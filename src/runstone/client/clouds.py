"""Buckets by their address."""

from __future__ import annotations

import os
import re
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from runstone.client.errors import Misuse

CLOUDS = {
    "s3": "s3",
    **dict.fromkeys(("gs", "gcs"), "gs"),
    **dict.fromkeys(("az", "azure", "abfs", "abfss"), "az"),
}
# Azure's own hosts and no others: they are sent what this process proves itself by.
_AZURE_HOST = re.compile(r"[a-z0-9]+\.blob\.core\.(windows\.net|chinacloudapi\.cn|usgovcloudapi\.net)")
_AMBIGUOUS = re.compile(r"%(?=[0-9A-Fa-f]{2})")


class CloudPlace(NamedTuple):
    """An object, or a prefix of some. base: the address of its bucket."""

    base: str
    key: str
    version: str | None

    def uri(self, key: str) -> str:
        """The address of an object in the same bucket, as `place_of` reads it, whatever is in its name."""
        return f"{self.base}/{_AMBIGUOUS.sub('%25', key).replace('?', '%3F').replace('#', '%23')}"


def place_of(uri: str) -> CloudPlace | None:
    """Where in which bucket an address leads; None where it leads to none. A version is named by
    `?versionId=`, in Google's store also by `#GENERATION`.

    Azure's https addresses are such places where this process has credentials for Azure (AZURE_…) and the
    address does not carry its own."""
    parts = urlsplit(uri)
    scheme = parts.scheme.lower()
    path = parts.path.lstrip("/")
    query = {name.lower(): values for name, values in parse_qs(parts.query).items()}
    if scheme in CLOUDS:
        base = f"{parts.scheme}://{parts.netloc}"
    elif scheme in ("http", "https") and "sig" not in query and _is_azure(uri):
        before = (_azure_endpoint(uri) or f"{parts.scheme}://{parts.netloc}").rstrip("/")
        container, _, path = parts._replace(query="", fragment="").geturl()[len(before) + 1 :].partition("/")
        base = f"{before}/{container}"
    else:
        return None
    version = query.get("versionid", [None])[0]
    if CLOUDS.get(scheme) == "gs" and parts.fragment.isdigit():
        version = parts.fragment
    return CloudPlace(base, unquote(path), version)


def _is_azure(uri: str) -> bool:
    if not any(name.startswith("AZURE_") for name in os.environ):
        return False
    parts = urlsplit(uri)
    known = parts.scheme.lower() == "https" and _AZURE_HOST.fullmatch(parts.netloc.lower())
    return bool(known or _azure_endpoint(uri))


def _azure_endpoint(uri: str) -> str:
    """The endpoint of the environment, where the address is behind it."""
    for variable in ("AZURE_ENDPOINT", "AZURE_STORAGE_ENDPOINT"):
        endpoint = os.environ.get(variable, "").rstrip("/")
        if endpoint and uri.startswith(endpoint + "/"):
            return endpoint
    return ""


def cloud_store(base: str, **options: Any) -> Any:
    """The bucket, with the credentials of the environment, or of `options`. Raises Misuse."""
    from obstore.store import AzureStore, from_url

    scheme, _, rest = base.partition("://")
    try:
        if scheme.lower() in CLOUDS:
            return from_url(f"{CLOUDS[scheme.lower()]}://{rest}", **options)
        if not _azure_endpoint(base):
            account = rest.partition(".")[0]
            options = {"endpoint": base.rpartition("/")[0], "account_name": account, **options}
        return AzureStore(base.rpartition("/")[2], **options)
    except Exception as error:
        raise Misuse(f"{base} cannot be opened: {reason(error)}") from error


def reason(error: Exception) -> str:
    """What went wrong in one line; obstore adds its own insides behind an empty one."""
    return " ".join(str(error).partition("\n\nDebug source")[0].split())
