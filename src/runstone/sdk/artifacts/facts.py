"""What is known of an artifact's content: its tables' columns, how it came to be, what its files are for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from runstone.content.paths import tabular
from runstone.sdk.artifacts.state import ArtifactState
from runstone.sdk.errors import UsageError

if TYPE_CHECKING:
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
        said = {table["path"] for table in self._tables}
        files = [
            (path, local)
            for path in tabular(draft.paths())
            if path not in said and (local := draft.local_of(path)) is not None
        ]
        if not files:
            return list(self._tables)
        from runstone.content import schemas as schema

        return [*self._tables, *schema.of_files(files)]

    def set_schema(self, frame: Any, path: str = "") -> None:
        """Take the schema of a frame or dataset in memory, for content whose files do not say it: pandas,
        polars, Arrow, Hugging Face. Raises UsageError for anything else."""
        from runstone.content import schemas as schema

        found = schema.of_frame(frame, path)
        if found is None:
            raise UsageError(
                f"The schema of {type(frame).__name__} cannot be told. Use a data frame or dataset."
            )
        self._tables = [table for table in self._tables if table["path"] != path] + [found]

    def set_role(self, role: str, paths: str | Sequence[str]) -> None:
        """Say which files of a model are its weights, training_script, evaluation or environment."""
        from runstone.sdk.artifacts.roles import check_role

        self._roles[check_role(role)] = [paths] if isinstance(paths, str) else list(paths)

    @property
    def roles(self) -> dict[str, Any]:
        """The files of a model by role, `missing` roles, and files that are `pickles`."""
        if self._version is not None and not self._roles:
            return dict(self._version.record.facts.get("roles") or {})
        from runstone.sdk.artifacts.roles import find

        draft = self._draft
        return find(draft.paths() if draft is not None else self.manifest.entries, self._roles)

    def _known_facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = {}
        if self._type != "model" or self._tables:
            schema = self.schema
            if schema:
                facts["schema"] = schema
        if self._steps is not None and len(self._steps):
            facts["preprocessing"] = self._steps.as_list()
        if self._type == "model" or self._roles:
            facts["roles"] = self.roles
        return facts
