# /// script
# requires-python = ">=3.9"
# dependencies = ["pyperf", "sqlalchemy>=2"]
# ///
"""Adding, loading and changing 20 objects with SQLAlchemy's ORM, in-memory SQLite."""

import pyperf
from sqlalchemy import ForeignKey, create_engine, insert, select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    mapped_column,
    relationship,
    selectinload,
)

AUTHORS, BOOKS = 20, 2


class Base(DeclarativeBase):
    """Base of the mapped classes."""


class Author(Base):
    """One author, several books."""

    __tablename__ = "authors"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    books: Mapped[list["Book"]] = relationship(back_populates="author")


class Book(Base):
    """A book of an author."""

    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
    author: Mapped[Author] = relationship(back_populates="books")


def engine() -> Engine:
    """A database in memory with 20 authors of two books each."""
    made = create_engine("sqlite://")
    Base.metadata.create_all(made)
    numbers = range(AUTHORS)
    with made.begin() as connection:  # plain inserts: the ORM would take 30 ms of every start
        connection.execute(insert(Author.__table__), [{"id": i, "name": f"a{i}"} for i in numbers])
        connection.execute(
            insert(Book.__table__),
            [{"title": f"b{i}.{n}", "author_id": i} for i in numbers for n in range(BOOKS)],
        )
    return made


def work(database: Engine) -> int:
    """A unit of work that is rolled back, so that each one meets the same database."""
    with Session(database) as session:
        session.add(Author(name="new", books=[Book(title="first")]))
        session.flush()
        found = session.scalars(select(Author).options(selectinload(Author.books))).all()
        for author in found[:5]:
            author.name += "!"
        session.flush()
        count = sum(len(author.books) for author in found)
        session.rollback()
    return count


if __name__ == "__main__":
    runner = pyperf.Runner()
    store = engine()
    assert work(store) == AUTHORS * BOOKS + 1
    runner.bench_func("sqlalchemy_orm", work, store)
