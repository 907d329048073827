"""Finding runs: each answer against a plain reading of the rules over the same runs."""

from __future__ import annotations

import math
import random
import re
import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.postgres import Cluster
from tests.support.world import SYSTEM, World, open_world, populate

from runstone.server.domain.errors import Invalid
from runstone.server.domain.identity import RunKey
from runstone.server.domain.runs import Run, RunChange, RunQuery
from runstone.server.stores.records.engine import open_records
from runstone.server.stores.records.run_index import RunIndex, paths_of

# -- a plain reading of the rules, one run at a time

MISSING = object()
VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    1,
    -3,
    0.5,
    1.0,
    2**53,
    2**53 + 1,
    -(2**60) - 1,
    1e17,
    math.nan,
    math.inf,
    -math.inf,
    "",
    "a",
    "B",
    "ba",
    "NaN",
    "日本",
    "x\x00y",
    [1, "a"],
    ["B", None, True],
    [],
    {"k": 1},
]
KEYS = ["lr", "opt", "a.b", "nested", 'q"uote', "ключ"]


def value_at(whole: Any, name: str) -> Any:
    for path in paths_of(name):
        value = whole
        for key in path:
            value = value[key] if isinstance(value, dict) and key in value else MISSING
        if value is not MISSING:
            return value
    return MISSING


def column_of(run: Run, name: str) -> Any:
    source, _, rest = name.partition(".")
    if source == "config":
        return value_at(run.config, rest)
    if source in ("summary", "summary_metrics"):
        return value_at(run.summary, rest)
    value = {
        "name": run.display_name,
        "id": run.id,
        "tags": list(run.tags),
        "exit_code": run.exit_code,
        "duration": ((run.finished_at or run.heartbeat_at or 0) - (run.started_at or 0)),
    }.get(name, getattr(run, name, None))
    return MISSING if value in ("", None, []) else value


def same(one: Any, other: Any) -> bool:
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def equal(value: Any, wanted: Any) -> bool:
    if wanted is None:
        hit = value is MISSING or value is None
    elif value is MISSING:
        hit = wanted == ""
    elif isinstance(value, float) and not math.isfinite(value):
        hit = (
            isinstance(wanted, str) and repr(float(wanted)) == repr(value)
            if wanted in ("NaN", "Infinity")
            else False
        )
    else:
        hit = same(value, wanted)
    if not hit and isinstance(value, list) and not isinstance(wanted, list | dict):
        return any(same(item, wanted) for item in value)
    return hit


def compares(value: Any, operator: str, wanted: Any) -> bool:
    if isinstance(value, list):
        return any(compares(item, operator, wanted) for item in value if not isinstance(item, list))
    if isinstance(wanted, str):
        fits = isinstance(value, str)
    elif isinstance(wanted, bool):
        fits = isinstance(value, bool)
    else:
        fits = is_number(value) and math.isfinite(value)
    if not fits:
        return False
    return {"$gt": value > wanted, "$gte": value >= wanted, "$lt": value < wanted, "$lte": value <= wanted}[
        operator
    ]


def holds(run: Run, given: dict[str, Any]) -> bool:
    return all(part_holds(run, key, value) for key, value in given.items())


def part_holds(run: Run, key: str, value: Any) -> bool:
    if key == "$and":
        return all(holds(run, part) for part in value)
    if key == "$or":
        return any(holds(run, part) for part in value)
    if key == "$nor":
        return not any(holds(run, part) for part in value)
    if key == "$not":
        return not holds(run, value)
    if isinstance(value, dict) and value and all(name.startswith("$") for name in value):
        return all(operator_holds(column_of(run, key), name, operand) for name, operand in value.items())
    return equal(column_of(run, key), value)


def operator_holds(value: Any, name: str, operand: Any) -> bool:
    if name == "$eq":
        return equal(value, operand)
    if name == "$ne":
        return not equal(value, operand)
    if name == "$in":
        return any(equal(value, one) for one in operand)
    if name == "$nin":
        return not any(equal(value, one) for one in operand)
    if name == "$all":
        return bool(operand) and all(equal(value, one) for one in operand)
    if name == "$exists":
        return (value is not MISSING) == operand
    if name == "$size":
        return isinstance(value, list) and len(value) == operand
    if name == "$contains":
        if isinstance(value, str) and isinstance(operand, str):
            return operand in value
        return isinstance(value, list) and any(same(item, operand) for item in value)
    if name == "$regex":
        texts = value if isinstance(value, list) else [value]
        return any(isinstance(text, str) and re.search(operand, text) is not None for text in texts)
    if name == "$not":
        return not all(operator_holds(value, inner, one) for inner, one in operand.items())
    return compares(value, name, operand)


def sort_place(value: Any, falling: bool) -> tuple[Any, ...]:
    if value is MISSING or value is None or (isinstance(value, float) and not math.isfinite(value)):
        return (9,)
    if isinstance(value, bool | int | float):
        return (-0, -float(value)) if falling else (0, float(value))
    return (1,)


# -- the runs


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def many(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world with 80 runs of all sorts of values in ml/p."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('many')}/records.db"
    else:
        cluster: Cluster = request.getfixturevalue("postgres")
        url = cluster.new_database()
    records = open_records(url)
    populate(records)
    world = open_world(records)
    rng = random.Random(7)
    for n in range(80):
        config: dict[str, Any] = {key: rng.choice(VALUES) for key in KEYS if rng.random() < 0.7}
        if rng.random() < 0.5:
            config["a"] = {"b": rng.choice(VALUES)}
        if rng.random() < 0.3:
            config["opt"] = {"value": rng.choice(VALUES)}
        summary = {"loss": rng.choice([*VALUES, *[rng.random() for _ in range(20)]]), "n": n % 7}
        world.run(
            f"r{n:02d}",
            config=config,
            summary=summary,
            tags=rng.sample(["a", "B", "best", "日本"], rng.randrange(4)),
            group=rng.choice(["", "g1", "g2"]),
            notes=rng.choice(["", "some notes"]),
            display_name=f"{rng.choice(['Alpha', 'beta', 'Gamma'])} {n}",
            started_at=1000.0 + n,
            state=rng.choice(["running", "finished", "failed"]),
            exit_code=rng.choice([0, 1]),
            at=2000.0 + rng.randrange(5) * 100,
        )
    world.runs.delete(world.ada, [world.runs.key_of(world.ada, "ml", "p", "r05")])
    yield world
    records.close()


@pytest.fixture(scope="module")
def all_runs(many: World) -> list[Run]:
    return list(many.runs.find(many.ada, "ml", "p", RunQuery(limit=1000, order=["created_at"])).runs)


columns = st.sampled_from(
    [
        *("config.lr", "config.opt", "config.opt.value", "config.a.b", "config.nested.k", 'config.q"uote'),
        *("config.ключ", "config.absent", "summary.loss", "summary_metrics.n"),
        *("tags", "group", "state", "name", "id", "exit_code"),
    ]
)
scalars = st.sampled_from([value for value in VALUES if not isinstance(value, list | dict)])
finite = st.sampled_from(
    [
        v
        for v in VALUES
        if isinstance(v, bool | int | float | str) and not (isinstance(v, float) and v - v != 0)
    ]
)
operators = st.one_of(
    st.builds(lambda v: {"$eq": v}, finite | st.none()),
    st.builds(lambda v: {"$ne": v}, finite | st.none()),
    st.builds(lambda o, v: {o: v}, st.sampled_from(["$gt", "$gte", "$lt", "$lte"]), finite),
    st.builds(
        lambda o, v: {o: v},
        st.sampled_from(["$in", "$nin", "$all"]),
        st.lists(finite | st.none(), max_size=4),
    ),
    st.builds(lambda v: {"$exists": v}, st.booleans()),
    st.builds(lambda v: {"$contains": v}, finite),
    st.builds(lambda v: {"$size": v}, st.integers(0, 3)),
    st.builds(
        lambda v: {"$regex": v}, st.sampled_from(["a", "^B", "(?i)b", "a+$", "[ab]{2}", "本", r"\d$", ""])
    ),
)
conditions = st.builds(lambda c, v: {c: v}, columns, operators | finite | st.none())
filters = st.recursive(
    conditions,
    lambda inner: st.one_of(
        st.builds(
            lambda o, parts: {o: parts}, st.sampled_from(["$and", "$or", "$nor"]), st.lists(inner, max_size=3)
        ),
        st.builds(lambda part: {"$not": part}, inner),
        st.builds(lambda one, other: {**one, **other}, inner, inner),
    ),
    max_leaves=6,
)
relaxed = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


@relaxed
@given(given=filters)
def test_a_filter_finds_what_a_plain_reading_finds(
    many: World, all_runs: list[Run], given: dict[str, Any]
) -> None:
    wanted = [run.id for run in all_runs if holds(run, given)]
    page = many.runs.find(many.ada, "ml", "p", RunQuery(filter=given, limit=1000, order=["created_at"]))
    assert [run.id for run in page.runs] == wanted
    assert page.total == len(wanted) == many.runs.count(many.ada, "ml", "p", RunQuery(filter=given))


@settings(relaxed, max_examples=40)
@given(
    given=filters,
    order=st.lists(st.builds(lambda s, c: s + c, st.sampled_from(["+", "-", ""]), columns), max_size=3),
    limit=st.integers(1, 30),
)
def test_pages_follow_each_other_without_gap_or_repeat(
    many: World, given: dict[str, Any], order: list[str], limit: int
) -> None:
    query = RunQuery(filter=given, order=order, limit=1000)
    whole = many.runs.find(many.ada, "ml", "p", query)
    ids: list[str] = []
    cursor = ""
    while True:
        page = many.runs.find(
            many.ada, "ml", "p", RunQuery(filter=given, order=order, limit=limit, cursor=cursor)
        )
        assert page.total == whole.total
        ids += [run.id for run in page.runs]
        cursor = page.next_cursor
        if not cursor:
            break
        assert cursor == page.cursors[-1]
    assert ids == [run.id for run in whole.runs]
    assert [int(key) for key in many.runs.find_keys(many.ada, "ml", "p", query)] == [
        r.key for r in whole.runs
    ]


@settings(relaxed, max_examples=40)
@given(name=columns, falling=st.booleans())
def test_runs_are_ordered_by_the_key_nothing_last(
    many: World, all_runs: list[Run], name: str, falling: bool
) -> None:
    page = many.runs.find(many.ada, "ml", "p", RunQuery(order=[("-" if falling else "+") + name], limit=1000))
    values = [column_of(run, name) for run in page.runs]
    empty = [sort_place(value, falling) == (9,) for value in values]
    assert empty == sorted(empty), "what has no value comes last"
    kept = [value for value, none in zip(values, empty, strict=True) if not none]
    numbers = [float(value) for value in kept if isinstance(value, bool | int | float)]
    texts = [(value.casefold(), value) for value in kept if isinstance(value, str)]
    assert numbers == sorted(numbers, reverse=falling)
    assert texts == sorted(texts, reverse=falling)
    kinds = [0 if isinstance(v, bool | int | float) else 1 if isinstance(v, str) else 2 for v in kept]
    assert kinds == sorted(kinds, reverse=falling)


@settings(relaxed, max_examples=50)
@given(by=st.lists(columns, min_size=1, max_size=3), given=filters)
def test_groups_part_the_runs_and_their_filters_find_them_again(
    many: World, all_runs: list[Run], by: list[str], given: dict[str, Any]
) -> None:
    query = RunQuery(filter=given)
    groups = many.runs.group(
        many.ada, "ml", "p", query, by=by, statistics=["summary.loss", "summary.n"], limit=1000
    )
    assert sum(group.count for group in groups) == many.runs.count(many.ada, "ml", "p", query)
    assert [group.count for group in groups] == sorted((group.count for group in groups), reverse=True)
    by_id = {run.id: run for run in all_runs}
    met: set[str] = set()
    for group in groups[:12]:
        found = many.runs.find(many.ada, "ml", "p", RunQuery(filter=group.filter, limit=1000))
        ids = {run.id for run in found.runs}
        if not any(
            (isinstance(value, float) and not math.isfinite(value)) or value == "NaN"
            for value in group.values
        ):
            assert len(ids) == group.count
            assert not ids & met
            met |= ids
            members = [by_id[run_id] for run_id in ids]
            check_statistics(group, members)


def is_not_finite(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def check_statistics(group: Any, members: list[Run]) -> None:
    states: dict[str, int] = {}
    for run in members:
        states[run.state] = states.get(run.state, 0) + 1
    assert group.states == states
    for key in ("loss", "n"):
        values = [
            float(value) for run in members if is_number(value := run.summary[key]) and math.isfinite(value)
        ]
        found = group.statistics[f"summary.{key}"]
        assert found.count == len(values)
        if values:
            scale = max(map(abs, values), default=0.0) or 1.0
            assert math.isclose(found.mean, statistics.fmean(values), rel_tol=1e-9, abs_tol=1e-12 * scale)
            assert (found.min, found.max) == (min(values), max(values))
        if len(values) > 1:
            assert math.isclose(found.std, statistics.stdev(values), rel_tol=1e-6, abs_tol=1e-9 * scale)
        else:
            assert found.std is None


def test_search_finds_part_of_name_or_id_in_any_case(many: World, all_runs: list[Run]) -> None:
    def found(text: str) -> set[str]:
        return {r.id for r in many.runs.find(many.ada, "ml", "p", RunQuery(search=text, limit=1000)).runs}

    assert found("ALPHA 1") == {run.id for run in all_runs if "alpha 1" in run.display_name.lower()}
    assert found("R07") == {"r07"}
    assert found("%") == set()
    with pytest.raises(Invalid):
        found("x" * 1001)


def test_select_brings_only_what_was_asked_for(many: World) -> None:
    query = RunQuery(select=["config.a.b", "summary.n", "config.absent"], order=["id"], limit=1000)
    whole = {run.id: run for run in many.runs.find(many.ada, "ml", "p", RunQuery(limit=1000)).runs}
    for run in many.runs.find(many.ada, "ml", "p", query).runs:
        expected: dict[str, Any] = {}
        if "a.b" in whole[run.id].config:
            expected = {"a.b": whole[run.id].config["a.b"]}
        elif "a" in whole[run.id].config:
            expected = {"a": {"b": whole[run.id].config["a"]["b"]}}
        assert repr(run.config) == repr(expected)
        assert run.summary == {"n": whole[run.id].summary["n"]}
        assert run.environment == {}
    for run in many.runs.find(many.ada, "ml", "p", RunQuery(select=())).runs:
        assert (run.config, run.summary) == ({}, {})


def test_columns_are_listed_a_page_at_a_time(many: World, all_runs: list[Run]) -> None:
    counts: dict[str, int] = {}

    def walk(path: str, value: Any) -> None:
        if isinstance(value, dict) and value:
            for key, inner in value.items():
                walk(f"{path}.{key}", inner)
        else:
            counts[path] = counts.get(path, 0) + 1

    for run in all_runs:
        for source in ("config", "summary"):
            for key, value in getattr(run, source).items():
                walk(f"{source}.{key}", value)
    listed: list[Any] = []
    while page := many.runs.columns(many.ada, "ml", "p", after=listed[-1].path if listed else "", limit=3):
        listed += page
    assert {column.path: column.runs for column in listed} == counts
    assert [column.path for column in listed] == sorted(counts)
    assert [c.path for c in many.runs.columns(many.ada, "ml", "p", search="LOSS")] == [
        path for path in sorted(counts) if "loss" in path
    ]
    assert {"number", "string"} <= set(many.runs.columns(many.ada, "ml", "p", search="loss")[0].kinds)


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+$", "(a|aa)+$", "(.*)*x", ".*.*.*.*.*.*=.*", "(\\w+\\s?)*$", "^(([a-z])+.)+[A-Z]([a-z])+$"],
)
def test_no_pattern_takes_longer_than_its_text(many: World, pattern: str) -> None:
    many.run("evil", notes="a" * 30_000 + "!")
    many.ids({"notes": "x"})
    started = time.process_time()
    many.ids({"notes": {"$regex": pattern}})
    assert time.process_time() - started < 1.0
    many.runs.purge(SYSTEM, [many.runs.key_of(SYSTEM, "ml", "p", "evil")])


@pytest.mark.parametrize("pattern", ["(", "(a)\\1", "(?=x)", "a{1,5000}", "*"])
def test_patterns_that_cannot_be_searched_for_are_refused(many: World, pattern: str) -> None:
    with pytest.raises(Invalid, match="pattern"):
        many.ids({"name": {"$regex": pattern}})


@pytest.mark.parametrize("cursor", ["x", "AAAA", "é", "bnVsbA", "W10", "WyIiLDFd", "\x00"])
def test_a_cursor_of_another_list_is_refused(many: World, cursor: str) -> None:
    with pytest.raises(Invalid, match="cursor"):
        many.ids(cursor=cursor)
    other = many.runs.find(many.ada, "ml", "p", RunQuery(order=["id"], limit=2)).next_cursor
    with pytest.raises(Invalid, match="cursor"):
        many.ids(cursor=other)


# -- while runs come, change and go


def test_pages_stay_where_they_were_while_runs_come(world: World) -> None:
    for n in range(20):
        world.run(f"r{n:02d}", summary={"loss": n})
    first = world.runs.find(world.ada, "ml", "p", RunQuery(order=["summary.loss"], limit=10))
    world.run("better", summary={"loss": -1})
    world.run("between", summary={"loss": 12.5})
    world.runs.delete(world.ada, [first.runs[-1].key])  # the one the cursor stands on
    second = world.runs.find(
        world.ada, "ml", "p", RunQuery(order=["summary.loss"], limit=10, cursor=first.next_cursor)
    )
    assert [run.id for run in first.runs] == [f"r{n:02d}" for n in range(10)]
    assert [run.id for run in second.runs] == [
        "r10", "r11", "r12", "between", "r13", "r14", "r15", "r16", "r17", "r18",
    ]  # fmt: skip


def test_what_was_written_is_found_at_once_from_any_replica(world: World) -> None:
    """Random acts; after each, two indexes that were there before and a fresh one agree with the truth."""
    rng = random.Random(11)
    other = open_world(world.records)
    truth: dict[str, tuple[RunKey, float | None, bool]] = {}  # loss, in the trash
    for step in range(40):
        act = rng.choice(["make", "make", "set", "set", "delete", "restore", "purge", "move"])
        some = rng.choice(sorted(truth)) if truth else ""
        if act == "make":
            name = f"r{step}"
            loss = rng.choice([None, 1.0, 2.0, 3.0])
            run = world.run(name, summary={} if loss is None else {"loss": loss})
            truth[name] = (run.key, loss, False)
        elif not some:
            continue
        elif act == "set" and not truth[some][2]:
            world.run(some, summary={"loss": float(step)})
            truth[some] = (truth[some][0], float(step), False)
        elif act == "delete":
            world.runs.delete(world.ada, [truth[some][0]])
            truth[some] = (*truth[some][:2], True)
        elif act == "restore":
            world.runs.restore(world.ada, [truth[some][0]])
            truth[some] = (*truth[some][:2], False)
        elif act == "purge":
            world.runs.purge(world.ada, [truth.pop(some)[0]])
        elif act == "move" and not truth[some][2]:
            key = truth[some][0]
            world.runs.move(world.ada, [key], "ml", "elsewhere")
            if rng.random() < 0.5:
                world.runs.move(world.ada, [key], "ml", "p")
            else:
                del truth[some]
        wanted = sorted(
            name for name, (_, loss, trashed) in truth.items() if loss is not None and not trashed
        )
        trash = sorted(name for name, (_, _, trashed) in truth.items() if trashed)
        for replica in (world, other, open_world(world.records)):
            assert replica.ids({"summary.loss": {"$gte": 0}}, order=["id"], limit=1000) == wanted
            assert replica.ids(trash=True, order=["id"], limit=1000) == trash


def test_reading_while_many_write_never_errs_and_ends_right(world: World) -> None:
    stop = threading.Event()
    errors: list[BaseException] = []

    def write(n: int) -> None:
        for i in range(25):
            world.runs.upsert(
                world.ada, "ml", "p", f"w{n}-{i % 5}", RunChange(summary_derived=[(["loss"], float(i))])
            )

    def read() -> None:
        try:
            while not stop.is_set():
                page = world.runs.find(world.ada, "ml", "p", RunQuery(order=["-summary.loss"], limit=5))
                values = [run.summary["loss"] for run in page.runs]
                assert values == sorted(values, reverse=True)
        except BaseException as error:
            errors.append(error)

    world.projects.ensure(world.ada, "ml", "p")
    readers = [threading.Thread(target=read) for _ in range(3)]
    writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in (*readers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in readers:
        thread.join()
    assert errors == []
    page = world.runs.find(world.ada, "ml", "p", RunQuery(order=["-summary.loss", "id"], limit=100))
    assert page.total == 20
    assert sorted(run.summary["loss"] for run in page.runs) == sorted([20.0, 21.0, 22.0, 23.0, 24.0] * 4)


def test_the_index_stays_within_its_bytes(world: World, tmp_path: Path) -> None:
    from runstone.server.domain.runs import Runs

    for project in ("a", "b", "c"):
        for n in range(20):
            world.run(
                f"r{n}", project=project, notes="x" * 5_000 + str(n), config={"k": "y" * 5_000 + str(n)}
            )
    index = RunIndex(world.records, bytes_max=300_000)
    runs = Runs(world.records, world.access, world.projects, world.feed, index=index)
    for _ in range(2):
        for project in ("a", "b", "c"):
            for wanted in ({"notes": {"$regex": "x7$"}}, {"config.k": {"$regex": "y7$"}}):
                found = runs.find(world.ada, "ml", project, RunQuery(filter=wanted)).runs
                assert [run.id for run in found] == ["r7"]
                assert index.bytes <= 300_000


def test_duration_and_times_are_columns_like_others(world: World) -> None:
    for n, seconds in enumerate((30, 10, 20)):
        world.run(f"r{n}", started_at=1000.0, state="finished", at=1000.0 + seconds)
    assert world.ids(order=["duration"]) == ["r1", "r2", "r0"]
    assert world.ids({"duration": {"$gt": 15}}, order=["-duration"]) == ["r0", "r2"]
    assert world.ids({"finished_at": {"$lte": "1970-01-01T00:17:00Z"}}, order=["id"]) == ["r1", "r2"]
    assert world.ids({"created_at": {"$lt": "2001-01-01"}}) == []


def test_a_metric_that_was_logged_is_found(world: World) -> None:
    world.run("r1", summary={"val/loss": 1, "nested": {"acc": 2}})
    world.run("r2", summary={"other": 1})
    assert world.ids({"with_key": "val/loss"}) == ["r1"]
    assert world.ids({"with_key": "nested.acc"}) == ["r1"]
    assert world.ids({"keys_info.keys.val/loss": {"$exists": False}}) == ["r2"]


def test_group_and_filter_limits_are_told(world: World) -> None:
    world.run("r1")
    for by in ([], ["state"] * 9, ["nope"]):
        with pytest.raises(Invalid):
            world.runs.group(world.ada, "ml", "p", RunQuery(), by=by)
    with pytest.raises(Invalid):
        world.runs.group(world.ada, "ml", "p", RunQuery(), by=["state"], statistics=["summary.x"] * 101)
