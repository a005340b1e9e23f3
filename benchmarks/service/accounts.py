"""Accounts: register, log in with a password, and be known by a signed token.

Passwords are hashed with PBKDF2 in a thread. Its cost is far below what a public service must
spend: a load test with perfkit looks at Python, not at OpenSSL.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import time
from typing import Annotated, Optional

from fastapi import APIRouter, Depends, HTTPException, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from config import SETTINGS
from storage import Account, Session, Storable

_ROUNDS = 20_000
_SALT_BYTES = 16

router = APIRouter(prefix="/api/v1", tags=["accounts"])
_bearer = HTTPBearer(auto_error=False)


class Credentials(BaseModel):
    """A name and a password."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{3,40}$")]
    password: Annotated[Storable, Field(min_length=8, max_length=128)]


class KnownAccount(BaseModel):
    """What others may know of an account."""

    id: int
    name: str


class Token(BaseModel):
    """What a login gives."""

    token: str
    expires_in: int


@router.post("/auth/register", status_code=status.HTTP_201_CREATED)
async def register(sent: Credentials, session: Session) -> KnownAccount:
    """Make an account."""
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = await asyncio.to_thread(_hashed, sent.password, salt)
    account = Account(name=sent.name, salt=salt, digest=digest)
    session.add(account)
    try:
        await session.commit()
    except IntegrityError:
        raise HTTPException(status.HTTP_409_CONFLICT, "the name is taken") from None
    return KnownAccount(id=account.id, name=account.name)


@router.post("/auth/login")
async def login(sent: Credentials, session: Session) -> Token:
    """Exchange a name and a password for a token."""
    account = await session.scalar(select(Account).where(Account.name == sent.name))
    # A name that nobody has costs the same time.
    salt = account.salt if account else b"\0" * _SALT_BYTES
    digest = await asyncio.to_thread(_hashed, sent.password, salt)
    if account is None or not hmac.compare_digest(digest, account.digest):
        raise _refused("wrong name or password")
    expires = int(time.time()) + SETTINGS.token_seconds
    return Token(token=_signed(account.id, expires), expires_in=SETTINGS.token_seconds)


async def _current(
    session: Session,
    sent: Annotated[Optional[HTTPAuthorizationCredentials], Depends(_bearer)],
) -> Account:
    number = _verified(sent.credentials) if sent else None
    account = None if number is None else await session.get(Account, number)
    if account is None:
        raise _refused("a valid token is needed; log in first")
    return account


@router.get("/me")
async def me(account: Annotated[Account, Depends(_current)]) -> KnownAccount:
    """Say who one is."""
    return KnownAccount(id=account.id, name=account.name)


def _hashed(password: str, salt: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ROUNDS)


def _signature(payload: bytes) -> bytes:
    return hmac.new(SETTINGS.secret, payload, hashlib.sha256).digest()


def _signed(number: int, expires: int) -> str:
    payload = json.dumps({"account": number, "expires": expires}).encode()
    return ".".join(
        base64.urlsafe_b64encode(part).decode() for part in (payload, _signature(payload))
    )


def _verified(token: str) -> Optional[int]:
    """Number of the account that a token stands for; None when it is forged or has expired."""
    try:
        payload, signature = (
            base64.urlsafe_b64decode(part.encode("ascii")) for part in token.split(".")
        )
    except ValueError:
        return None
    if not hmac.compare_digest(signature, _signature(payload)):
        return None
    said = json.loads(payload)  # by ourselves
    return said["account"] if said["expires"] > time.time() else None


def _refused(why: str) -> HTTPException:
    return HTTPException(status.HTTP_401_UNAUTHORIZED, why, headers={"WWW-Authenticate": "Bearer"})
