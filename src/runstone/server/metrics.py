"""What `/metrics` tells: counts and times of the server itself, never a name of anybody's things."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
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


class _Times:
    """How long one route's requests took: counts by bucket, and their sum."""

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts = [0] * (len(_SECONDS) + 1)
        self.seconds = 0.0

    def buckets(self) -> list[tuple[str, float]]:
        """Cumulated, as Prometheus wants them."""
        found, below = [], 0
        for bound, count in zip((*map(str, _SECONDS), "+Inf"), self.counts, strict=True):
            below += count
            found.append((bound, float(below)))
        return found


class _Requests(Collector):
    """What is counted at each request. Only the event loop counts, so plain numbers will do: the
    locks of ready-made counters cost a small request a twentieth of its time."""

    def __init__(self) -> None:
        self.in_flight = 0
        self.answered: dict[tuple[str, str, int], int] = {}
        self.times: dict[str, _Times] = {}
        self.ingested: dict[str, int] = {}
        self.ingest_bytes = 0

    def collect(self) -> list[Metric]:
        answered = CounterMetricFamily(
            "runstone_requests", "Requests answered", labels=["method", "route", "status"]
        )
        for (method, route, status), count in list(self.answered.items()):
            answered.add_metric([method, route, str(status)], count)
        seconds = HistogramMetricFamily(
            "runstone_request_seconds", "Time from the request to the end of its answer", labels=["route"]
        )
        for route, times in list(self.times.items()):
            seconds.add_metric([route], times.buckets(), times.seconds)
        ingested = CounterMetricFamily(
            "runstone_ingest_requests", "Journal requests by outcome", labels=["outcome"]
        )
        for outcome, count in list(self.ingested.items()):
            ingested.add_metric([outcome], count)
        return [
            answered,
            seconds,
            GaugeMetricFamily("runstone_requests_in_flight", "Requests being answered", value=self.in_flight),
            CounterMetricFamily(
                "runstone_ingest_bytes", "Journal bytes taken in, unpacked", value=self.ingest_bytes
            ),
            ingested,
        ]


class Metrics:
    """One set per application, so that several may live in one process. What is counted is counted
    by the event loop alone."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self.registry)
        self._asked = _Asked()
        self.registry.register(self._asked)
        self._requests = _Requests()
        self.registry.register(self._requests)

    def ask(
        self, name: str, words: str, source: Callable[[], float | Mapping[str, float]], *, label: str = ""
    ) -> None:
        """A gauge whose value (or values by `label`) is asked of `source` when somebody looks."""
        self._asked.sources[name] = (words, label, source)

    def begun(self) -> None:
        """A request is being answered, until `answered`."""
        self._requests.in_flight += 1

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """`route` is the template, never the path: a path would be a label without bound."""
        requests = self._requests
        requests.in_flight -= 1
        key = (method, route, status)
        requests.answered[key] = requests.answered.get(key, 0) + 1
        times = requests.times.get(route)
        if times is None:
            times = requests.times[route] = _Times()
        times.counts[bisect_left(_SECONDS, seconds)] += 1
        times.seconds += seconds

    def ingested(self, outcome: str, body_bytes: int = 0) -> None:
        """One journal request; outcome: `taken`, or the code of the error."""
        requests = self._requests
        requests.ingested[outcome] = requests.ingested.get(outcome, 0) + 1
        requests.ingest_bytes += body_bytes

    def text(self) -> bytes:
        return generate_latest(self.registry)
