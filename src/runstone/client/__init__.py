"""The client of a Runstone server: `Client` is the native API as typed calls, `Api` asks questions
about runs the way a notebook wants them answered. Loaded when first used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runstone.client.api import Api
    from runstone.client.native import Client

__all__ = ["Api", "Client"]


def __getattr__(name: str) -> Any:
    if name == "Client":
        from runstone.client.native import Client

        return Client
    if name == "Api":
        from runstone.client.api import Api

        return Api
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
