"""Calls about what lies beside a run's rows: console lines, files, alerts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from runstone.client.calls import Calls, at_run, given
from runstone.client.connection import segments
from runstone.client.models import Alert, FileRecord, Line, convert

if TYPE_CHECKING:
    import httpx


class FileCalls(Calls):
    """Part of `Client`."""

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
        path = f"{at_run(entity, project, run)}/console"
        while True:
            params = given(writer=writer or None, start=start, limit=page, search=search or None)
            lines = self._get(path, params)["lines"]
            for number, stream, timestamp, text in lines:
                yield Line(number=number, stream=stream, timestamp=timestamp, text=text)
            if len(lines) < page:
                return
            start = lines[-1][0] + 1

    def files(self, entity: str, project: str, run: str, *, prefix: str = "") -> Iterator[FileRecord]:
        path = f"{at_run(entity, project, run)}/files"
        for item in self._pages(path, "files", given(prefix=prefix or None)):
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
            f"{at_run(entity, project, run)}/files/{segments(name)}",
            content=content,
            headers={"Content-Type": mimetype or "application/octet-stream"},
        )
        return convert(answer, FileRecord)

    def get_file(
        self, entity: str, project: str, run: str, name: str
    ) -> AbstractContextManager[httpx.Response]:
        """The file's bytes, streamed."""
        path = f"{at_run(entity, project, run)}/files/{segments(name)}"
        return self.connection.stream("GET", path, headers={"Accept": "*/*"})

    def delete_file(self, entity: str, project: str, run: str, name: str) -> None:
        self._send("DELETE", f"{at_run(entity, project, run)}/files/{segments(name)}")

    def alerts(self, entity: str = "", project: str = "", run: str = "") -> list[Alert]:
        """Of one run, or all that the key may see."""
        path = f"{at_run(entity, project, run)}/alerts" if run else "/alerts"
        return [convert(item, Alert) for item in self._get(path)["alerts"]]
