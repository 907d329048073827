"""The audit log: what was touched is found, whatever was done to the rows."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text
from tests.support.world import World

from runstone.server.domain import audit
from runstone.server.domain.audit import Audit
from runstone.server.domain.errors import NotAllowed
from runstone.server.stores.records.engine import parse_url


@pytest.fixture
def log(world: World) -> Audit:
    for number in range(6):
        world.records.write(
            lambda conn, number=number: audit.append(  # type: ignore[misc]
                conn,
                world.ada,
                "thing.change",
                subject=f"ml/p/thing:v{number}",
                entity_id=None,
                detail={"number": number, "ü": [1.5, None]},
                now=1000.0 + number,
            )
        )
    return Audit(world.records, world.access)


def touch(world: World, *statements: str) -> None:
    engine = create_engine(parse_url(world.url))
    with engine.begin() as conn:
        for statement in statements:
            conn.execute(text(statement))
    engine.dispose()


def test_an_untouched_chain_is_whole(world: World, log: Audit) -> None:
    verdict = log.verify(world.admin)
    assert verdict.ok and verdict.rows == 6
    assert log.verify(world.admin, head=verdict.head).ok
    assert [row.detail["number"] for row in log.export(world.admin)] == list(range(6))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_log SET username = 'eve' WHERE seq = 3",
        "UPDATE audit_log SET at = at + 1 WHERE seq = 3",
        "UPDATE audit_log SET subject = 'ml/p/other:v1' WHERE seq = 3",
        "UPDATE audit_log SET detail = '{}' WHERE seq = 3",
        "UPDATE audit_log SET detail = '{torn' WHERE seq = 3",
        "UPDATE audit_log SET detail = ' ' || detail WHERE seq = 3",
        "UPDATE audit_log SET detail = '[1]' WHERE seq = 3",
        "UPDATE audit_log SET entity_id = 7 WHERE seq = 3",
        "DELETE FROM audit_log WHERE seq = 3",
    ],
)
def test_an_edited_or_removed_row_is_found(world: World, log: Audit, change: str) -> None:
    touch(world, change)
    verdict = log.verify(world.admin)
    assert not verdict.ok and verdict.seq == 3, verdict
    assert len(list(log.export(world.admin))) >= 5  # it can be read all the same


def test_rows_that_changed_places_are_found(world: World, log: Audit) -> None:
    touch(
        world,
        "UPDATE audit_log SET seq = 100 WHERE seq = 2",
        "UPDATE audit_log SET seq = 2 WHERE seq = 4",
        "UPDATE audit_log SET seq = 4 WHERE seq = 100",
    )
    assert not log.verify(world.admin).ok


def test_a_tail_that_was_cut_off_is_missed(world: World, log: Audit) -> None:
    kept = log.verify(world.admin).head
    touch(world, "DELETE FROM audit_log WHERE seq > 4")
    verdict = log.verify(world.admin)
    assert not verdict.ok and "cut off" in verdict.problem
    touch(
        world,
        "UPDATE audit_head SET seq = 4, hash = (SELECT hash FROM audit_log WHERE seq = 4)",
    )
    assert log.verify(world.admin).ok  # both were altered: only a head kept elsewhere tells
    assert not log.verify(world.admin, head=kept).ok


def test_only_server_admins_read_the_whole_log(world: World, log: Audit) -> None:
    with pytest.raises(NotAllowed):
        log.find(world.ada)
    with pytest.raises(NotAllowed):
        log.verify(world.ada)


def test_a_change_that_was_undone_is_not_logged(world: World, log: Audit) -> None:
    def work(conn: object) -> None:
        audit.append(
            conn,  # type: ignore[arg-type]
            world.ada,
            "thing.change",
            subject="s",
            entity_id=None,
            now=2000.0,
        )
        raise RuntimeError("undone")

    with pytest.raises(RuntimeError):
        world.records.write(work)
    assert log.verify(world.admin).rows == 6
