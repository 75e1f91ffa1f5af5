"""The counters of several processes as one text in Prometheus' format."""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

MEDIA_TYPE = CONTENT_TYPE_LATEST
PROCESS = "process"
"""The label that tells whose sample it is."""


def combine(texts: Mapping[str, str]) -> bytes:
    """What each process says of itself, every sample with the name of its process."""
    registry = CollectorRegistry()
    registry.register(_Families(_merged(texts)))
    return generate_latest(registry)


def _merged(texts: Mapping[str, str]) -> Iterable[Metric]:
    families: dict[str, Metric] = {}
    for process, text in texts.items():
        for family in text_string_to_metric_families(text):
            merged = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
            for sample in family.samples:
                merged.add_sample(sample.name, {PROCESS: process, **sample.labels}, sample.value)
    return families.values()


class _Families(Collector):
    """Families that are known already."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        yield from self._families
