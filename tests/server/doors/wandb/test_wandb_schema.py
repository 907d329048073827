"""The schema: whole, truthful to introspection, bounded, and worded as clients expect."""

from __future__ import annotations

import pytest
from graphql import GraphQLSchema, graphql_sync, introspection_from_schema

from runstone.server.doors.wandb.gql.binding import Fields, SchemaBindingError, bind, snake
from runstone.server.doors.wandb.gql.documents import Documents
from runstone.server.doors.wandb.gql.schema import make_schema
from runstone.server.doors.wandb.resolvers import all_fields


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    """Made with a resolver for each field, or not at all."""
    return make_schema(all_fields())


@pytest.fixture
def documents(schema: GraphQLSchema) -> Documents:
    return Documents(schema)


def test_it_can_be_introspected(schema: GraphQLSchema) -> None:
    names = {kind["name"] for kind in introspection_from_schema(schema)["__schema"]["types"]}
    asserted_by_clients = {
        "PageInfo", "Project", "Run", "User", "Entity", "Organization", "Artifact", "ArtifactSequence",
        "ArtifactPortfolio", "ArtifactCollectionMembership", "ArtifactAlias", "ArtifactType", "Tag", "File",
        "Sweep", "Member", "ApiKey", "ServerInfo", "ServerSettings", "CreateArtifactInput",
        "DeleteFilesInput",
        "JSONString", "JSON", "Int64", "Duration", "DateTime", "AlertSeverity",
    }  # fmt: skip
    assert asserted_by_clients <= names


@pytest.mark.parametrize("name", ["Query", "Mutation", "ServerInfo", "ServerSettings"])
def test_probes_of_old_clients_find_fields(schema: GraphQLSchema, name: str) -> None:
    found = graphql_sync(
        schema, "query P($n: String!) { __type(name: $n) { fields { name } } }", variable_values={"n": name}
    )
    assert found.errors is None and found.data is not None
    assert found.data["__type"]["fields"]


def test_a_field_without_a_resolver_stops_the_server() -> None:
    fields = [group for group in all_fields() if group.type_name != "File"]
    with pytest.raises(SchemaBindingError, match=r"File\.name"):
        make_schema(fields)


def test_a_resolver_without_a_field_stops_the_server(schema: GraphQLSchema) -> None:
    stray = Fields("Run")
    stray.constant(nonsense=1)
    with pytest.raises(SchemaBindingError, match=r"Run\.nonsense"):
        bind(schema, [stray])


def test_arguments_arrive_in_snake_case() -> None:
    assert [snake(name) for name in ("entityName", "projectID", "clientMutationId", "rampIDType")] == [
        "entity_name", "project_id", "client_mutation_id", "ramp_id_type",
    ]  # fmt: skip


def test_unused_variables_and_fragments_are_let_through(documents: Documents) -> None:
    text = "#graphql\nquery Q($a: String, $b: Int) { viewer { id } } fragment F on User { name }"
    assert documents.get(text).errors == ()


@pytest.mark.parametrize(
    "text",
    [
        "{ nothing }",
        "query { viewer { id }",
        "query { viewer { ...Missing } }",
        "query { viewer(x: 1) { id } }",
        "query Q($a: Nothing) { viewer { id } }",
        "{ " + " ".join(f"a{n}: serverInfo {{ cliVersionInfo }}" for n in range(3000)) + " }",
        "{ viewer " + "{ userEntity { user " * 40 + "{ id }" + " } }" * 40 + " }",
        "{" * 5000,
        "#" + "x" * 300_000,
    ],
)
def test_what_is_wrong_or_too_much_is_refused(documents: Documents, text: str) -> None:
    assert documents.get(text).errors
    assert documents.get(text).node is None


def test_fragments_that_spread_each_other_are_measured_in_no_time(documents: Documents) -> None:
    """Spread out they would be 10 to the 12th fields."""
    layers = []
    for n in range(12):
        spreads = " ".join(f"a{i}: userEntity {{ user {{ ...F{n + 1} }} }}" for i in range(10))
        layers.append(f"fragment F{n} on User {{ {spreads} }}")
    text = "{ viewer { ...F0 } } " + " ".join(layers) + " fragment F12 on User { id }"
    found = documents.get(text)
    assert any("more than" in error.message or "deep" in error.message for error in found.errors)


def test_a_document_is_checked_once(documents: Documents) -> None:
    text = "{ viewer { id } }"
    assert documents.get(text) is documents.get(text)
