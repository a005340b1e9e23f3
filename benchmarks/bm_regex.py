# /// script
# requires-python = ">=3.9"
# dependencies = ["pyperf"]
# ///
"""Reading 100 lines of an access log with regular expressions, masking addresses."""

import re

import pyperf

LINE = re.compile(
    r'^(?P<host>[\d.]+) \S+ (?P<user>\S+) \[(?P<time>[^\]]+)\] "(?P<verb>[A-Z]+) '
    r'(?P<path>[^ "]+)[^"]*" (?P<status>\d{3}) (?P<size>\d+|-)$',
    re.MULTILINE,
)
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def log() -> str:
    """Fixed log lines; each has an e-mail address in its query."""
    return "\n".join(
        f"10.0.{i % 7}.{i % 251} - user{i} [12/Mar/2024:10:{i % 60:02}:15 +0000] "
        f'"GET /api/v1/orders/{i}?mail=user.{i}@mail.example.org HTTP/1.1" '
        f"{200 if i % 9 else 404} {i * 37}"
        for i in range(100)
    )


def read(text: str) -> tuple:
    """Sum the bytes of successful requests, and mask what must not be kept."""
    size = sum(int(match["size"]) for match in LINE.finditer(text) if match["status"] == "200")
    return size, EMAIL.subn("***", text)[1]


if __name__ == "__main__":
    runner = pyperf.Runner()
    lines = log()
    assert read(lines) == (37 * sum(i for i in range(100) if i % 9), 100)
    runner.bench_func("regex_log", read, lines)
