"""Print the native API's OpenAPI document: `python -m runstone.server.openapi > openapi.json`.

The web UI's types are made from it. Nothing is opened: no data directory, no database.
"""

from __future__ import annotations

import json
from typing import Any

from fastapi import FastAPI

from runstone.server.doors.rest import door
from runstone.server.version import server_version


def document() -> dict[str, Any]:
    """The same as `GET /api/v1/openapi.json` of a server of this version."""
    app = FastAPI(
        title="Runstone",
        version=server_version(),
        description="The native API. Every error has the same shape; times are Unix seconds.",
        openapi_url=None,
    )
    door.mount(app)
    return door.describe(app)


if __name__ == "__main__":
    print(json.dumps(document(), indent=2, sort_keys=True))
