"""What a run does with artifacts: methods of `Run`, each loading what it needs when it is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from runstone.sdk.artifacts.artifact import Artifact
    from runstone.sdk.artifacts.recording import RunArtifacts


class ArtifactMethods:
    """Part of `Run`."""

    _artifacts: RunArtifacts | None = None

    def log_artifact(
        self: Any,
        artifact_or_path: Artifact | str | os.PathLike[str],
        name: str | None = None,
        type: str | None = None,
        aliases: Sequence[str] | str | None = None,
        tags: Sequence[str] | str | None = None,
    ) -> Artifact:
        """This run made a version of an artifact: one that was put together, or a file or folder (then
        `name` and `type` say what it is). Does not wait for the network; `wait()` on what it returns
        does. What this returned from survives `kill -9`."""
        from runstone.sdk.artifacts.using import log_artifact

        return log_artifact(self, artifact_or_path, name=name, type=type, aliases=aliases, tags=tags)

    def upsert_artifact(
        self: Any,
        artifact_or_path: Artifact | str | os.PathLike[str],
        name: str | None = None,
        type: str | None = None,
        aliases: Sequence[str] | str | None = None,
        distributed_id: str | None = None,
    ) -> Artifact:
        """Add to a version that several runs or processes make together, under `distributed_id`
        (default: the run's group). `finish_artifact` closes it: `wait()` for each part before. One that
        comes later is refused, and its `wait()` raises NotCommittedError."""
        from runstone.sdk.artifacts.using import log_artifact

        return log_artifact(
            self,
            artifact_or_path,
            name=name,
            type=type,
            aliases=aliases,
            distributed=distributed_id,
            part=True,
        )

    def finish_artifact(
        self: Any,
        artifact_or_path: Artifact | str | os.PathLike[str],
        name: str | None = None,
        type: str | None = None,
        aliases: Sequence[str] | str | None = None,
        distributed_id: str | None = None,
    ) -> Artifact:
        """As `upsert_artifact`, and the version is complete with this."""
        from runstone.sdk.artifacts.using import log_artifact

        return log_artifact(
            self,
            artifact_or_path,
            name=name,
            type=type,
            aliases=aliases,
            distributed=distributed_id,
            part=True,
            last=True,
        )

    def use_artifact(
        self: Any,
        artifact_or_name: Artifact | str,
        type: str | None = None,
        aliases: Sequence[str] | None = None,
        use_as: str | None = None,
    ) -> Artifact:
        """This run reads a version: `name:alias`, `name:v3` or `entity/project/name:alias`. Asks the
        server, and raises where it is not there."""
        from runstone.sdk.artifacts.using import use_artifact

        return use_artifact(self, artifact_or_name, type=type, aliases=aliases, use_as=use_as)

    def link_artifact(
        self: Any, artifact: Artifact, target_path: str, aliases: Sequence[str] | None = None
    ) -> Artifact | None:
        """Link a version into a registry's collection; a draft is logged first."""
        from runstone.sdk.artifacts.using import link_artifact

        return link_artifact(self, artifact, target_path, aliases)

    def log_model(
        self: Any,
        path: str | os.PathLike[str],
        name: str | None = None,
        aliases: Sequence[str] | None = None,
    ) -> Artifact:
        """A file or folder as a version of type "model", named after the run unless `name` is given."""
        from runstone.sdk.artifacts.using import log_artifact

        return log_artifact(self, path, name=name or f"run-{self.id}-model", type="model", aliases=aliases)

    def use_model(self: Any, name: str) -> str:
        """Download a version of type "model"; the path of its file, or of its folder."""
        from runstone.sdk.artifacts.using import use_model

        return use_model(self, name)

    def link_model(
        self: Any,
        path: str | os.PathLike[str],
        registered_model_name: str,
        name: str | None = None,
        aliases: Sequence[str] | None = None,
    ) -> Artifact | None:
        """Log a model and link it into a registry's collection."""
        from runstone.sdk.artifacts.using import link_model

        return link_model(self, path, registered_model_name, name, aliases)

    def _artifact_store(self: Any) -> RunArtifacts:
        if self._artifacts is None:
            from runstone.sdk.artifacts.recording import RunArtifacts

            self._artifacts = RunArtifacts(self)
        store: RunArtifacts = self._artifacts
        return store
