# /// script
# requires-python = ">=3.9"
# dependencies = ["pyperf", "pydantic>=2"]
# ///
"""Validation and serialisation of an order service's models with pydantic."""

import json
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Literal, Optional, Union

import pyperf
from pydantic import BaseModel, Field, TypeAdapter


class Role(str, Enum):
    """A closed set of words."""

    ADMIN = "admin"
    USER = "user"


class User(BaseModel):
    """A flat model with constraints, as request bodies are."""

    id: int = Field(gt=0)
    name: str = Field(min_length=1, max_length=80)
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    role: Role
    created: datetime
    balance: Decimal
    nickname: Optional[str] = None
    tags: list[str] = []


class Page(BaseModel):
    """A response body."""

    users: list[User]


class Line(BaseModel):
    """A position of an order."""

    sku: str
    quantity: int = Field(ge=1)
    price: float


class Address(BaseModel):
    """Where an order goes."""

    street: str
    city: str
    country: str = Field(min_length=2, max_length=2)


class Customer(BaseModel):
    """Who ordered."""

    name: str
    addresses: dict[str, Address]


class Order(BaseModel):
    """Three levels of models, in a dictionary and in a list."""

    number: int
    customer: Customer
    lines: list[Line]


class Card(BaseModel):
    """One of the ways to pay."""

    kind: Literal["card"]
    number: str


class Transfer(BaseModel):
    """One of the ways to pay."""

    kind: Literal["transfer"]
    iban: str
    days: int


class Voucher(BaseModel):
    """One of the ways to pay."""

    kind: Literal["voucher"]
    code: Union[int, str]


Payments = TypeAdapter(list[Annotated[Union[Card, Transfer, Voucher], Field(discriminator="kind")]])
Users = TypeAdapter(list[User])


def users() -> list:
    """Twenty valid users."""
    return [
        {
            "id": i + 1,
            "name": f"User {i}",
            "email": f"user{i}@example.org",
            "role": "admin" if i % 10 == 0 else "user",
            "created": f"2024-03-{i % 28 + 1:02}T10:00:00Z",
            "balance": f"{i}.50",
            "tags": ["a", "b"],
        }
        for i in range(20)
    ]


def order() -> dict:
    """An order of 30 lines to one of five addresses."""
    addresses = {
        f"a{i}": {"street": f"Road {i}", "city": "Bern", "country": "CH"} for i in range(5)
    }
    return {
        "number": 1,
        "customer": {"name": "Zoë", "addresses": addresses},
        "lines": [{"sku": f"S{i}", "quantity": i + 1, "price": i * 1.5} for i in range(30)],
    }


def payments() -> list:
    """Thirty payments of three kinds; vouchers carry numbers and words."""
    kinds = (
        {"kind": "card", "number": "4111111111111111"},
        {"kind": "transfer", "iban": "CH9300762011623852957", "days": 30},
        {"kind": "voucher", "code": "SPRING"},
        {"kind": "voucher", "code": 12},
    )
    return [dict(kinds[i % 4]) for i in range(30)]


if __name__ == "__main__":
    runner = pyperf.Runner()
    people = users()
    text = json.dumps(people)
    page = Page(users=people)
    assert Users.validate_json(text) == Users.validate_python(people)
    assert Page.model_validate_json(page.model_dump_json()) == page
    runner.bench_func(
        "pydantic_validate_python",
        Users.validate_python,
        people,
        metadata={"description": "Validating 20 flat users from Python dictionaries"},
    )
    runner.bench_func(
        "pydantic_validate_json",
        Users.validate_json,
        text,
        metadata={"description": "Validating 20 flat users from JSON text"},
    )
    runner.bench_func(
        "pydantic_dump_json",
        page.model_dump_json,
        metadata={"description": "Serialising a page of 20 users with model_dump_json"},
    )
    runner.bench_func(
        "pydantic_nested",
        Order.model_validate,
        order(),
        metadata={"description": "Validating an order of three levels of models, 37 models in all"},
    )
    runner.bench_func(
        "pydantic_union",
        Payments.validate_python,
        payments(),
        metadata={"description": "Validating 30 payments of a discriminated union"},
    )
