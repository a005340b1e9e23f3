"""Finds records in the pages of a SQLite file without its trees, which a damaged file may lack.

Source: https://www.sqlite.org/fileformat2.html, sections 1.6 (pages) and 2.1 (records). Nothing is
trusted: what does not parse is left out.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

Value = None | int | float | str | bytes

_HEADER = 100  # bytes of the file's header, on its first page
_TABLE_LEAF, _INDEX_LEAF, _INDEX_INNER = 0x0D, 0x0A, 0x02
_CELLS_AT = {_TABLE_LEAF: 8, _INDEX_LEAF: 8, _INDEX_INNER: 12}  # bytes of a page's own header
_USUAL_SIZE = 4096
_LARGEST = 1 << 24  # bytes of a record that is believed
_WIDTHS = {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8, 7: 8, 8: 0, 9: 0}
_FLOAT, _ZERO, _ONE, _TEXT = 7, 8, 9, 13


class Record(NamedTuple):
    """A row of a table or an index.

    Attributes:
        key: The row's number; None in an index.
        values: Its columns.
    """

    key: int | None
    values: tuple[Value, ...]


def records(data: bytes) -> Iterator[Record]:
    """Every record of every page that looks like one of a tree, in the order of the file."""
    size = _page_size(data)
    for start in range(0, len(data), size):
        head = start + (_HEADER if start == 0 else 0)
        kind = data[head] if head < len(data) else 0
        if kind in _CELLS_AT:
            yield from _of_page(data, start, head, kind, size)


def _page_size(data: bytes) -> int:
    if len(data) < _HEADER:
        return _USUAL_SIZE
    size = int.from_bytes(data[16:18])
    size = 65536 if size == 1 else size
    is_one = 512 <= size <= 65536 and size & (size - 1) == 0  # noqa: PLR2004 - by the format
    return size if is_one else _USUAL_SIZE


def _of_page(data: bytes, start: int, head: int, kind: int, size: int) -> Iterator[Record]:
    count = int.from_bytes(data[head + 3 : head + 5])
    first = head + _CELLS_AT[kind]
    for place in range(first, min(first + 2 * count, start + size - 1), 2):
        cell = int.from_bytes(data[place : place + 2])
        try:
            yield _cell(data, start + cell, kind, size)
        except (IndexError, ValueError, struct.error):  # UnicodeDecodeError is a ValueError
            continue


def _cell(data: bytes, at: int, kind: int, size: int) -> Record:
    key = None
    if kind == _INDEX_INNER:
        at += 4  # the page to the left
    length, at = _number(data, at)
    if kind == _TABLE_LEAF:
        key, at = _number(data, at)
    if not 0 < length <= _LARGEST:
        raise ValueError(length)
    return Record(key, _values(_payload(data, at, length, kind, size)))


def _payload(data: bytes, at: int, length: int, kind: int, size: int) -> bytes:
    """A record's bytes, those on overflow pages included."""
    least = (size - 12) * 32 // 255 - 23
    most = size - 35 if kind == _TABLE_LEAF else (size - 12) * 64 // 255 - 23
    if length <= most:
        found = data[at : at + length]
    else:
        local = least + (length - least) % (size - 4)
        local = local if local <= most else least
        found = data[at : at + local]
        page = int.from_bytes(data[at + local : at + local + 4])
        while page and len(found) < length:
            start = (page - 1) * size
            found += data[start + 4 : start + size]
            page = int.from_bytes(data[start : start + 4])
        found = found[:length]
    if len(found) < length:
        raise ValueError(length)
    return found


def _values(record: bytes) -> tuple[Value, ...]:
    end, at = _number(record, 0)
    kinds = []
    while at < end:
        kind, at = _number(record, at)
        kinds.append(kind)
    if not kinds or at != end:
        raise ValueError(end)
    values = []
    for kind in kinds:
        width = _WIDTHS[kind] if kind in _WIDTHS else (kind - 12) // 2
        part = record[at : at + width]
        if width < 0 or len(part) < width:
            raise ValueError(kind)
        values.append(_value(kind, part))
        at += width
    return tuple(values)


def _value(kind: int, part: bytes) -> Value:
    if kind == 0:
        return None
    if kind == _FLOAT:
        return float(struct.unpack(">d", part)[0])
    if kind in {_ZERO, _ONE}:
        return kind - _ZERO
    if kind in _WIDTHS:
        return int.from_bytes(part, signed=True)
    return part.decode() if kind >= _TEXT and kind % 2 else part


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A variable-length integer and where the next byte stands."""
    number = 0
    for place in range(at, at + 8):
        byte = data[place]
        number = number << 7 | byte & 0x7F
        if byte < 0x80:  # noqa: PLR2004 - the highest bit says that more follows
            return number, place + 1
    return number << 8 | data[at + 8], at + 9
