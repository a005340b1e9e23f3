# /// script
# requires-python = ">=3.9"
# dependencies = ["pyperf", "sqlalchemy>=2"]
# ///
"""Selecting 50 of 200 rows with a join in SQLAlchemy Core, in-memory SQLite."""

import pyperf
from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    func,
    select,
)

LEAST = 150  # of amounts 0 … 199

metadata = MetaData()
customers = Table(
    "customers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(50)),
)
orders = Table(
    "orders",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("customer_id", ForeignKey("customers.id")),
    Column("amount", Integer),
)


def connect() -> Connection:
    """A database in memory with 10 customers and 200 orders."""
    connection = create_engine("sqlite://").connect()
    metadata.create_all(connection)
    connection.execute(customers.insert(), [{"id": i, "name": f"c{i}"} for i in range(10)])
    connection.execute(
        orders.insert(), [{"id": i, "customer_id": i % 10, "amount": i} for i in range(200)]
    )
    return connection


def query(connection: Connection) -> int:
    """Build two statements, execute them, read their rows."""
    listed = connection.execute(
        select(orders.c.id, orders.c.amount, customers.c.name)
        .join(customers)
        .where(orders.c.amount >= LEAST)
        .order_by(orders.c.amount.desc())
    )
    seen = sum(row.amount for row in listed)
    largest = connection.execute(
        select(customers.c.name, func.sum(orders.c.amount)).join(orders).group_by(customers.c.name)
    )
    return seen + max(total for _, total in largest)


if __name__ == "__main__":
    runner = pyperf.Runner()
    database = connect()
    assert query(database) == sum(range(LEAST, 200)) + sum(range(9, 200, 10))
    runner.bench_func("sqlalchemy_core", query, database)
