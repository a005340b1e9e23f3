# /// script
# requires-python = ">=3.9"
# dependencies = ["pyperf"]
# ///
"""Logging of a request: formatted records to a stream in memory, and levels switched off."""

import io
import logging

import pyperf

RECORDS = 20


def requests(logger: logging.Logger, stream: io.StringIO) -> int:
    """Log 20 requests, each with a debug call that is switched off; then one warning."""
    stream.seek(0)
    stream.truncate()
    for i in range(RECORDS):
        logger.debug("headers %r", stream)
        logger.info("%s %s -> %d in %.3f s", "GET", "/api/v1/orders", 200, i / 1000)
    logger.warning("slow request", extra={"request": RECORDS})
    return stream.tell()


def set_up() -> tuple:
    """A logger as services have it: child of a root with one handler and a formatter."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger("service")
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    root.propagate = False
    return logging.getLogger("service.api.orders"), stream


if __name__ == "__main__":
    runner = pyperf.Runner()
    log, memory = set_up()
    assert requests(log, memory) > RECORDS * 40
    assert memory.getvalue().count("\n") == RECORDS + 1
    runner.bench_func("logging_requests", requests, log, memory)
