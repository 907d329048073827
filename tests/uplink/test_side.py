"""The uplink's own journal of a run: the same file for every uplink, sound whatever happened before."""

from __future__ import annotations

from pathlib import Path

from tests.support.written_runs import WrittenRun

from runstone.journal.check import check
from runstone.journal.kinds import RunFields
from runstone.uplink.side import SideJournal, side_path

FIELDS = RunFields(run="r", project="p", entity="e", rank=1, label="rank1")


def side_of(run: WrittenRun, fields: RunFields = FIELDS) -> SideJournal:
    return SideJournal(run.path, fields, started_at=run.started_at)


def test_samples_are_a_sound_journal_of_the_same_run(tmp_path: Path) -> None:
    run = WrittenRun(tmp_path)
    side = side_of(run)
    for step in range(5):
        side.sample({"system.cpu": float(step)})
    side.end(killed=False)
    side.close()
    report = check(side.path)
    assert report.sound, report.problems
    assert report.counts == {"RUN": 1, "SYSTEM": 5, "END": 1}
    assert report.run is not None
    assert (report.run.run, report.run.project, report.run.label, report.run.primary) == (
        "r",
        "p",
        "rank1",
        False,
    )


def test_the_next_uplink_goes_on_with_the_same_file(tmp_path: Path) -> None:
    run = WrittenRun(tmp_path)
    for _ in range(3):
        side = side_of(run)
        side.sample({"system.cpu": 1.0})
        side.close()
    assert check(side_path(run.path)).counts == {"RUN": 1, "SYSTEM": 3}


def test_a_torn_sample_of_a_killed_uplink_is_cut_off(tmp_path: Path) -> None:
    run = WrittenRun(tmp_path)
    side = side_of(run)
    side.sample({"system.cpu": 1.0})
    side.close()
    whole = side.path.read_bytes()
    for cut in range(64, len(whole)):
        side.path.write_bytes(whole[:cut])
        again = side_of(run)
        again.sample({"system.cpu": 2.0})
        again.end(killed=False)
        again.close()
        report = check(side.path)
        assert report.sound and not report.torn_bytes, (cut, report)
        assert report.counts["RUN"] == 1
        assert report.counts["END"] == 1


def test_a_killed_run_is_ended_in_its_name(tmp_path: Path) -> None:
    run = WrittenRun(tmp_path)
    side = side_of(run, RunFields(run="r", project="p", primary=True))
    side.end(killed=True)
    side.close()
    report = check(side.path)
    assert report.counts == {"RUN": 2, "END": 1}
    assert report.ended is not None
    assert (report.ended.state, report.ended.exit_code) == ("killed", 137)


def test_one_killed_rank_does_not_end_the_run_of_the_others(tmp_path: Path) -> None:
    run = WrittenRun(tmp_path)
    side = side_of(run, RunFields(run="r", project="p", primary=False))
    side.end(killed=True)
    side.close()
    assert check(side.path).counts == {"RUN": 1, "END": 1}


def test_ending_twice_writes_one_end(tmp_path: Path) -> None:
    run = WrittenRun(tmp_path)
    side = side_of(run)
    side.sample({"system.cpu": 1.0})
    side.end(killed=True)
    side.end(killed=False)
    side.close()
    again = side_of(run)
    again.sample({"system.cpu": 1.0})
    again.end(killed=True)
    again.close()
    assert check(side.path).counts["END"] == 1


def test_a_run_that_ended_well_and_was_never_sampled_has_no_side_journal(tmp_path: Path) -> None:
    run = WrittenRun(tmp_path)
    side = side_of(run)
    side.end(killed=False)
    side.close()
    assert not side.path.exists()
