# /// script
# requires-python = ">=3.9"
# dependencies = [
#     "aiosqlite>=0.20",
#     "asyncpg>=0.30",
#     "fastapi>=0.115",
#     "httptools>=0.6",
#     "pydantic>=2.9",
#     "redis>=5.1",
#     "sqlalchemy[asyncio]>=2.0.36",
#     "uvicorn>=0.32",
#     "uvloop>=0.21; sys_platform != 'win32' and implementation_name == 'cpython'",
# ]
# ///
"""The reference service: a small but real web application that perfkit puts under load.

Started as ``uvicorn --app-dir benchmarks/service app:app``; `config` describes what its environment
may say.
"""

import platform
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, status
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

import accounts
import caching
import items
import storage
import work
from config import SETTINGS
from slowdown import SlowdownMiddleware

VERSION = "1.0.0"
MODULES = (work, items, accounts, caching)


@asynccontextmanager
async def _lifespan(serving: FastAPI) -> AsyncIterator[None]:
    async with storage.opened(SETTINGS) as sessions, caching.opened(SETTINGS) as cache:
        serving.state.sessions = sessions
        serving.state.cache = cache
        yield


app = FastAPI(title="perfkit reference service", version=VERSION, lifespan=_lifespan)
for each in MODULES:
    app.include_router(each.router)


class Named(BaseModel):
    """The service's name."""

    service: str


class Health(BaseModel):
    """How it is."""

    status: str


class Versions(BaseModel):
    """What it runs on."""

    service: str
    python: str
    implementation: str


@app.get("/")
async def root() -> Named:
    """Say who answers."""
    return Named(service=app.title)


@app.get("/health")
async def health() -> Health:
    """Say that it is ready; it is once it answers."""
    return Health(status="ok")


@app.get("/api/v1/version")
async def version() -> Versions:
    """Say which version of the service answers, under which Python."""
    return Versions(
        service=VERSION,
        python=platform.python_version(),
        implementation=platform.python_implementation(),
    )


@app.exception_handler(RequestValidationError)
async def _invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
    """What is wrong, without repeating what was sent: not all of it can be written as JSON."""
    detail = [{"where": list(one["loc"]), "what": one["msg"]} for one in error.errors()]
    return JSONResponse({"detail": detail}, 422)


@app.exception_handler(SQLAlchemyError)
@app.exception_handler(RedisError)
@app.exception_handler(OSError)
async def _backing_failed(_request: Request, error: Exception) -> JSONResponse:
    """A backing service does not answer, or not soon enough."""
    detail = f"a backing service failed: {type(error).__name__}"
    return JSONResponse({"detail": detail}, status.HTTP_503_SERVICE_UNAVAILABLE)


if SETTINGS.slowdown is not None:
    # An endpoint with parameters in its path has many paths; /cpu works in a thread.
    paths = {
        route.path
        for router in (app.router, *(module.router for module in MODULES))
        for route in router.routes
        if isinstance(route, APIRoute) and "{" not in route.path and route.path != "/api/v1/cpu"
    }
    if SETTINGS.slowdown.path not in paths:
        raise ValueError(
            f"PERFKIT_SERVICE_SLOWDOWN: {SETTINGS.slowdown.path} is none of "
            + ", ".join(sorted(paths))
        )
    app.add_middleware(
        SlowdownMiddleware, path=SETTINGS.slowdown.path, share=SETTINGS.slowdown.share
    )
