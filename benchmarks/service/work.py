"""Endpoints that need no backing service: a list validated and serialised, and heavy CPU work."""

import hashlib
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Optional

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, TypeAdapter

_MOST_RECORDS = 1000
_MOST_ROUNDS = 1000
_SIEVE = 2000

router = APIRouter(prefix="/api/v1", tags=["work"])


class Status(str, Enum):
    """A closed set of words."""

    OPEN = "open"
    PAID = "paid"
    SHIPPED = "shipped"


class Address(BaseModel):
    """Where an order goes."""

    street: str = Field(min_length=1, max_length=80)
    city: str = Field(min_length=1, max_length=80)
    country: str = Field(pattern=r"^[A-Z]{2}$")


class Record(BaseModel):
    """An order, in short."""

    id: int = Field(gt=0)
    customer: str = Field(min_length=1, max_length=80)
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    status: Status
    created: datetime
    total: Decimal = Field(ge=0, decimal_places=2)
    weight: float
    tags: list[str]
    address: Address
    note: Optional[str] = None


class Records(BaseModel):
    """The answer."""

    count: int
    records: list[Record]


_RECORDS = TypeAdapter(list[Record])


def _raw(number: int) -> dict:
    """A record as it might come from elsewhere: words and numbers."""
    raw = {
        "id": number,
        "customer": f"Customer {number}",
        "email": f"customer{number}@example.org",
        "status": ("open", "paid", "shipped")[number % 3],
        "created": f"2024-03-{number % 28 + 1:02}T10:00:{number % 60:02}Z",
        "total": f"{number}.{number % 100:02}",
        "weight": number * 0.25,
        "tags": [f"tag-{number % 5}", "order"],
        "address": {"street": f"Road {number}", "city": "Bern", "country": "CH"},
    }
    return raw if number % 4 else {**raw, "note": f"Note on order {number}"}


_RAW = [_raw(number) for number in range(1, _MOST_RECORDS + 1)]


@router.get("/data")
async def data(count: Annotated[int, Query(ge=1, le=_MOST_RECORDS)] = 100) -> Records:
    """Validate some records, and serialise them; always the same ones."""
    return Records(count=count, records=_RECORDS.validate_python(_RAW[:count]))


class Worked(BaseModel):
    """What heavy work came to: a checksum over all rounds."""

    rounds: int
    checksum: str


@router.get("/cpu")
def cpu(rounds: Annotated[int, Query(ge=1, le=_MOST_ROUNDS)] = 10) -> Worked:
    """Do some rounds of work in pure Python, in a thread."""
    digest = hashlib.sha256()
    for number in range(rounds):
        digest.update(_round(number).encode())
    return Worked(rounds=rounds, checksum=digest.hexdigest())


def _round(number: int) -> str:
    """Primes by a sieve, counted by their last digit, and some text made of that."""
    sieve = [True] * _SIEVE
    for step in range(2, int(_SIEVE**0.5) + 1):
        if sieve[step]:
            for multiple in range(step * step, _SIEVE, step):
                sieve[multiple] = False
    digits: dict[str, int] = {}
    for prime in (n for n in range(2, _SIEVE) if sieve[n]):
        last = str(prime + number)[-1]
        digits[last] = digits.get(last, 0) + prime
    return ",".join(f"{digit}:{total}" for digit, total in sorted(digits.items()))
