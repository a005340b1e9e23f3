# /// script
# requires-python = ">=3.9"
# dependencies = ["pyperf"]
# ///
"""Business logic in plain Python: objects, loops, exceptions."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pyperf

ROWS = 200


@dataclass
class Line:
    """One position of an order."""

    sku: str
    quantity: int
    price: int
    tags: list = field(default_factory=list)

    @property
    def total(self) -> int:
        """Price of all pieces."""
        return self.quantity * self.price


class Order:
    """An ordinary class with state."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.lines: list = []
        self.sum = 0

    def add(self, line: Line) -> None:
        """Append a position and keep the sum."""
        self.lines.append(line)
        self.sum += line.total
        line.tags.append(self.number)


def objects() -> int:
    """Create dataclasses and objects; read, write and compute attributes."""
    order = Order(7)
    for i in range(ROWS):
        order.add(Line(sku="A", quantity=i, price=3))
    return order.sum + sum(1 for line in order.lines if line == order.lines[0])


def paid(rows: list) -> Iterator:
    """Pass on what is paid: a generator as a filter."""
    for row in rows:
        if row["paid"]:
            yield row


def iteration(rows: list) -> dict:
    """Filter, group and sort rows with generators and comprehensions."""
    totals: dict = {}
    for group, amount in ((row["group"], row["amount"] * 2) for row in paid(rows)):
        totals[group] = totals.get(group, 0) + amount
    names = {row["name"].upper() for row in rows}
    pairs = [(key, value) for key, value in sorted(totals.items()) if value]
    return {"names": len(names), "top": max(pairs, key=lambda pair: pair[1])}


def check(value: int) -> int:
    """Refuse every fourth value."""
    if value % 4 == 0:
        raise ValueError(value)
    return value


def guarded(value: int) -> int:
    """Call with a handler that translates, and a clean-up."""
    try:
        return check(value)
    except ValueError as error:
        raise LookupError(value) from error
    finally:
        value += 1


def exceptions() -> int:
    """Raise, translate and handle exceptions; three calls of four do not raise."""
    found = 0
    for i in range(ROWS):
        try:
            found += guarded(i)
        except (KeyError, IndexError):
            found += 1000
        except LookupError:
            found -= 1
    return found


if __name__ == "__main__":
    runner = pyperf.Runner()
    table = [
        {"name": f"n{i}", "group": i % 7, "amount": i, "paid": i % 5 != 0} for i in range(ROWS)
    ]
    assert objects() == 3 * sum(range(ROWS)) + 1
    assert iteration(table) == {"names": ROWS, "top": (2, 4800)}
    assert exceptions() == sum(i for i in range(ROWS) if i % 4) - ROWS // 4
    runner.bench_func(
        "python_objects",
        objects,
        metadata={"description": "Creating 200 dataclasses, attribute access, method calls"},
    )
    runner.bench_func(
        "python_iteration",
        iteration,
        table,
        metadata={"description": "Filtering and grouping 200 rows: generators, comprehensions"},
    )
    runner.bench_func(
        "python_exceptions",
        exceptions,
        metadata={"description": "200 calls with try, except, finally; a quarter of them raise"},
    )
