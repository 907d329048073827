"""The server itself: versions, features, settings."""

from __future__ import annotations

from typing import Any

from runstone.server.doors.wandb.gql.binding import Fields, maps
from runstone.server.doors.wandb.gql.call import Call

# Clients of 0.28 on take a server below 0.70 for one at the end of its life; `wandb verify` fails
# without max_cli_version. These speak of the wire, not of our own version.
WIRE_VERSION = "0.85.0"
CLI_VERSIONS = {"max_cli_version": "99.0.0", "min_cli_version": "0.13.0"}

# What clients ask before they use it (wandb_internal.proto, ServerFeature); unknown names are
# passed over by them, missing ones count as off. A feature is on once it is whole.
FEATURES = {
    "STRUCTURED_CONSOLE_LOGS": True,
    "FILESTREAM_GZIP": True,
    "EXPAND_DEFINED_METRIC_GLOBS": True,
    "MARK_RUN_FILES_UPLOADED": True,
    "UPDATE_RUN_STATE": True,
    "LARGE_FILENAMES": True,
    "CLIENT_IDS": True,
    "ARTIFACT_TAGS": True,
    "ARTIFACT_REGISTRY_SEARCH": True,
    "ARTIFACT_COLLECTION_MEMBERSHIP_FILES": True,
    "ARTIFACT_COLLECTION_MEMBERSHIP_FILE_DOWNLOAD_HANDLER": True,
    "PROJECT_ARTIFACT_COLLECTION_MEMBERSHIP": True,
    "USE_ARTIFACT_WITH_ENTITY_AND_PROJECT_INFORMATION": True,
    "ARTIFACT_MEMBERSHIP_IN_LINK_ARTIFACT_RESPONSE": True,
    "TOTAL_COUNT_IN_FILE_CONNECTION": True,
    "ARTIFACT_COLLECTIONS_FILTERING_SORTING": True,
    "ARTIFACT_V2_DOWNLOAD_HANDLER_SUPPORTS_ARTIFACT_ID": True,
    "INCLUDE_ARTIFACT_TYPES_IN_REGISTRY_CREATION": True,
    "ARTIFACT_DIGEST_ALGORITHM": True,
    "SWEEPS_QUERY_FILTERING": True,
    "SWEEPS_LOCAL_SCHEDULER": True,
    "EVAL_TABLES_CES": False,
}

SETTINGS: dict[str, Any] = {"serverMessages": []}

query = Fields("Query")


@query("serverInfo")
def server_info(_root: None, _call: Call) -> dict[str, Any]:
    return {
        "cliVersionInfo": CLI_VERSIONS,
        "latestLocalVersionInfo": {
            "outOfDate": False,
            "latestVersionString": WIRE_VERSION,
            "versionOnThisInstanceString": WIRE_VERSION,
        },
        "exposesExplicitRunQueueAckPath": True,
        "features": [{"name": name, "isEnabled": on} for name, on in FEATURES.items()],
    }


FIELDS = [
    query,
    *maps("ServerInfo", "LocalVersionInfo", "ServerFeature", "ServerSettings", "ServerMessage"),
]
