"""Print the native API's OpenAPI document: `python -m runstone.server.openapi > openapi.json`.

The web UI's types are made from it. Nothing is opened: no data directory, no database.
"""

from __future__ import annotations

import json

from runstone.server.doors.rest.door import document

if __name__ == "__main__":
    print(json.dumps(document(), indent=2, sort_keys=True))
