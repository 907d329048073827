"""Asking a server: the connection of a command, and what errors become.

While a block lasts there is a connection to the named server, or to the usual one; an error of the client
becomes a line of words, or JSON, and an exit status (see `output.reported`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from runstone.cli.output import USAGE, fail, reported

if TYPE_CHECKING:
    from runstone.client.api import Api
    from runstone.client.native import Client


@contextmanager
def open_api(host: str | None, *, as_json: bool = False) -> Iterator[Api]:
    with reported(as_json=as_json):
        from runstone.client.api import Api

        with Api(host) as api:
            yield api


@contextmanager
def open_client(host: str | None, *, as_json: bool = False) -> Iterator[Client]:
    with reported(as_json=as_json):
        from runstone.client.native import Client

        with Client(host) as client:
            yield client


def object_of(text: str, command: str, option: str) -> dict[str, Any]:
    """What an option says; {} where it says nothing. Ends the program where it is no JSON object."""
    try:
        value = json.loads(text) if text else {}
    except ValueError as error:
        fail(f"{command}: {option} is no JSON: {error}", USAGE)
    if not isinstance(value, dict):
        fail(f"{command}: {option} is a JSON object, met {text[:200]}", USAGE)
    return value


def filter_of(text: str, command: str) -> Any:
    """What `--filter` says; None where it says nothing. Ends the program where it is no JSON."""
    try:
        return json.loads(text) if text else None
    except ValueError as error:
        fail(f"{command}: --filter is not JSON: {error}.", USAGE)
