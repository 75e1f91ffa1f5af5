"""What every service counts, in the registry of its process; `/metrics` shows it."""

from prometheus_client import Counter, Gauge, Histogram

MESSAGES = Counter("queryflow_messages", "Messages answered", ["queue", "answer"])
MESSAGE_SECONDS = Histogram(
    "queryflow_message_seconds", "Seconds a handler took for one message or batch", ["queue"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60),
)  # fmt: skip
DEAD_LETTERS = Counter("queryflow_dead_letters", "Messages that nobody will answer", ["queue", "code"])
OUTBOX_HELD = Gauge("queryflow_outbox_held", "Messages handed to the bus and not yet answered", ["service"])
OUTBOX_SWEPT = Counter("queryflow_outbox_swept", "Messages handed over again by the sweep", ["service"])
OUTBOX_REFUSED = Counter("queryflow_outbox_refused", "Messages the bus could not take", ["service"])
LOOP_FAILURES = Counter("queryflow_loop_failures", "Failed turns of a loop", ["loop"])
LOOP_TURN_AT = Gauge("queryflow_loop_turn_timestamp_seconds", "When a loop last ended a turn well", ["loop"])
HTTP_REQUESTS = Counter("queryflow_http_requests", "Answered requests", ["service", "method", "route", "status"])
HTTP_SECONDS = Histogram("queryflow_http_seconds", "Seconds until a request was answered", ["service", "route"])
BUS_REBUILDS = Counter("queryflow_bus_rebuilds", "Times connections and consumers were built again")
