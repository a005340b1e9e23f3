"""Items: create, read, update, delete, list."""

from typing import Annotated, Optional

from fastapi import APIRouter, HTTPException, Path, Query, status
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import delete, select

from storage import Item, Session, Storable, now

_LARGEST = 2**31 - 1  # of a column of whole numbers

router = APIRouter(prefix="/api/v1/items", tags=["items"])


Number = Annotated[int, Path(ge=1, le=_LARGEST)]


class NewItem(BaseModel):
    """An item as a client sends it."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[Storable, Field(min_length=1, max_length=80)]
    description: Annotated[Optional[Storable], Field(max_length=2000)] = None
    price_cents: Annotated[int, Field(ge=0, le=_LARGEST)]
    quantity: Annotated[int, Field(ge=0, le=_LARGEST)] = 0
    tags: Annotated[
        list[Annotated[Storable, Field(min_length=1, max_length=40)]], Field(max_length=20)
    ] = []


class StoredItem(BaseModel):
    """An item as it is stored."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    description: Optional[str]
    price_cents: int
    quantity: int
    tags: list[str]
    created: str


class Page(BaseModel):
    """Some items; ``next`` is where the following page begins, None after the last."""

    items: list[StoredItem]
    next: Optional[int]


@router.post("", status_code=status.HTTP_201_CREATED)
async def create(new: NewItem, session: Session) -> StoredItem:
    """Store an item."""
    item = Item(**new.model_dump(), created=now())
    session.add(item)
    await session.commit()
    return StoredItem.model_validate(item)


@router.get("")
async def listing(
    session: Session,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    after: Annotated[int, Query(ge=0, le=_LARGEST)] = 0,
) -> Page:
    """List items by number."""
    query = select(Item).where(Item.id > after).order_by(Item.id).limit(limit + 1)
    found = (await session.scalars(query)).all()
    shown = [StoredItem.model_validate(item) for item in found[:limit]]
    return Page(items=shown, next=shown[-1].id if len(found) > limit else None)


@router.get("/{number}")
async def read(number: Number, session: Session) -> StoredItem:
    """Read one item."""
    return StoredItem.model_validate(await _found(session, number))


@router.put("/{number}")
async def update(number: Number, new: NewItem, session: Session) -> StoredItem:
    """Change an item to what is sent."""
    item = await _found(session, number)
    for name, value in new.model_dump().items():
        setattr(item, name, value)
    await session.commit()
    return StoredItem.model_validate(item)


@router.delete("/{number}", status_code=status.HTTP_204_NO_CONTENT)
async def remove(number: Number, session: Session) -> None:
    """Delete an item."""
    done = await session.execute(delete(Item).where(Item.id == number))
    if not done.rowcount:
        raise _missing(number)
    await session.commit()


async def _found(session: Session, number: int) -> Item:
    item = await session.get(Item, number)
    if item is None:
        raise _missing(number)
    return item


def _missing(number: int) -> HTTPException:
    return HTTPException(status.HTTP_404_NOT_FOUND, f"no item {number}")
