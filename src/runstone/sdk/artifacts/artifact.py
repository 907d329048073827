"""An artifact: a version of named content. Put together as a draft, logged by a run, read by others.

artifact = runstone.Artifact("cats", type="dataset")
artifact.add_dir("data/")
run.log_artifact(artifact, aliases=["clean"])

folder = run.use_artifact("cats:clean").download()
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from runstone.sdk.artifacts import names
from runstone.sdk.artifacts.content import ArtifactContent
from runstone.sdk.errors import UsageError

if TYPE_CHECKING:
    from runstone.client.artifact_files import ArtifactFile
    from runstone.client.artifacts import ArtifactVersion


class Artifact(ArtifactContent):
    """name: of the collection it becomes a version of. type: "dataset", "model", any text.

    metadata: JSON values. incremental: start from the latest version's files. policy: how added files
    are treated where `add_file` and `add_dir` do not say: "mutable" (kept as they are when they are
    added) or "immutable" (sent from where they lie; nothing is copied). Safe in one thread at a time.
    """

    @classmethod
    def _of_version(cls, version: ArtifactVersion) -> Artifact:
        artifact = cls(version.collection_name, version.type)
        artifact._became(version)
        return artifact

    @classmethod
    def _by_number(cls, address: names.Address, type: str) -> Artifact:
        """A version that nobody was asked about: a run without a server reads it."""
        artifact = cls(address.name, type)
        artifact._draft = None
        artifact._number = address.version
        return artifact

    # --- who it is

    @property
    def type(self) -> str:
        return self._type

    @property
    def description(self) -> str | None:
        return self._version.description if self._version is not None else self._description

    @description.setter
    def description(self, value: str | None) -> None:
        if self._version is not None:
            self._version.description = value or ""
        self._description = value

    @property
    def metadata(self) -> dict[str, Any]:
        return self._version.metadata if self._version is not None else self._metadata

    @metadata.setter
    def metadata(self, value: Mapping[str, Any]) -> None:
        if self._version is not None:
            self._version.metadata = self._plain_metadata(value)
        self._metadata = self._plain_metadata(value)

    @property
    def ttl(self) -> timedelta | None:
        """How long the version is kept; None for as its collection says."""
        seconds = self._version.ttl_seconds if self._version is not None else self._ttl_seconds
        return None if seconds is None or seconds < 0 else timedelta(seconds=seconds)

    @ttl.setter
    def ttl(self, value: timedelta | float | None) -> None:
        if value is not None and not isinstance(value, (timedelta, int, float)):
            raise UsageError(f"An artifact's ttl is a timedelta or seconds, met {value!r}.")
        seconds = (
            None if value is None else int(value.total_seconds() if isinstance(value, timedelta) else value)
        )
        if seconds is not None and seconds <= 0:
            raise UsageError(f"An artifact is kept for a time above zero, met {value!r}.")
        self._ttl_seconds = seconds
        if self._version is not None:
            self._version.ttl_seconds = seconds

    @property
    def aliases(self) -> list[str]:
        """Of a logged version: change the list, then `save()`."""
        return self._version.aliases if self._version is not None else self._aliases

    @aliases.setter
    def aliases(self, value: Sequence[str]) -> None:
        checked = names.own_aliases(value)
        if self._version is not None:
            self._version.aliases = checked
        self._aliases = checked

    @property
    def tags(self) -> list[str]:
        return self._version.tags if self._version is not None else self._tags

    @tags.setter
    def tags(self, value: Sequence[str]) -> None:
        checked = names.tags(value)
        if self._version is not None:
            self._version.tags = checked
        self._tags = checked

    @property
    def incremental(self) -> bool:
        return self._incremental

    @property
    def distributed_id(self) -> str | None:
        return self._distributed or None

    @distributed_id.setter
    def distributed_id(self, value: str | None) -> None:
        self._distributed = value or ""

    @property
    def digest(self) -> str:
        """Of a draft: SHA-256 of the list of its files, read for that where they are not yet."""
        if self._version is not None:
            return self._version.digest
        import hashlib

        return (
            self._record.manifest if self._record else hashlib.sha256(self._drafting().manifest()).hexdigest()
        )

    @property
    def size(self) -> int:
        """Bytes of its files."""
        if self._version is not None:
            return self._version.size
        return self._record.bytes if self._record else self._drafting().size()

    @property
    def file_count(self) -> int:
        if self._version is not None:
            return self._version.file_count
        return self._record.files if self._record else self._drafting().count()

    def __getattr__(self, name: str) -> Any:
        """What only a version on a server has: id, version, entity, project, url, created_at, …"""
        if name.startswith("_"):
            raise AttributeError(name)
        from runstone.client.artifacts import ArtifactVersion

        if not hasattr(ArtifactVersion, name):
            raise AttributeError(f"'Artifact' has no attribute {name!r}")
        return getattr(self._logged(name), name)

    def __repr__(self) -> str:
        return f"<Artifact {self.name!r} ({self._type}, {self.state.lower()})>"

    # --- on a server

    def wait(self, timeout: float | None = None) -> Artifact:
        """Until the server has it; then it knows its version. In mode offline there is nothing to wait
        for. Raises NotCommittedError after `timeout` seconds, or where the server refused it; ServerAway
        where it has it, but went away before it told the version, and stayed away for `timeout`."""
        self._settle(timeout)
        return self

    def save(self, project: str | None = None, settings: Any = None) -> None:
        """Of a draft: log it, by the current run or one made for that. Of a version: carry changes of
        description, metadata, aliases, tags and ttl to the server."""
        if self._version is not None:
            self._version.save()
        elif self._record is None:
            from runstone.sdk.artifacts.using import log_alone

            log_alone(self, project, settings)

    def new_draft(self) -> Artifact:
        """A draft that holds this version's files, to add to and remove from; logging it makes the next
        version. Bytes that stay are not sent again."""
        version = self._logged("new_draft()")
        draft = Artifact(version.collection_name, version.type, self.description, self.metadata)
        draft._base = version.id
        entries = version.entries()
        draft._drafting().take_over(entries)
        draft._take_facts(version, entries, steps=True)
        draft._incremental = True
        return draft

    def finalize(self) -> None:
        """Nothing to do: a version is final once it is logged."""

    def download(
        self,
        root: str | os.PathLike[str] | None = None,
        allow_missing_references: bool = False,
        skip_cache: bool | None = None,
        path_prefix: str | os.PathLike[str] | None = None,
        multipart: bool | None = None,
        *,
        links: str | None = None,
    ) -> str:
        """Bring its files to `root` (default: ./artifacts/NAME:VERSION), each checked; what is there
        already is not fetched again, what was begun goes on. Returns the folder. See
        `client/artifact_download.py`."""
        return self._logged("download()").download(
            root,
            allow_missing_references=allow_missing_references,
            path_prefix=os.fspath(path_prefix) if path_prefix is not None else "",
            use_cache=not skip_cache,
            links=links,
        )

    def checkout(self, root: str | os.PathLike[str] | None = None) -> str:
        """As `download`, and files of the folder that the version does not hold are removed."""
        return self._logged("checkout()").checkout(root)

    def verify(self, root: str | os.PathLike[str] | None = None) -> None:
        """Hash the files of the folder it was downloaded to. Raises ValueError naming what differs."""
        self._logged("verify()").verify(root)

    def file(self, root: str | os.PathLike[str] | None = None) -> str:
        """Download its only file; the path. Raises ValueError where there are several."""
        return self._logged("file()").file(root)

    def files(self, names: Sequence[str] | None = None, per_page: int = 50) -> list[ArtifactFile]:
        return self._logged("files()").files(names)

    def delete(self, delete_aliases: bool = False) -> None:
        """To the trash."""
        self._logged("delete()").delete(delete_aliases=delete_aliases)

    def link(self, target_path: str, aliases: Iterable[str] | None = None) -> Artifact | None:
        """Into a registry's collection, `[REGISTRY/]COLLECTION`. Of what is not on a server yet: when it
        arrives there; None then."""
        wanted = names.own_aliases(aliases)
        if self._version is None and self._record is None:
            self._links.append((target_path, wanted))
            return None
        linked = self.wait()._logged("link()").link(target_path, wanted)
        return Artifact._of_version(linked)

    def unlink(self) -> None:
        self._logged("unlink()").unlink()

    def json_encode(self) -> dict[str, Any]:
        version = self._logged("json_encode()")
        return {
            "_type": "artifactVersion",
            "_version": "v0",
            "id": version.id,
            "version": version.version,
            "sequenceName": version.collection_name,
            "usedAs": self.use_as,
        }
