"""What a plan answers is what graphql-core answers: data, errors, their words and places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest
from graphql import GraphQLSchema, build_schema, execute_sync
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import queries
from tests.support.graphql_documents import MISSING, Root, document, roots

from runstone.server.domain.errors import NotFound
from runstone.server.domain.identity import Actor
from runstone.server.domain.run_model import RunChange
from runstone.server.doors.wandb.gql import plans as plans_module
from runstone.server.doors.wandb.gql.binding import Fields, bind
from runstone.server.doors.wandb.gql.budget import Budget
from runstone.server.doors.wandb.gql.call import Call
from runstone.server.doors.wandb.gql.documents import Document, Documents
from runstone.server.doors.wandb.gql.plan import Plan
from runstone.server.doors.wandb.gql.plans import Plans
from runstone.server.doors.wandb.gql.schema import make_schema
from runstone.server.doors.wandb.gql.selected import Info, selects
from runstone.server.doors.wandb.links import Links
from runstone.server.doors.wandb.resolvers import all_fields
from runstone.server.house import House, open_house
from runstone.server.settings import ServerSettings, Storage

# Every kind of type, with values that fit, that are null where they must not be, and that fail.
TEXT = """
interface Thing { id: ID!  size(unit: String = "m"): Float }
type Box implements Thing { id: ID! size(unit: String = "m"): Float  things: [Thing!]!  maybe: [Thing]
  label: String!  bad: String  worse: String!  numbers: [Int]  grid: [[Int!]]  number: Int  wrong: Int
  kind: Kind  asks: Boolean!  inner(depth: Int!, like: Like): Box  late: Box!  nothing: [String!]
  odd: [String]  same: Either }
type Ball implements Thing { id: ID! size(unit: String = "m"): Float  bounce: Boolean  flat: Box! }
union Either = Box | Ball
enum Kind { RED GREEN }
input Like { text: String = "x"  many: [Int!] }
type Query { box(id: ID): Box  ball: Ball  sure: Box!  broken: Box  all(first: Int = 2): [Either!] }
type Mutation { put(like: Like!): Box  fail: Box! }
"""


class Box(SimpleNamespace):
    pass


class Ball(SimpleNamespace):
    pass


def _box(depth: int = 0) -> Box:
    return Box(id=f"b{depth}", label="a" if depth < 2 else None, depth=depth)


def _fields() -> list[Fields]:
    query, mutation, box, ball = Fields("Query"), Fields("Mutation"), Fields("Box"), Fields("Ball")
    query("box")(lambda _root, _call, id=None: None if id == "0" else _box())
    query("ball")(lambda _root, _call: Ball(id="r", depth=1))
    query("sure")(lambda _root, _call: _box())
    query("broken")(_fail)
    query("all")(
        lambda _root, _call, first=2: [_box(n) if n % 2 else Ball(id="r", depth=n) for n in range(4)]
    )
    mutation("put")(lambda _root, _call, like: Box(id=str(sorted(like.items())), label="l", depth=0))
    mutation("fail")(_fail)
    for one in (box, ball):
        one("size")(lambda parent, _call, unit=None: {"m": 1.5, "nan": float("nan")}.get(unit, 2))
        one.plain("id")
    box.plain("label")
    box("things")(lambda parent, _call: [Ball(id="1", depth=5), _box(parent.depth + 1)])
    box("maybe")(lambda parent, _call: [None, Ball(id="1", depth=5), "neither", _box(3)])
    box("bad")(_fail)
    box("worse")(_fail)
    box("odd")(lambda parent, _call: "text")
    box("late")(lambda parent, _call: _box(parent.depth + 1) if parent.depth < 2 else None)
    box("inner")(lambda parent, _call, depth, like=None: _box(depth) if depth >= 0 else _fail())
    box("same")(lambda parent, _call: _box(1))
    box.with_info("asks")(lambda parent, info: selects(info, "x"))
    box.constant(numbers=(1, None, "3", "x"), grid=[[1], None, [2, None]], number=7, wrong="x", kind="RED")
    box.constant(nothing=None)
    ball.constant(bounce=1)
    ball("flat")(lambda parent, _call: None if parent.depth > 1 else _box(2))
    return [query, mutation, box, ball]


def _fail(*_: Any) -> Any:
    raise NotFound("It is not there.")


@pytest.fixture(scope="module")
def toys() -> GraphQLSchema:
    schema = build_schema(TEXT)
    bind(schema, _fields())
    for name in ("Thing", "Either"):
        cast(Any, schema.type_map[name]).resolve_type = lambda value, _info, _kind: type(value).__name__
    return schema


def _call() -> Call:
    return cast(Call, SimpleNamespace(budget=Budget()))


def told(data: Any, errors: Any) -> Any:
    return data, [
        (
            error.message,
            error.path,
            [(at.line, at.column) for at in error.locations or ()],
            type(error.original_error),
        )
        for error in errors or ()
    ]


def both(
    schema: GraphQLSchema,
    text: str,
    variables: Mapping[str, Any] | None = None,
    call: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """(the plan's answer, graphql-core's)."""
    checked = Documents(schema).get(text)
    assert checked.node is not None, checked.errors
    plan = Plans(schema).find(checked, name)
    assert plan is not None
    make = call or _call
    result = execute_sync(
        schema,
        checked.node,
        context_value=make(),
        variable_values=dict(variables or {}),
        operation_name=name,
        hide_suggestions=True,
    )
    first = told(*plan.execute(make(), dict(variables or {})))
    assert told(*plan.execute(make(), dict(variables or {}))) == first  # what was kept of it
    return first, told(result.data, result.errors)


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("{ box { id label things { __typename id ... on Box { label late { label } } } } }", {}),
        ("{ box { maybe { id } numbers grid number wrong kind odd nothing bad label } }", {}),
        ("{ box { worse } sure { id } }", {}),
        ("{ sure { worse } box { id } }", {}),
        ("{ sure { late { late { late { label } } } } }", {}),
        ("{ sure { label late { label late { label } } } }", {}),
        ("{ all { ... on Box { a: id } ... on Ball { b: id flat { label } } } }", {}),
        ("{ box { same { __typename ... on Thing { size } ... on Box { x: size(unit: \"k\") } } } }", {}),
        ("query ($u: String) { box { a: size(unit: $u) b: size } }", {"u": "k"}),
        ("query ($u: String) { box { a: size(unit: $u) b: size } }", {"u": None}),
        ("query ($u: String) { box { a: size(unit: $u) b: size } }", {}),
        ("query ($u: String = \"nan\") { box { a: size(unit: $u) } }", {}),
        ("query ($d: Int!) { box { inner(depth: $d) { id asks } } }", {"d": -1}),
        ("query ($d: Int!) { box { inner(depth: $d) { id asks } } }", {"d": "x"}),
        ("query ($d: Int!) { box { inner(depth: $d) { id asks } } }", {}),
        ("query ($d: Int = 1) { box { inner(depth: $d) { id } } }", {"d": None}),
        ("query ($m: [Int!]) { box { inner(depth: 1, like: {many: $m}) { id } } }", {"m": [1, 2]}),
        ("query ($s: Boolean!, $i: Boolean = true) { box { id @skip(if: $s) label @include(if: $i) } }",
         {"s": True}),
        ("query ($s: Boolean!) { box @include(if: $s) { id } sure { ...F @skip(if: $s) } } "
         "fragment F on Box { label }", {"s": False}),
        ("{ box { ...A ...B } } fragment A on Box { same { ... on Box { id } } } "
         "fragment B on Box { same { ... on Box { label } } ...A }", {}),
        ("mutation ($l: Like!) { put(like: $l) { id label } }", {"l": {"many": [1]}}),
        ("mutation { put(like: {}) { id } fail { id } }", {}),
    ],
)  # fmt: skip
def test_each_kind_of_field_is_answered_alike(
    toys: GraphQLSchema, text: str, variables: dict[str, Any]
) -> None:
    ours, theirs = both(toys, text, variables)
    assert ours == theirs


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_document_is_answered_alike(toys: GraphQLSchema, data: st.DataObject) -> None:
    text = data.draw(queries(TEXT))
    checked = Documents(toys).get(text)
    if checked.node is not None:
        ours, theirs = both(toys, text)
        assert ours == theirs


def test_each_outcome_of_skip_and_include_has_a_plan_of_its_own(toys: GraphQLSchema) -> None:
    names = [f"v{n}" for n in range(4)]
    fields = " ".join(f"a{n}: id @include(if: ${name})" for n, name in enumerate(names))
    declared = ", ".join(f"${name}: Boolean!" for name in names)
    checked = Documents(toys).get(f"query ({declared}) {{ box {{ label {fields} }} }}")
    plan = Plans(toys).find(checked, None)
    assert plan is not None
    for number in range(16):
        given_values = {name: bool(number >> n & 1) for n, name in enumerate(names)}
        found, errors = plan.execute(_call(), given_values)
        assert not errors and found is not None
        assert set(found["box"]) == {"label"} | {f"a{n}" for n in range(4) if number >> n & 1}


def test_one_of_several_operations_is_meant_by_its_name(toys: GraphQLSchema) -> None:
    text = "query A { box { id } } query B { box { label } }"
    ours, theirs = both(toys, text, name="B")
    assert ours == theirs
    checked = Documents(toys).get(text)
    # These are graphql-core's to answer, in its words.
    assert Plans(toys).find(checked, None) is None and Plans(toys).find(checked, "C") is None


@pytest.mark.parametrize(
    "text",
    ["{ __schema { types { name } } }", '{ ...F } fragment F on Query { __type(name: "Box") { name } }'],
)
def test_introspection_is_left_to_graphql_core(toys: GraphQLSchema, text: str) -> None:
    assert Plans(toys).find(Documents(toys).get(text), None) is None


def test_only_so_many_steps_are_kept(toys: GraphQLSchema, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans_module, "STEPS_KEPT_MAX", 100)
    documents, plans = Documents(toys), Plans(toys)
    made: list[tuple[Document, Plan]] = []
    for number in range(40):
        checked = documents.get("{ box { " + " ".join(f"a{number}x{n}: id" for n in range(10)) + " } }")
        plan = plans.find(checked, None)
        assert plan is not None
        plan.execute(_call(), {})
        made.append((checked, plan))
    assert plans.find(*_key(made[-1])) is made[-1][1]
    assert plans.find(*_key(made[0])) is not made[0][1]
    assert plans._size.steps <= 100 + 15


def _key(made: tuple[Document, Plan]) -> tuple[Document, None]:
    return made[0], None


# -- the door's own schema over a real house


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    opened = open_house(ServerSettings(storage=Storage(data=folder)))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def door(house: House) -> tuple[GraphQLSchema, Any]:
    admin = Actor(None, "", is_admin=True, system="tests")
    _, key = house.domain.accounts.create_user(admin, "ada")
    assert key is not None
    actor = house.domain.sign_in.actor_for_key(key)
    assert actor is not None
    for number in range(3):
        change = RunChange(config={"lr": number / 7, "n": None}, summary={"loss": float("nan")}, tags=["t"])
        house.domain.runs.upsert(actor, "", "mnist", f"r{number}", change)
    # Addresses that are signed hold a moment: an address of the same second is the same.
    links = Links(cast(Any, SimpleNamespace(sign=lambda claim, seconds: repr(claim))), "http://here", actor)
    return make_schema(all_fields()), lambda: Call(actor, house.domain, links)


QUERY_ROOTS = [root for root in roots(make_schema(all_fields())) if root.operation == "query"]


@pytest.mark.parametrize("root", QUERY_ROOTS, ids=str)
def test_every_query_of_the_door_is_answered_alike(door: tuple[GraphQLSchema, Any], root: Root) -> None:
    schema, call = door
    known = {"entityName": "ada", "projectName": "mnist", "name": "mnist", "entity": "ada", "first": 2}

    def value(place: str, kind: Any) -> Any:
        name = place.rpartition(".")[2]
        if place.lstrip("!") in ("Project.run.name", "Project.bucket.name"):
            return "r1"
        if (
            place.lstrip("!").startswith("Query.")
            and name == "name"
            and root.name not in ("project", "model")
        ):
            return "ada"
        if name in ("after", "order", "filters", "search", "cursor", "types", "pattern"):
            return MISSING
        if name in known and (kind.name in ("String", "ID")) == isinstance(known[name], str):
            return known[name]
        return {"Int": 1, "Int64": 1, "Float": 1.0, "Boolean": True, "JSONString": "{}"}.get(kind.name, "x")

    text, variables = document(schema, root, value)
    ours, theirs = both(schema, text, variables, call)
    assert ours == theirs
    if root.name in ("project", "model", "viewer"):
        assert ours[0] and ours[0][root.name], ours[1]  # it was there to be read


def test_a_run_s_place_knows_what_is_asked_below(door: tuple[GraphQLSchema, Any]) -> None:
    schema, call = door
    text = """query ($f: Int) { project(name: "mnist", entityName: "ada") { runs(first: $f) {
      edges { node { ...R } } totalCount } } } fragment R on Run { name config }"""
    ours, theirs = both(schema, text, {"f": 2}, call)
    assert ours == theirs
    edges = ours[0]["project"]["runs"]["edges"]
    assert len(edges) == 2 and all(edge["node"]["config"].startswith("{") for edge in edges)


def test_info_of_a_plan_is_that_of_graphql_core(toys: GraphQLSchema) -> None:
    seen: list[Info] = []
    schema = build_schema("type Query { one: Box } type Box { id: ID }")
    query, box = Fields("Query"), Fields("Box")
    query.with_info("one")(lambda _root, info: seen.append(info) or SimpleNamespace(id="1"))
    box.plain("id")
    bind(schema, [query, box])
    both(schema, "{ ...F } fragment F on Query { one { id } one { other: id } }")
    ours, theirs = seen[1], seen[0]
    assert [node.name.value for node in ours.field_nodes] == [node.name.value for node in theirs.field_nodes]
    assert set(ours.fragments) == {"F"} and selects(ours, "id") and not selects(ours, "label")
