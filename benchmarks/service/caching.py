"""A cached read: from Redis or Valkey, or from a cache in the process."""

import json
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Literal, Optional, Union

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel
from redis.asyncio import BlockingConnectionPool, Redis
from sqlalchemy import func, select

from config import Settings
from storage import SEEDED, Item, Session

_SECONDS = 60  # that an answer is kept
_MOST = 1024  # answers kept in the process
_GROUPS = 10

router = APIRouter(prefix="/api/v1", tags=["cached"])


class ServerCache:
    """Answers kept in Redis or Valkey."""

    def __init__(self, client: Redis, prefix: str) -> None:
        """Keep answers under names that start with ``prefix``."""
        self._client = client
        self._prefix = f"{prefix}cached:"

    async def get(self, key: str) -> Optional[bytes]:
        """What is kept for a key."""
        return await self._client.get(self._prefix + key)

    async def put(self, key: str, value: bytes) -> None:
        """Keep something."""
        await self._client.set(self._prefix + key, value, ex=_SECONDS)

    async def clear(self) -> None:
        """Keep nothing any more."""
        async for name in self._client.scan_iter(match=f"{self._prefix}*", count=1000):
            await self._client.delete(name)


class OwnCache:
    """Answers kept in this process; those used longest ago go first."""

    def __init__(self) -> None:
        """Start with none."""
        self._kept: OrderedDict[str, tuple[float, bytes]] = OrderedDict()

    async def get(self, key: str) -> Optional[bytes]:
        """What is kept for a key."""
        until, value = self._kept.get(key, (0.0, b""))
        if until <= time.monotonic():
            return None
        self._kept.move_to_end(key)
        return value

    async def put(self, key: str, value: bytes) -> None:
        """Keep something."""
        self._kept[key] = (time.monotonic() + _SECONDS, value)
        self._kept.move_to_end(key)
        while len(self._kept) > _MOST:
            self._kept.popitem(last=False)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Union[ServerCache, OwnCache]]:
    """The cache; a server that does not answer is an error at the start."""
    if settings.redis_url is None:
        yield OwnCache()
        return
    pool = BlockingConnectionPool.from_url(settings.redis_url, max_connections=20, timeout=10)
    client = Redis.from_pool(pool)
    try:
        await client.ping()
        cache = ServerCache(client, settings.prefix)
        if settings.fresh:
            await cache.clear()
        yield cache
    finally:
        await client.aclose()


class Answer(BaseModel):
    """A cached answer, and whether it was."""

    key: str
    cache: Literal["hit", "miss"]
    items: int
    quantity: int
    value_cents: int


@router.get("/cached/{key}")
async def cached(
    key: Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")], request: Request, session: Session
) -> Answer:
    """Sum up a tenth of the items that were there from the start."""
    cache: Union[ServerCache, OwnCache] = request.app.state.cache
    kept = await cache.get(key)
    if kept is not None:
        return Answer(key=key, cache="hit", **json.loads(kept))
    made = await _summed(session, sum(key.encode()) % _GROUPS)
    await cache.put(key, json.dumps(made).encode())
    return Answer(key=key, cache="miss", **made)


async def _summed(session: Session, group: int) -> dict:
    query = select(
        func.count(),
        func.coalesce(func.sum(Item.quantity), 0),
        func.coalesce(func.sum(Item.quantity * Item.price_cents), 0),
    ).where(Item.id <= SEEDED, Item.id % _GROUPS == group)
    items, quantity, value = (await session.execute(query)).one()
    return {"items": items, "quantity": int(quantity), "value_cents": int(value)}
