"""What a sweep's agent tells the run of a trial: its parameters, and where it is to log. The agent's
word comes before the script's, or the sweep would try something else than it thinks."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from runstone.sdk.errors import UsageError
from runstone.sdk.settings import Settings, from_environment

Path = tuple[str, ...]


def kept(name: str, given: Any, chosen: Settings) -> Any:
    """An argument of `init` that the agent may have decided: None where it has, with a word about it.
    chosen: made to hold what the agent says."""
    field = {"id": "run_id"}.get(name, name)
    decided = from_environment(os.environ).__dict__.get(field)
    if decided is not None:
        chosen.__dict__[field] = decided
    if given is None or decided is None:
        return given
    if given != decided:
        print(
            f"runstone: init({name}={given!r}) is left aside: this is a sweep's trial, whose agent says "
            f"{decided!r}.",
            file=sys.stderr,
        )
    return None


def read(path: str) -> dict[str, Any]:
    """The trial's parameters, nested. Raises UsageError for a file that cannot be read: a trial without
    its parameters would be told as another than it was."""
    try:
        with open(path, "rb") as file:
            text = file.read()
        found = _decoded(path, text)
    except (OSError, ValueError) as error:
        raise UsageError(f"The sweep's parameters in {path} cannot be read: {error}.") from None
    return found


def _decoded(path: str, text: bytes) -> dict[str, Any]:
    if path.endswith(".json"):
        found = msgspec.json.decode(text)
        if not isinstance(found, dict):
            raise ValueError("they are no map")
        return found
    # As the published client's agent writes it: {"lr": {"value": 0.1}} in YAML.
    import yaml

    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"they are no YAML: {error}") from None
    if not isinstance(found, dict):
        raise ValueError("they are no map")
    return {
        str(name): value["value"]
        for name, value in found.items()
        if isinstance(value, dict) and "value" in value
    }


def merged(config: dict[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """The script's configuration with the sweep's parameters over it; maps are merged."""
    new = dict(config)
    for name, value in params.items():
        old = new.get(name)
        new[name] = (
            merged(old, value) if isinstance(old, dict) and isinstance(value, dict) and value else value
        )
    return new


def paths(params: Mapping[str, Any], above: Path = ()) -> Iterator[Path]:
    """Where the parameters lie in the configuration."""
    for name, value in params.items():
        if isinstance(value, dict) and value:
            yield from paths(value, (*above, name))
        else:
            yield (*above, name)
