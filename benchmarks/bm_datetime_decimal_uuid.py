# /// script
# requires-python = ">=3.9"
# dependencies = ["pyperf"]
# ///
"""Parsing, computing and printing 100 records of date-times, decimals and UUIDs."""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pyperf


def records() -> list:
    """Fixed records as they come out of JSON or CSV: text."""
    return [
        (
            str(UUID(int=(i + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC834 % (1 << 128))),
            f"2024-{i % 12 + 1:02}-{i % 28 + 1:02}T{i % 24:02}:30:15.{i:06}+00:00",
            f"{i * 7}.{i % 100:02}",
        )
        for i in range(100)
    ]


def convert(rows: list) -> tuple:
    """Text to values, a little business, and back to text."""
    cent, tax, due_in = Decimal("0.01"), Decimal("1.19"), timedelta(days=30)
    total = Decimal(0)
    printed = []
    for key, moment, amount in rows:
        identity = UUID(key)
        due = datetime.fromisoformat(moment) + due_in
        gross = (Decimal(amount) * tax).quantize(cent)
        total += gross
        printed.append((str(identity), due.isoformat(), str(gross)))
    return total, printed


if __name__ == "__main__":
    runner = pyperf.Runner()
    table = records()
    assert convert(table)[1][99] == (
        table[99][0],
        "2024-05-16T03:30:15.000099+00:00",
        "825.85",
    )
    runner.bench_func("datetime_decimal_uuid", convert, table)
