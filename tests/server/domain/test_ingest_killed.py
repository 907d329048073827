"""The server's process is killed again and again while it takes journals in: every row once."""

from __future__ import annotations

import multiprocessing
import random
import threading
import time
from concurrent.futures import Future
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue

import pytest
from tests.support.ingest import ingest_house
from tests.support.journal_bytes import FIRST, JournalBytes

from runstone.server.domain.errors import OffsetMismatch
from runstone.server.domain.ingest import Body, Ingest, IngestAnswer

WRITERS, ROUNDS, SECONDS = 4, 8, 12.0


class Together(threading.Thread):
    """Takes the bodies of many threads in together, as the server does."""

    def __init__(self, ingest: Ingest) -> None:
        super().__init__(daemon=True)
        self.ingest = ingest
        self.waiting: SimpleQueue[tuple[Body, Future[IngestAnswer | None]]] = SimpleQueue()

    def result(self, body: Body) -> IngestAnswer | None:
        future: Future[IngestAnswer | None] = Future()
        self.waiting.put((body, future))
        return future.result()

    def run(self) -> None:
        while True:
            taken = [self.waiting.get()]
            while not self.waiting.empty():
                taken.append(self.waiting.get())
            answers = self.ingest.journals([body for body, _ in taken])
            for (_, future), answer in zip(taken, answers, strict=True):
                future.set_result(answer)


def serve(folder: str, links: list[Connection]) -> None:
    """A server's inside without the HTTP: a thread for each client."""
    with ingest_house(Path(folder)) as house:
        house.house.start()
        together = Together(house.ingest)
        together.start()

        def answer(link: Connection) -> None:
            while True:
                run, writer, offset, body = link.recv()
                try:
                    sent = Body(house.ada, "", "p", run, writer, offset, body)
                    taken = together.result(sent) or house.ingest.journal(*sent)
                    link.send(("ok", taken.next_offset))
                except OffsetMismatch as error:
                    link.send(("wants", error.next_offset))

        threads = [threading.Thread(target=answer, args=(link,), daemon=True) for link in links]
        for thread in threads:
            thread.start()
        for link in links:
            link.send(("ready", 0))
        for thread in threads:
            thread.join()


class Client(threading.Thread):
    """Sends one journal as an uplink does: in pieces, and from where the server wants it."""

    def __init__(self, run: str, seed: int) -> None:
        super().__init__(daemon=True)
        self.dice = random.Random(seed)
        self.journal = JournalBytes(run, primary=True).metric("loss", "mean", "min", "last")
        self.acknowledged = FIRST
        self.went_back = 0
        self.rows_sent = 0
        self.link: Connection | None = None
        self.stop = threading.Event()

    def grow(self) -> None:
        for _ in range(self.dice.choice([1, 1, 5, 60])):
            step = self.journal.step
            self.journal.row(loss=float(step % 97), text=f"t{step}") if step % 9 == 0 else self.journal.row(
                loss=float(step % 97), lr=0.1
            )
            if self.dice.random() < 0.05:
                self.journal.line(step, f"line {step}")
            if self.dice.random() < 0.02:
                self.journal.config(([f"c{step % 7}"], step))

    def run(self) -> None:
        at = FIRST
        while not self.stop.is_set():
            link = self.link
            if link is None:
                time.sleep(0.005)
                continue
            if at >= self.journal.end:
                self.grow()
            ends = [end for end in self.journal.ends if end > at][:150]
            stop = self.dice.choice(ends)
            try:
                link.send((self.journal.run, self.journal.writer, at, bytes(self.journal.data[at:stop])))
                said, offset = link.recv()
            except (EOFError, OSError):
                if self.link is link:
                    self.link = None
                continue
            if said == "ok":
                self.acknowledged = max(self.acknowledged, offset)
            elif offset < self.acknowledged:
                self.went_back += 1
            at = offset


@pytest.mark.faults
@pytest.mark.slow
def test_a_server_killed_at_any_moment_loses_nothing_acknowledged_and_doubles_nothing(tmp_path: Path) -> None:
    dice = random.Random(20)
    spawn = multiprocessing.get_context("spawn")
    with ingest_house(tmp_path):
        pass  # the schema and the users; a kill while they are made is another test's matter
    clients = [Client(f"r{n}", n) for n in range(WRITERS)]
    for client in clients:
        client.start()
    for _ in range(ROUNDS):
        pairs = [spawn.Pipe() for _ in clients]
        server = spawn.Process(
            target=serve, args=(str(tmp_path), [theirs for _, theirs in pairs]), daemon=True
        )
        server.start()
        for _, theirs in pairs:
            theirs.close()
        for client, (mine, _) in zip(clients, pairs, strict=True):
            assert mine.recv() == ("ready", 0)
            client.link = mine
        time.sleep(dice.uniform(0.05, SECONDS / ROUNDS))
        server.kill()
        server.join()
        for client, (mine, _) in zip(clients, pairs, strict=True):
            while client.link is mine:
                time.sleep(0.005)
            mine.close()
    for client in clients:
        client.stop.set()
        client.join()
    assert [client.went_back for client in clients] == [0] * WRITERS  # no offset was taken back
    assert sum(client.acknowledged for client in clients) > 50_000

    with ingest_house(tmp_path) as house:
        for client in clients:
            journal, run = client.journal, client.journal.run
            # What was acknowledged is there before anything is sent again.
            acknowledged = sum(end <= client.acknowledged for end in journal.ends)
            kinds = [journal.data[start + 8] for start in journal.starts]
            rows_acknowledged = kinds[:acknowledged].count(4)
            assert len(house.rows(run)) >= rows_acknowledged > 0
            wants = max(house.next_offset(journal), FIRST)
            house.post(journal, wants, journal.end)
            house.flush()
            rows = house.rows(run)
            assert [row.step for row in rows] == list(range(journal.step))
            assert [row.values["loss"] for row in rows] == [float(step % 97) for step in range(journal.step)]
            losses = [row.values["loss"] for row in rows]
            assert house.run(run).summary["loss"] == {
                "min": min(losses),
                "mean": pytest.approx(sum(losses) / len(losses), rel=1e-12),
                "last": losses[-1],
            }
            assert house.run(run).summary["_step"] == journal.step - 1
            assert all(line.text == f"line {line.number}" for line in house.lines(run))
            assert len(house.lines(run)) == kinds.count(6)
            assert house.next_offset(journal) == journal.end
