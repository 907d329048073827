"""Custom charts."""

from __future__ import annotations

from typing import Any

from runstone.server.domain.account_model import Entity, User
from runstone.server.domain.charts import Chart
from runstone.server.domain.errors import Invalid
from runstone.server.doors.wandb.gql.binding import Fields, maps
from runstone.server.doors.wandb.gql.call import Call

mutation = Fields("Mutation")
entity = Fields("Entity")
chart = Fields("CustomChart")

_ACCESS = {"PRIVATE": False, "PUBLIC": True}

chart.plain("name", "displayName", "spec", "createdAt", "updatedAt", type="kind")


@chart("id")
def chart_id(parent: Chart, _call: Call) -> str:
    return f"{parent.entity}/{parent.name}"


@chart("access")
def access(parent: Chart, _call: Call) -> str:
    return "PUBLIC" if parent.public else "PRIVATE"


@chart("user")
def user(parent: Chart, call: Call) -> User | None:
    return call.user(parent.owner)


@entity("customCharts")
def custom_charts(parent: Entity, call: Call) -> list[Chart] | None:
    if call.entity(parent.name) is None:
        return None
    return call.domain.charts.find(call.signed_in(), parent.name)


@mutation("createCustomChart")
def create_custom_chart(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    public = _ACCESS.get(input["access"].upper())
    if public is None:
        raise Invalid(f"A custom chart's access is PRIVATE or PUBLIC, not {input['access']!r:.50}.")
    made = call.domain.charts.save(
        call.signed_in(),
        call.entity_name(input["entity"]),
        input["name"],
        display_name=input["display_name"],
        kind=input["type"],
        public=public,
        spec=input["spec"],
    )
    return {"chart": made, "clientMutationId": input.get("client_mutation_id")}


FIELDS = [mutation, entity, chart, *maps("CreateCustomChartPayload")]
