"""A version of a million files, browsed by folder, searched and compared.

    python bench/artifact_folders.py [--files 1000000] [--database postgresql://…]

CPU milliseconds of the server's own calls (domain and store). Half of the files lie in one flat folder,
the rest three folders deep: 100 × 10 × 500. The second version differs in one file in a thousand of one
folder. Bytes are not sent: the entries are references.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from artifacts import _ADMIN as ADMIN
from artifacts import cpu

from runstone.server.domain.artifact_model import Entry, VersionWanted
from runstone.server.house import House, open_house
from runstone.server.settings import ServerSettings
from runstone.server.stores.records.schema.artifacts import part_outlines

ENTRIES_AT_ONCE = 20_000


def paths(files: int) -> Iterator[tuple[str, int]]:
    for n in range(files // 2):
        yield f"flat/{n:07}.png", 1000 + n % 7
    each = max(1, files // 2 // 1000)
    for one in range(100):
        for other in range(10):
            for n in range(each):
                yield f"tree/{one:03}/{other}/{n:06}.json", 100 + n % 5


def commit(house: House, files: int, *, changed: bool) -> tuple[int, float]:
    """(version, CPU seconds of its making)."""
    artifacts = house.domain.artifacts
    began = time.process_time()
    made = artifacts.create(ADMIN, "bench", "p", VersionWanted("dataset", "set"))
    held: list[Entry] = []

    def send() -> None:
        artifacts.add_entries(ADMIN, made.version.id, held)
        held.clear()

    for number, (path, size) in enumerate(paths(files)):
        differs = changed and path.startswith("flat/") and number % 1000 == 0
        held.append(Entry(path, size + differs, ref=f"s3://data/{path}", digest=f"{number + differs:032x}"))
        if len(held) == ENTRIES_AT_ONCE:
            send()
    if held:
        send()
    version = artifacts.commit(ADMIN, made.version.id).version
    return version.id, time.process_time() - began


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--database", default="", help="postgresql://… in place of SQLite")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        environ = {"RUNSTONE_DATABASE_URL": given.database} if given.database else {}
        house = open_house(ServerSettings.load(data=Path(folder), environ=environ))
        try:
            ask(house, given.files)
        finally:
            house.close()


def ask(house: House, files: int) -> None:
    domain = house.domain
    domain.accounts.create_user(ADMIN, "bench")
    domain.projects.ensure(ADMIN, "bench", "p")
    old, spent = commit(house, files, changed=False)
    new, again = commit(house, files, changed=True)
    print(f"{files:,} files committed in {spent:.1f} s CPU, and changed in {again:.1f} s")
    artifacts = domain.artifacts

    def folder(prefix: str = "", **wanted: Any) -> Callable[[], Any]:
        return lambda: artifacts.folder(ADMIN, old, prefix=prefix, **wanted)

    def searched(text: str) -> Callable[[], Any]:
        return lambda: artifacts.search_files(ADMIN, old, text)

    def walked() -> int:
        after, pages = "", 0
        while True:
            page = artifacts.search_files(ADMIN, old, "nothing has this", after=after)
            after, pages = page.next, pages + 1
            if not after:
                return pages

    middle = f"files:flat/{files // 4:07}"
    questions: list[tuple[str, Callable[[], Any]]] = [
        ("top", folder()),
        ("100 folders of 5,000", folder("tree/")),
        ("10 folders of 500", folder("tree/050/")),
        ("a deep folder", folder("tree/050/5/")),
        ("flat folder, first 200", folder("flat/", limit=200)),
        ("flat folder, 200 from the middle", folder("flat/", limit=200, after=middle)),
        ("names that begin so", folder("flat/00123", limit=200)),
        ("files and bytes below flat/", lambda: artifacts.below(ADMIN, old, "flat/")),
        ("one file by its path", lambda: artifacts.entry(ADMIN, old, "flat/0012345.png")),
        ("search, found at once", searched("0000")),
        ("search, a page of none", searched("nothing has this")),
        (f"search of all ({walked()} pages)", walked),
        ("compare by folder, top", lambda: artifacts.diff_folder(ADMIN, old, new)),
        ("compare by folder, tree/", lambda: artifacts.diff_folder(ADMIN, old, new, prefix="tree/")),
    ]
    for name, work in questions:
        median, worst = cpu(work)
        print(f"{name:<34} {median:8.1f} ms CPU (worst {worst:.1f})")
    house.records.write(lambda conn: conn.execute(part_outlines.delete()))
    began = time.process_time()
    folder()()
    print(f"top, no outline made before        {(time.process_time() - began) * 1000:8.1f} ms CPU, once")
    print(
        f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB, commits included"
    )


if __name__ == "__main__":
    main()
