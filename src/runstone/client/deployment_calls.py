"""The native API's routes of deployments and predictions as typed calls: `Client.deployments`.

deployments = runstone.Api().client.deployments
now = deployments.record("acme", site="berlin", name="api", artifact="@17")
deployments.add_prediction("acme", "req-4711", deployment=now.id)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from runstone.client.calls import NounCalls, at_entity, given, record
from runstone.client.connection import segment
from runstone.client.registry_models import DeploymentRecord, PredictionRecord


class SiteDifference(NamedTuple):
    """Of one deployment's name: what runs under it at either site; None for nothing."""

    name: str
    one: DeploymentRecord | None
    other: DeploymentRecord | None

    @property
    def same(self) -> bool:
        """The same content, whatever it is called."""
        return self.one is not None and self.other is not None and self.one.sha256 == self.other.sha256


class DeploymentCalls(NounCalls):
    """One method per route. entity: an organisation, team or user; "" is the key's own. All raise
    `ClientError` and its kinds."""

    def find(
        self, entity: str, *, site: str = "", name: str = "", live: bool | None = None
    ) -> Iterator[DeploymentRecord]:
        """The newest first. live: those that run now (True), or have ended (False)."""
        query = {"site": site, "name": name, "live": None if live is None else str(live).lower()}
        for item in self._pages(f"{at_entity(entity)}/deployments", "deployments", query):
            yield record(item, DeploymentRecord)

    def record(
        self,
        entity: str,
        *,
        site: str,
        name: str,
        artifact: str,
        metadata: Mapping[str, Any] | None = None,
        at: float | None = None,
    ) -> DeploymentRecord:
        """The version runs at the site from now (or `at`, Unix seconds) on; what ran there under that name
        has ended. artifact: ENTITY/PROJECT/NAME:ALIAS, or @ID."""
        body = given(site=site, name=name, artifact=artifact, metadata=dict(metadata or {}), at=at)
        return record(self._send("POST", f"{at_entity(entity)}/deployments", json=body), DeploymentRecord)

    def end(self, entity: str, deployment: int) -> DeploymentRecord:
        """It does not run any more. Ending twice is no error."""
        answer = self._send("POST", f"{at_entity(entity)}/deployments/{deployment}/end", repeatable=True)
        return record(answer, DeploymentRecord)

    def difference(self, entity: str, site: str, other: str) -> list[SiteDifference]:
        """What runs at two sites now, by the names of the deployments."""
        here, there = (
            {found.name: found for found in self.find(entity, site=where, live=True)}
            for where in (site, other)
        )
        return [SiteDifference(name, here.get(name), there.get(name)) for name in sorted({*here, *there})]

    def add_prediction(
        self,
        entity: str,
        prediction: str = "",
        *,
        deployment: int | None = None,
        version: int | None = None,
        metadata: Mapping[str, Any] | None = None,
        at: float | None = None,
    ) -> PredictionRecord:
        """Note a prediction, by the id that is told to whoever asked for it ("": one is made), so that it
        can be traced back. Sent twice it is kept once; Conflict where the id stands for another version."""
        body = given(
            id=prediction,
            deployment_id=deployment,
            version_id=version,
            metadata=dict(metadata or {}),
            at=at,
        )
        answer = self._send(
            "POST", f"{at_entity(entity)}/predictions", json=body, repeatable=bool(prediction)
        )
        return record(answer, PredictionRecord)

    def prediction(self, entity: str, prediction: str) -> PredictionRecord:
        return record(self._get(f"{at_entity(entity)}/predictions/{segment(prediction)}"), PredictionRecord)
