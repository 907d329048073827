"""Artifacts are not kept yet: look-ups find none, and making one is refused in words."""

from __future__ import annotations

from typing import Any

from runstone.server.domain.errors import Invalid
from runstone.server.domain.projects import Project
from runstone.server.domain.runs import Run
from runstone.server.doors.wandb.gql.binding import Fields, maps
from runstone.server.doors.wandb.gql.call import Call
from runstone.server.doors.wandb.resolvers.base import connection

query = Fields("Query")
mutation = Fields("Mutation")
project = Fields("Project")
run = Fields("Run")


def _none(_parent: Any, _call: Call, **_given: Any) -> None:
    return None


def _empty(_parent: Project | Run, _call: Call, **_given: Any) -> dict[str, Any]:
    return connection([], [], has_next=False)


query("artifact")(_none)
for _field in ("artifact", "artifactType", "artifactCollection", "artifactCollectionMembership"):
    project(_field)(_none)
project("artifactTypes")(_empty)
run("inputArtifacts")(_empty)
run("outputArtifacts")(_empty)


@mutation("createArtifact")
def create_artifact(_root: None, call: Call, input: dict[str, Any]) -> None:
    call.signed_in()
    raise Invalid(
        f"Artifact {input.get('artifact_collection_name')!r} was not kept: this server keeps no artifacts "
        "yet. Save the files to the run (run.save) until it does."
    )


FIELDS = [
    query,
    mutation,
    project,
    run,
    *maps(
        "Artifact",
        "ArtifactConnection",
        "ArtifactEdge",
        "ArtifactType",
        "ArtifactTypeConnection",
        "ArtifactTypeEdge",
        "ArtifactSequence",
        "ArtifactPortfolio",
        "ArtifactCollectionMembership",
        "ArtifactAlias",
        "Tag",
        "CreateArtifactPayload",
    ),
]
