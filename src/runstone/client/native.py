"""The native API as typed calls: one method per route, grouped by noun.

    with Client() as client:                      # the server and key this host is signed in to
        for run in client.find_runs("", "mnist", order=["-summary.acc"]).runs:
            print(run.id, run.summary)

`entity` "" is the key's default entity everywhere. All methods raise `ClientError` and its kinds
(see `errors`). A client may be shared by threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from runstone.client.connection import Connection, Retries, Timeouts, segment, segments
from runstone.client.credentials import find_base_url, find_credential
from runstone.client.errors import Misuse
from runstone.client.models import (
    Alert,
    ApiKey,
    FileRecord,
    IngestAnswer,
    KeyInfo,
    Line,
    Me,
    Project,
    RunPage,
    RunRecord,
    Statistics,
    convert,
    numbers,
    plain,
    run_record,
)

if TYPE_CHECKING:
    import httpx

    from runstone.client.artifact_calls import ArtifactCalls
    from runstone.client.lineage_calls import LineageCalls
    from runstone.client.registry_calls import RegistryCalls
    from runstone.client.retention_calls import RetentionCalls
    from runstone.client.series import SeriesAnswer

Space = Literal["history", "system"]


class Client:
    """A signed-in connection to one server.

    base_url, api_key: looked up as `credentials` says where they are not given. Raises Misuse where
    no server is known. Nothing is sent before the first call.
    """

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        timeouts: Timeouts | None = None,
        retries: Retries | None = None,
        home: Path | None = None,
        environ: Mapping[str, str] | None = None,
        connections_max: int = 16,
    ) -> None:
        address = find_base_url(base_url, home=home, environ=environ)
        if not address:
            raise Misuse(
                "No server is known: none is named and no local one runs. Start one with "
                "`runstone server`, sign in with `runstone login HOST`, or set RUNSTONE_BASE_URL."
            )
        credential = find_credential(address, api_key=api_key, home=home, environ=environ)
        self.base_url = address
        self.key_source = credential.source if credential else ""
        self.connection = Connection(
            address,
            credential.api_key if credential else None,
            timeouts=timeouts,
            retries=retries,
            connections_max=connections_max,
        )

    def close(self) -> None:
        self.connection.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @cached_property
    def artifacts(self) -> ArtifactCalls:
        """Artifacts, their collections and bytes."""
        from runstone.client.artifact_calls import ArtifactCalls

        return ArtifactCalls(self.connection)

    @cached_property
    def lineage(self) -> LineageCalls:
        """Where things come from, what came of them, and what they take up."""
        from runstone.client.lineage_calls import LineageCalls

        return LineageCalls(self.connection)

    @cached_property
    def retention(self) -> RetentionCalls:
        """What is kept of versions, and deletion of many at once."""
        from runstone.client.retention_calls import RetentionCalls

        return RetentionCalls(self.connection)

    @cached_property
    def registries(self) -> RegistryCalls:
        """Registries, what was moved in them, deployments and the audit log."""
        from runstone.client.registry_calls import RegistryCalls

        return RegistryCalls(self.connection, self.me)

    # Who I am ------------------------------------------------------------------------------------

    def me(self) -> Me:
        return convert(self._get("/me"), Me)

    def api_keys(self) -> list[ApiKey]:
        return [convert(item, ApiKey) for item in self._get("/me/keys")["keys"]]

    def create_api_key(self, name: str, *, expires_at: float | None = None) -> ApiKey:
        """`key` of the answer is shown this once."""
        body = _given(name=name, expires_at=expires_at)
        return convert(self._send("POST", "/me/keys", json=body), ApiKey)

    def delete_api_key(self, key_id: int | str) -> None:
        self._send("DELETE", f"/me/keys/{segment(str(key_id))}")

    # Projects ------------------------------------------------------------------------------------

    def projects(self, entity: str = "", *, search: str = "", page: int = 200) -> Iterator[Project]:
        """By page as they are taken. entity "": all that the key may see."""
        yield from (
            convert(item, Project)
            for item in self._pages(
                "/projects", "projects", _given(entity=entity or None, search=search or None, limit=page)
            )
        )

    def project(self, entity: str, name: str) -> Project:
        return convert(self._get(_project(entity, name)), Project)

    def ensure_project(self, entity: str, name: str, *, description: str | None = None) -> Project:
        body = _given(description=description)
        return convert(self._send("PUT", _project(entity, name), json=body), Project)

    def delete_project(self, entity: str, name: str) -> None:
        """To the trash."""
        self._send("DELETE", _project(entity, name))

    def project_keys(self, entity: str, name: str, *, search: str = "") -> Iterator[KeyInfo]:
        """Metric keys that any run of the project logged (name and kind only)."""
        path = f"{_project(entity, name)}/keys"
        for item in self._pages(path, "keys", _given(search=search or None)):
            yield convert(numbers(item), KeyInfo)

    # Runs ----------------------------------------------------------------------------------------

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
        body = _given(
            filter=plain(filter) if filter else None,
            search=search or None,
            order=list(order),
            cursor=cursor or None,
            limit=limit,
            select=list(select) if select is not None else None,
            trash=trash or None,
        )
        path = f"{_project(entity, project)}/runs/query"
        answer = self._send("POST", path, json=body, repeatable=True)
        return RunPage(
            runs=[run_record(item) for item in answer["runs"]],
            next_cursor=answer.get("next_cursor") or "",
            total=answer.get("total") or 0,
        )

    def run(self, entity: str, project: str, run: str) -> RunRecord:
        return run_record(self._get(_run(entity, project, run)))

    def put_run(self, entity: str, project: str, run: str, **fields: Any) -> RunRecord:
        """Create the run, or change the fields given."""
        return run_record(self._send("PUT", _run(entity, project, run), json=plain(fields)))

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
        return run_record(self._send("PATCH", _run(entity, project, run), json=body, repeatable=True))

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
        self._send("POST", f"{_run(entity, project, run)}/stop", repeatable=True)

    def config_history(self, entity: str, project: str, run: str) -> list[dict[str, Any]]:
        """Patches of the config, oldest first: {at, writer, set, unset}."""
        patches: list[dict[str, Any]] = self._get(f"{_run(entity, project, run)}/config-history")["patches"]
        return patches

    # Journals ------------------------------------------------------------------------------------

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
            f"{_run(entity, project, run)}/journal",
            params={"writer": writer, "offset": offset},
            content=body,
            headers=_given(
                **{"Content-Type": "application/octet-stream", "Content-Encoding": encoding or None}
            ),
            repeatable=True,
        )
        return convert(answer, IngestAnswer)

    def journal_offset(self, entity: str, project: str, run: str, *, writer: str) -> int:
        """Where the server wants this writer to go on; 0 for one never seen."""
        path = f"{_run(entity, project, run)}/journal"
        return int(self._get(path, {"writer": writer})["next_offset"])

    # History -------------------------------------------------------------------------------------

    def rows(
        self,
        entity: str,
        project: str,
        run: str,
        *,
        keys: Sequence[str] | None = None,
        min_step: int | None = None,
        max_step: int | None = None,
        page: int = 1000,
        space: Space = "history",
    ) -> Iterator[dict[str, Any]]:
        """Rows by rising step, fetched by the page: `_step`, `_timestamp`, `_runtime` and values.
        max_step: the first step that is not wanted. A row without any of `keys` is left out."""
        path = f"{_run(entity, project, run)}/rows"
        params = _given(keys=list(keys) if keys else None, limit=page, space=space, min_step=min_step)
        while True:
            answer = self._get(path, params)
            for row in answer["rows"]:
                if max_step is not None and row["_step"] >= max_step:
                    return
                yield numbers(row)
            following = answer.get("next_step")
            if following is None or not answer["rows"]:
                return
            params["min_step"] = following

    def keys(
        self, entity: str, project: str, run: str, *, search: str = "", space: Space = "history"
    ) -> Iterator[KeyInfo]:
        path = f"{_run(entity, project, run)}/keys"
        for item in self._pages(path, "keys", _given(search=search or None, space=space)):
            yield convert(numbers(item), KeyInfo)

    def statistics(
        self,
        entity: str,
        project: str,
        run: str,
        key: str,
        *,
        lo: float | None = None,
        hi: float | None = None,
    ) -> Statistics:
        path = f"{_run(entity, project, run)}/statistics"
        return convert(numbers(self._get(path, _given(key=key, lo=lo, hi=hi))), Statistics)

    def series(
        self,
        entity: str,
        project: str,
        *,
        runs: Sequence[str],
        keys: Sequence[str],
        x: str = "_step",
        range: tuple[float | None, float | None] = (None, None),
        buckets: int = 500,
        space: Space = "history",
        group: Mapping[str, Sequence[str]] | None = None,
    ) -> SeriesAnswer:
        """Lines thinned to `buckets`, every lowest and highest point kept; see `series.LineData`."""
        from runstone.client.series import MEDIA_TYPE, decode

        body = _given(
            runs=list(runs),
            keys=list(keys),
            x=x,
            range=list(range),
            buckets=buckets,
            space=space,
            group={name: list(members) for name, members in group.items()} if group else None,
        )
        answer = self.connection.call(
            "POST",
            f"{_project(entity, project)}/series",
            json=body,
            headers={"Accept": MEDIA_TYPE},
            repeatable=True,
        )
        return decode(answer.content)

    def export(
        self,
        entity: str,
        project: str,
        run: str,
        *,
        format: Literal["parquet", "csv", "jsonl"] = "parquet",
        keys: Sequence[str] | None = None,
        space: Space = "history",
    ) -> AbstractContextManager[httpx.Response]:
        """The whole history as a file, streamed: read the answer with `iter_bytes`."""
        params = _given(format=format, keys=list(keys) if keys else None, space=space)
        return self.connection.stream(
            "GET", f"{_run(entity, project, run)}/export", params=params, headers={"Accept": "*/*"}
        )

    # Console, files, alerts ----------------------------------------------------------------------

    def console(
        self,
        entity: str,
        project: str,
        run: str,
        *,
        writer: str = "",
        start: int = 0,
        search: str = "",
        page: int = 5000,
    ) -> Iterator[Line]:
        """Lines from number `start` on, by the page."""
        path = f"{_run(entity, project, run)}/console"
        while True:
            params = _given(writer=writer or None, start=start, limit=page, search=search or None)
            lines = self._get(path, params)["lines"]
            for number, stream, timestamp, text in lines:
                yield Line(number=number, stream=stream, timestamp=timestamp, text=text)
            if len(lines) < page:
                return
            start = lines[-1][0] + 1

    def files(self, entity: str, project: str, run: str, *, prefix: str = "") -> Iterator[FileRecord]:
        path = f"{_run(entity, project, run)}/files"
        for item in self._pages(path, "files", _given(prefix=prefix or None)):
            yield convert(item, FileRecord)

    def put_file(
        self,
        entity: str,
        project: str,
        run: str,
        name: str,
        content: bytes | Callable[[], Iterator[bytes]],
        *,
        mimetype: str = "",
    ) -> FileRecord:
        """Store `content` under `name`; one of that name is replaced. A function gives the bytes
        anew for each attempt."""
        answer = self._send(
            "PUT",
            f"{_run(entity, project, run)}/files/{segments(name)}",
            content=content,
            headers={"Content-Type": mimetype or "application/octet-stream"},
        )
        return convert(answer, FileRecord)

    def get_file(
        self, entity: str, project: str, run: str, name: str
    ) -> AbstractContextManager[httpx.Response]:
        """The file's bytes, streamed."""
        path = f"{_run(entity, project, run)}/files/{segments(name)}"
        return self.connection.stream("GET", path, headers={"Accept": "*/*"})

    def delete_file(self, entity: str, project: str, run: str, name: str) -> None:
        self._send("DELETE", f"{_run(entity, project, run)}/files/{segments(name)}")

    def alerts(self, entity: str = "", project: str = "", run: str = "") -> list[Alert]:
        """Of one run, or all that the key may see."""
        path = f"{_run(entity, project, run)}/alerts" if run else "/alerts"
        return [convert(item, Alert) for item in self._get(path)["alerts"]]

    # Administration ------------------------------------------------------------------------------

    def health(self) -> dict[str, Any]:
        """For server admins: version, uptime, sizes, queues."""
        answer: dict[str, Any] = self._get("/admin/health")
        return answer

    def create_user(
        self, username: str, *, api_key: str | None = None, email: str | None = None, admin: bool = False
    ) -> dict[str, Any]:
        """For server admins. The answer has `api_key` when one was made."""
        body = _given(username=username, api_key=api_key, email=email, admin=admin)
        answer: dict[str, Any] = self._send("POST", "/admin/users", json=body, repeatable=True)
        return answer

    # ---------------------------------------------------------------------------------------------

    def _get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        return self.connection.value("GET", path, params=params)

    def _send(self, method: str, path: str, **rest: Any) -> Any:
        return self.connection.value(method, path, **rest)

    def _many(
        self,
        entity: str,
        project: str,
        act: str,
        runs: Sequence[str],
        more: Mapping[str, Any] | None = None,
    ) -> int:
        path = f"{_project(entity, project)}/runs/{act}"
        answer = self._send("POST", path, json={"runs": list(runs), **(more or {})}, repeatable=True)
        return int(answer["count"])

    def _pages(self, path: str, name: str, params: dict[str, Any]) -> Iterator[Any]:
        while True:
            answer = self._get(path, params)
            yield from answer[name]
            following = answer.get("next")
            if not following:
                return
            params["after"] = following


def _project(entity: str, project: str) -> str:
    if not project:
        raise Misuse("A project's name is needed here, as in 'entity/project'.")
    return f"/projects/{segment(entity or '-')}/{segment(project)}"


def _run(entity: str, project: str, run: str) -> str:
    if not run:
        raise Misuse("A run's id is needed here, as in 'entity/project/run'.")
    return f"{_project(entity, project)}/runs/{segment(run)}"


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
