# /// script
# requires-python = ">=3.9"
# dependencies = ["pyperf"]
# ///
"""JSON as web services read and write it: standard library, no dependencies."""

import json

import pyperf


def response() -> dict:
    """The guide's response body: 1000 items."""
    return {"data": [{"id": i, "value": f"item_{i}"} for i in range(1000)]}


def request() -> str:
    """A page of 100 orders: nested objects, floats, escapes, nulls; about 30 kB."""
    orders = [
        {
            "id": i,
            "customer": {"name": f"Zoë {i}", "email": f"user{i}@example.org", "phone": None},
            "total": i * 1.25,
            "paid": i % 3 == 0,
            "note": 'said "soon"\nand left',
            "lines": [{"sku": f"SKU-{i}-{n}", "quantity": n, "price": n * 9.99} for n in range(3)],
        }
        for i in range(100)
    ]
    return json.dumps({"page": 1, "orders": orders})


if __name__ == "__main__":
    runner = pyperf.Runner()
    body, text = response(), request()
    assert json.loads(json.dumps(body)) == body
    runner.bench_func(
        "json_dumps",
        json.dumps,
        body,
        metadata={"description": "Serialising a response of 1000 items with json.dumps"},
    )
    runner.bench_func(
        "json_loads",
        json.loads,
        text,
        metadata={"description": "Parsing a request of 100 nested orders with json.loads"},
    )
