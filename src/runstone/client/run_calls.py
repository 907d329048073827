"""Calls about projects and their runs, and journals that make runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from runstone.client.calls import Calls, at_project, at_run, given
from runstone.client.models import (
    IngestAnswer,
    KeyInfo,
    Project,
    RunPage,
    RunRecord,
    convert,
    numbers,
    plain,
    run_record,
)


class RunCalls(Calls):
    """Part of `Client`."""

    def projects(self, entity: str = "", *, search: str = "", page: int = 200) -> Iterator[Project]:
        """By page as they are taken. entity "": all that the key may see."""
        yield from (
            convert(item, Project)
            for item in self._pages(
                "/projects", "projects", given(entity=entity or None, search=search or None, limit=page)
            )
        )

    def project(self, entity: str, name: str) -> Project:
        return convert(self._get(at_project(entity, name)), Project)

    def ensure_project(self, entity: str, name: str, *, description: str | None = None) -> Project:
        body = given(description=description)
        return convert(self._send("PUT", at_project(entity, name), json=body), Project)

    def delete_project(self, entity: str, name: str) -> None:
        """To the trash."""
        self._send("DELETE", at_project(entity, name))

    def project_keys(self, entity: str, name: str, *, search: str = "") -> Iterator[KeyInfo]:
        """Metric keys that any run of the project logged (name and kind only)."""
        path = f"{at_project(entity, name)}/keys"
        for item in self._pages(path, "keys", given(search=search or None)):
            yield convert(numbers(item), KeyInfo)

    def find_runs(
        self,
        entity: str,
        project: str,
        *,
        filter: Mapping[str, Any] | None = None,
        search: str = "",
        order: Sequence[str] = ("-created_at",),
        cursor: str = "",
        limit: int = 100,
        select: Sequence[str] | None = None,
        trash: bool = False,
    ) -> RunPage:
        """One page of runs. filter: the Mongo-like language over fields, `config.…`, `summary.…`.
        select: only these config and summary keys are brought. limit ≤ 1,000."""
        body = given(
            filter=plain(filter) if filter else None,
            search=search or None,
            order=list(order),
            cursor=cursor or None,
            limit=limit,
            select=list(select) if select is not None else None,
            trash=trash or None,
        )
        path = f"{at_project(entity, project)}/runs/query"
        answer = self._send("POST", path, json=body, repeatable=True)
        return RunPage(
            runs=[run_record(item) for item in answer["runs"]],
            next_cursor=answer.get("next_cursor") or "",
            total=answer.get("total") or 0,
        )

    def run(self, entity: str, project: str, run: str) -> RunRecord:
        return run_record(self._get(at_run(entity, project, run)))

    def put_run(self, entity: str, project: str, run: str, **fields: Any) -> RunRecord:
        """Create the run, or change the fields given."""
        return run_record(self._send("PUT", at_run(entity, project, run), json=plain(fields)))

    def change_run(
        self,
        entity: str,
        project: str,
        run: str,
        *,
        config_set: Iterable[tuple[Sequence[str], Any]] = (),
        summary_set: Iterable[tuple[Sequence[str], Any]] = (),
        config_unset: Iterable[Sequence[str]] = (),
        summary_unset: Iterable[Sequence[str]] = (),
        **fields: Any,
    ) -> RunRecord:
        """Change an existing run. config_set and summary_set hold (path, value), a path being the
        list of keys from the top; other fields are display_name, notes, tags, group, job_type."""
        body: dict[str, Any] = dict(plain(fields))
        for name, pairs in (("config_set", config_set), ("summary_set", summary_set)):
            listed = [[list(path), plain(value)] for path, value in pairs]
            if listed:
                body[name] = listed
        for name, paths in (("config_unset", config_unset), ("summary_unset", summary_unset)):
            gone = [list(path) for path in paths]
            if gone:
                body[name] = gone
        return run_record(self._send("PATCH", at_run(entity, project, run), json=body, repeatable=True))

    def delete_runs(self, entity: str, project: str, runs: Sequence[str]) -> int:
        """To the trash, where they stay restorable for 30 days. How many there were."""
        return self._many(entity, project, "delete", runs)

    def restore_runs(self, entity: str, project: str, runs: Sequence[str]) -> int:
        return self._many(entity, project, "restore", runs)

    def purge_runs(self, entity: str, project: str, runs: Sequence[str]) -> int:
        """For good."""
        return self._many(entity, project, "purge", runs)

    def move_runs(
        self, entity: str, project: str, runs: Sequence[str], *, to_entity: str, to_project: str
    ) -> int:
        return self._many(entity, project, "move", runs, {"entity": to_entity, "project": to_project})

    def stop_run(self, entity: str, project: str, run: str) -> None:
        """Ask it to end; its own host carries that out."""
        self._send("POST", f"{at_run(entity, project, run)}/stop", repeatable=True)

    def config_history(self, entity: str, project: str, run: str) -> list[dict[str, Any]]:
        """Patches of the config, oldest first: {at, writer, set, unset}."""
        patches: list[dict[str, Any]] = self._get(f"{at_run(entity, project, run)}/config-history")["patches"]
        return patches

    def _many(
        self,
        entity: str,
        project: str,
        act: str,
        runs: Sequence[str],
        more: Mapping[str, Any] | None = None,
    ) -> int:
        path = f"{at_project(entity, project)}/runs/{act}"
        answer = self._send("POST", path, json={"runs": list(runs), **(more or {})}, repeatable=True)
        return int(answer["count"])

    def post_journal(
        self,
        entity: str,
        project: str,
        run: str,
        *,
        writer: str,
        offset: int,
        body: bytes,
        encoding: str = "",
    ) -> IngestAnswer:
        """Whole records, the journal's bytes from `offset` on; none at all is a heartbeat. Sending
        bytes twice is harmless. encoding: "gzip" or "zstd" where `body` is packed so. Raises
        OffsetMismatch, MissingFile, Invalid."""
        answer = self._send(
            "POST",
            f"{at_run(entity, project, run)}/journal",
            params={"writer": writer, "offset": offset},
            content=body,
            headers=given(
                **{"Content-Type": "application/octet-stream", "Content-Encoding": encoding or None}
            ),
            repeatable=True,
        )
        return convert(answer, IngestAnswer)

    def journal_offset(self, entity: str, project: str, run: str, *, writer: str) -> int:
        """Where the server wants this writer to go on; 0 for one never seen."""
        path = f"{at_run(entity, project, run)}/journal"
        return int(self._get(path, {"writer": writer})["next_offset"])
