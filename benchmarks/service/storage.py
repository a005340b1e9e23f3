"""Tables, and the database they are in: SQLAlchemy's async engine on PostgreSQL or SQLite."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, Optional

from fastapi import Depends, Request
from pydantic import AfterValidator
from sqlalchemy import JSON, Connection, String, Text, event, func, insert, make_url, select, text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from config import SETTINGS, Settings

SEEDED = 100
"""Items that are there from the start, numbered from 1: reads have something to find."""

_LOCK = 7_035_013  # any number: services that start at once take turns by it
_ASYNC = {
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "sqlite": "sqlite+aiosqlite",
}


class Base(DeclarativeBase):
    """Base of the tables."""


class Item(Base):
    """Something on sale."""

    __tablename__ = f"{SETTINGS.prefix}items"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    description: Mapped[Optional[str]] = mapped_column(Text)
    price_cents: Mapped[int]
    quantity: Mapped[int]
    tags: Mapped[list[str]] = mapped_column(JSON)
    created: Mapped[str] = mapped_column(String(40))


class Account(Base):
    """Someone who may log in."""

    __tablename__ = f"{SETTINGS.prefix}accounts"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    salt: Mapped[bytes]
    digest: Mapped[bytes]


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not hold a NUL character")  # PostgreSQL keeps none
    if not text.isprintable() and any("\ud800" <= one <= "\udfff" for one in text):
        raise ValueError("must not hold half a character")  # JSON can: "\\ud800"
    return text


Storable = Annotated[str, AfterValidator(_storable)]
"""Text that every database takes."""


def now() -> str:
    """The time in UTC, as it is stored."""
    return datetime.now(timezone.utc).isoformat()


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator["async_sessionmaker[AsyncSession]"]:
    """Sessions on the database, its tables made; what was made for this process goes with it."""
    folder = None
    if settings.database_url is None:
        if settings.data is None:
            folder = Path(tempfile.mkdtemp(prefix="perfkit-service-"))
        url = _own_file(settings.data or folder, settings)
    else:
        url = _given(settings.database_url)
    try:
        engine = _engine(url, settings)
        try:
            async with engine.begin() as connection:
                await connection.run_sync(_prepare, settings)
            yield async_sessionmaker(engine, expire_on_commit=False)
        finally:
            await engine.dispose()
    finally:
        if folder is not None:
            with suppress(OSError):
                shutil.rmtree(folder)


async def _session(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(_session)]
"""A session for one request."""


def _own_file(folder: Path, settings: Settings) -> URL:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{settings.prefix}service.sqlite"
    return URL.create("sqlite+aiosqlite", database=str(file))


def _given(text: str) -> URL:
    url = make_url(text)
    url = url.set(drivername=_ASYNC.get(url.drivername, url.drivername))
    if url.drivername == "postgresql+asyncpg" and "sslmode" in url.query:  # libpq's word for it
        mode = url.query["sslmode"]
        url = url.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
    return url


def _engine(url: URL, settings: Settings) -> AsyncEngine:
    if url.get_backend_name() != "sqlite":
        return create_async_engine(url, pool_size=settings.pool, max_overflow=0)
    # Writers queue up for the one file; more connections only wait for each other.
    engine = create_async_engine(
        url, pool_size=min(settings.pool, 5), max_overflow=0, connect_args={"timeout": 30}
    )

    @event.listens_for(engine.sync_engine, "connect")
    def tune(connection, _record) -> None:  # noqa: ANN001 - the driver's own types
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.close()

    return engine


def _prepare(connection: Connection, settings: Settings) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    if settings.fresh:
        Base.metadata.drop_all(connection)
    Base.metadata.create_all(connection)
    if not connection.scalar(select(func.count()).select_from(Item)):
        connection.execute(insert(Item), [_seed(number) for number in range(1, SEEDED + 1)])


def _seed(number: int) -> dict:
    return {
        "name": f"Item {number}",
        "description": f"The item with the number {number}",
        "price_cents": number * 125,
        "quantity": number % 17,
        "tags": ["seeded", f"shelf-{number % 7}"],
        "created": "2024-03-01T10:00:00+00:00",
    }
