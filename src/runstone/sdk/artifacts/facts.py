"""What is known of an artifact's content: its tables' columns, how it came to be, what its files are for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from runstone.content.paths import tabular
from runstone.sdk.artifacts.state import ArtifactState
from runstone.sdk.errors import UsageError

if TYPE_CHECKING:
    from runstone.client.artifacts import ArtifactVersion
    from runstone.content.manifest import Entry
    from runstone.sdk.artifacts.preprocessing import Preprocessing


class ArtifactFacts(ArtifactState):
    """Part of `Artifact`."""

    @property
    def preprocessing(self) -> Preprocessing:
        """How the data came to be, in order: `artifact.preprocessing.add(function, params)`."""
        if self._steps is None:
            from runstone.sdk.artifacts.preprocessing import Preprocessing

            given = self._version.record.facts.get("preprocessing") if self._version is not None else None
            self._steps = Preprocessing(given)
        return self._steps

    @property
    def schema(self) -> list[dict[str, Any]]:
        """The tables in it, with the columns of each; see `content/schemas.py`. Of a draft: read from its
        files now."""
        if self._version is not None:
            return list(self._version.record.facts.get("schema") or [])
        if self._record is not None:
            return list(self._record.facts.get("schema") or [])
        draft = self._drafting()
        listed = tabular(draft.paths())
        said = {table["path"] for table in self._tables}
        before = self._base_digests
        now: dict[str, bytes] = {}
        if before:
            draft.read_waiting()
            now = {path: draft.entries[path].sha256 for path in listed if path in before}
        files = [
            (path, local)
            for path in listed
            if path not in said
            and (path not in now or now[path] != before[path])
            and (local := draft.local_of(path)) is not None
        ]
        if not (files or self._tables or self._base_tables):
            return []
        from runstone.content import schemas as schema

        of_base = schema.carried(self._base_tables, before, now)
        of_base = [table for table in of_base if table["path"] not in said]
        given = [table for table in of_base if "files" not in table and table["path"] not in before]
        kept = [table for table in of_base if table not in given]
        return schema.of_version([*self._tables, *given], [*kept, *schema.of_files(files)])

    def set_schema(self, frame: Any, path: str = "") -> None:
        """Take the schema of a frame or dataset in memory, for content whose files do not say it: pandas,
        polars, Arrow, Hugging Face (of a DatasetDict that of each split). Raises UsageError for anything
        else."""
        from runstone.content import schemas as schema

        found = schema.of_frames(frame, path)
        if not found:
            raise UsageError(
                f"The schema of {type(frame).__module__}.{type(frame).__qualname__} cannot be told. Give a "
                "pandas or polars data frame, an Arrow table or batch, or a Hugging Face dataset that has "
                "features."
            )
        new = {table["path"] for table in found}
        self._tables = [table for table in self._tables if table["path"] not in new] + found

    def set_role(self, role: str, paths: str | Sequence[str]) -> None:
        """Say which files of a model are its weights, training_script, evaluation or environment."""
        from runstone.sdk.artifacts.roles import check_role

        self._roles[check_role(role)] = [paths] if isinstance(paths, str) else list(paths)

    @property
    def roles(self) -> dict[str, Any]:
        """The files of a model by role, `missing` roles, and files that are `pickles`. Raises UsageError
        where `set_role` named what the artifact does not hold."""
        if self._version is not None and not self._roles:
            return dict(self._version.record.facts.get("roles") or {})
        from runstone.sdk.artifacts.roles import find

        draft = self._draft
        paths = draft.paths() if draft is not None else list(self.manifest.entries)
        there = set(paths)
        of_base = {role: [p for p in named if p in there] for role, named in self._base_roles.items()}
        return find(paths, {**of_base, **self._roles}, name=self._name)

    def _take_facts(self, version: ArtifactVersion, entries: list[Entry], *, steps: bool) -> None:
        """What is known of the version that this draft begins as, as far as its files stay."""
        from runstone.sdk.artifacts.preprocessing import Preprocessing
        from runstone.sdk.artifacts.roles import said_of

        facts = version.record.facts
        self._base_tables = list(facts.get("schema") or [])
        if self._base_tables:
            digests = {entry.path: entry.sha256 for entry in entries}
            self._base_digests = {path: digests[path] for path in tabular(digests)}
        if steps and facts.get("preprocessing"):
            self._steps = Preprocessing(facts["preprocessing"])
        if facts.get("roles"):
            self._base_roles = said_of([entry.path for entry in entries], facts["roles"])

    def _known_facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = {}
        if self._type != "model" or self._tables:
            schema = self.schema
            if schema:
                facts["schema"] = schema
        if self._steps is not None and len(self._steps):
            facts["preprocessing"] = self._steps.as_list()
        if self._type == "model" or self._roles or self._base_roles:
            facts["roles"] = self.roles
        return facts


def known_of(kind: str, files: dict[str, str]) -> dict[str, Any]:
    """What is known of a version of these files that nobody said anything of. files: where each lies, by
    path."""
    facts: dict[str, Any] = {}
    listed = tabular(files) if kind != "model" else []
    if listed:
        from runstone.content import schemas as schema

        tables = schema.of_version([], schema.of_files((path, files[path]) for path in listed))
        if tables:
            facts["schema"] = tables
    if kind == "model":
        from runstone.sdk.artifacts.roles import find

        facts["roles"] = find(files, {})
    return facts
