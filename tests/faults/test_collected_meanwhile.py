"""A collection that spares nothing, over and over, while artifacts go up: what it takes must be sent
again, and whoever must is told so; nothing of it is an error of the server, and what was committed stays."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from pathlib import Path

import httpx
import pytest
from tests.support.artifacts import entry, frames
from tests.support.rest import client
from tests.support.server import RunningServer, running_server

pytestmark = [pytest.mark.faults, pytest.mark.slow]

PROJECT = "/projects/admin/p"
SECONDS = 8.0
SPARING_NOTHING = {"dry_run": False, "spared_seconds": 0, "trash_seconds": 0}


class Answers:
    """What the server answered, by step."""

    def __init__(self) -> None:
        self.count: Counter[tuple[str, int]] = Counter()
        self.wrong: list[str] = []
        self.committed: dict[int, dict[str, bytes]] = {}

    def good(self, step: str, answer: httpx.Response) -> bool:
        self.count[step, answer.status_code] += 1
        if answer.status_code >= 500 and "Retry-After" not in answer.headers:
            self.wrong.append(f"{step}: {answer.status_code} {answer.text[:300]}")
        return answer.is_success


def upload(api: httpx.Client, die: random.Random, name: str, answers: Answers) -> None:
    files = {f"f{n}": die.randbytes(die.randint(1, 3000)) for n in range(4)}
    large = die.randbytes(150_000)
    if not answers.good("blobs", api.post("/entities/admin/blobs", content=frames(list(files.values())))):
        return
    begun = api.post("/entities/admin/uploads", json={"size": len(large)})
    if not answers.good("begin", begun):
        return
    place = f"/entities/admin/uploads/{begun.json()['id']}"
    if not answers.good("append", api.patch(place, params={"offset": 0}, content=large)):
        return
    if not answers.good("finish", api.post(f"{place}/finish")):
        return
    files["large"] = large
    made = api.post(f"{PROJECT}/artifacts", json={"type": "dataset", "name": name})
    if not answers.good("make", made):
        return
    version = f"{PROJECT}/artifacts/@{made.json()['artifact']['id']}"
    entries = [entry(path, data) for path, data in files.items()]
    if not answers.good("entries", api.post(f"{version}/entries", json={"entries": entries})):
        return
    committed = api.post(f"{version}/commit")
    if answers.good("commit", committed):
        answers.committed[committed.json()["id"]] = files


def test_what_is_collected_while_it_goes_up_is_asked_for_again(tmp_path: Path) -> None:
    answers = Answers()
    with running_server(tmp_path) as server:
        until = time.monotonic() + SECONDS

        def uploads(seed: int) -> None:
            die = random.Random(seed)
            with client(server) as api:
                count = 0
                while time.monotonic() < until:
                    count += 1
                    upload(api, die, f"set{seed}-{count % 7}", answers)

        def collections(pause: float) -> None:
            with client(server) as api:
                while time.monotonic() < until:
                    answers.good("collect", api.post("/admin/gc", json=SPARING_NOTHING))
                    time.sleep(pause)

        threads = [threading.Thread(target=uploads, args=(seed,)) for seed in range(3)]
        threads += [threading.Thread(target=collections, args=(pause,)) for pause in (0.0, 0.05)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(dict(answers.count))
        assert answers.wrong == []
        refused = sum(count for (_, status), count in answers.count.items() if status in (404, 409))
        assert refused > 0, "the collections came in nobody's way: this proved nothing"
        commit_alone(server, answers)
        with client(server) as api:
            for number, files in answers.committed.items():
                for path, data in files.items():
                    assert api.get(f"{PROJECT}/artifacts/@{number}/files/{path}").content == data


def commit_alone(server: RunningServer, answers: Answers) -> None:
    """With nobody in the way it goes through, and outlasts a collection."""
    before = len(answers.committed)
    with client(server) as api:
        upload(api, random.Random(99), "alone", answers)
        assert len(answers.committed) == before + 1
        assert api.post("/admin/gc", json=SPARING_NOTHING).status_code == 200
