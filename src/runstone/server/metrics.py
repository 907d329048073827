"""What `/metrics` tells: counts and times of the server itself, never a name of anybody's things."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class _Asked(Collector):
    """Gauges that are asked for when somebody looks, by name: value, or values by label."""

    def __init__(self) -> None:
        self.sources: dict[str, tuple[str, str, Callable[[], float | Mapping[str, float]]]] = {}

    def collect(self) -> list[Metric]:
        found: list[Metric] = []
        for name, (words, label, ask) in self.sources.items():
            value = ask()
            family = GaugeMetricFamily(name, words, labels=[label] if label else [])
            if isinstance(value, Mapping):
                for key, number in value.items():
                    family.add_metric([key], number)
            else:
                family.add_metric([], value)
            found.append(family)
        return found


class Metrics:
    """One set per application, so that several may live in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self.registry)
        self._asked = _Asked()
        self.registry.register(self._asked)
        self._requests = Counter(
            "runstone_requests", "Requests answered", ["method", "route", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "runstone_request_seconds",
            "Time from the request to the end of its answer",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.in_flight = Gauge(
            "runstone_requests_in_flight", "Requests being answered", registry=self.registry
        )
        self.ingest_bytes = Counter(
            "runstone_ingest_bytes", "Journal bytes taken in, unpacked", registry=self.registry
        )
        self._ingest_requests = Counter(
            "runstone_ingest_requests", "Journal requests by outcome", ["outcome"], registry=self.registry
        )
        self._children: dict[tuple[str, str, int], Counter] = {}
        self._timers: dict[str, Histogram] = {}

    def ask(
        self, name: str, words: str, source: Callable[[], float | Mapping[str, float]], *, label: str = ""
    ) -> None:
        """A gauge whose value (or values by `label`) is asked of `source` when somebody looks."""
        self._asked.sources[name] = (words, label, source)

    def ingested(self, outcome: str) -> None:
        """One journal request; outcome: `taken`, or the code of the error."""
        self._ingest_requests.labels(outcome).inc()

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """`route` is the template, never the path: a path would be a label without bound."""
        key = (method, route, status)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = self._requests.labels(method, route, str(status))
        child.inc()
        timer = self._timers.get(route)
        if timer is None:
            timer = self._timers[route] = self._seconds.labels(route)
        timer.observe(seconds)

    def text(self) -> bytes:
        return generate_latest(self.registry)
