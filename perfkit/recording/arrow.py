"""Columns of numbers streamed to disk: an Arrow IPC stream of compressed record batches.

A stream has no footer: what a writer that was killed has written so far can be read, batch by
batch. Source: Apache Arrow's documentation, "Serialization and interprocess communication".
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
from typing import TYPE_CHECKING, Any

from perfkit.errors import RecordingError, WritingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray


def unwritable(path: Path, error: OSError) -> WritingError:
    """What is said when measurements cannot be written."""
    return WritingError(
        f"measurements cannot be written: {error.strerror or error}",
        got=str(path),
        remedy="make room or name another folder with --output; what was written is kept",
    )


class ColumnWriter:
    """Appends batches of columns to a file; each is on its way to the disk when `write` returns.

    Args:
        path: The file; it must not exist yet.
        columns: numpy type by name, in order.

    Raises:
        WritingError: The file cannot be made.
    """

    def __init__(self, path: Path, columns: Mapping[str, str]) -> None:
        import pyarrow as pa

        self.path = path
        self.rows = 0
        self._schema = pa.schema([(name, getattr(pa, kind)()) for name, kind in columns.items()])
        self._columns = dict(columns)
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = WholeFile(path)
            self._writer: Any = pa.ipc.new_stream(
                pa.PythonFile(self._file, mode="w"), self._schema, options=options
            )
        except OSError as error:
            raise unwritable(path, error) from error

    def write(self, columns: Mapping[str, Any]) -> None:
        """Append a batch: a buffer or sequence of equal length for each column.

        Raises:
            WritingError: The disk is full, say; whole batches written before stay readable.
        """
        import numpy as np
        import pyarrow as pa

        arrays = []  # not by pa.array, which imports pandas: half a second within a measurement
        for field, (name, kind) in zip(self._schema, self._columns.items(), strict=True):
            values = np.ascontiguousarray(columns[name], dtype=kind)
            buffers = [None, pa.py_buffer(values.data)]
            arrays.append(pa.Array.from_buffers(field.type, len(values), buffers))
        batch = pa.record_batch(arrays, schema=self._schema)
        whole = self._file.tell()
        try:
            self._writer.write_batch(batch)
        except OSError as error:
            self._file.cut(whole)
            raise unwritable(self.path, error) from error
        self.rows += batch.num_rows

    def close(self) -> None:
        """Write the end mark and close.

        Raises:
            WritingError: The end mark cannot be written.
        """
        try:
            self._writer.close()
        except OSError as error:
            raise unwritable(self.path, error) from error
        finally:
            self._file.close()


class WholeFile(io.FileIO):
    """A new file whose every write is whole or an error; nothing is buffered.

    Raises:
        OSError: It cannot be made; it must not exist yet.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, "xb")

    def write(self, data: Any) -> int:  # noqa: ANN401 - any buffer
        """Write all of it.

        Raises:
            OSError: The disk is full, say.
        """
        view = memoryview(data).cast("B")
        done = 0
        while done < len(view):
            written = super().write(view[done:])
            if not written:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            done += written
        return done

    def cut(self, size: int) -> None:
        """Leave only so many bytes of it, as far as the system lets us."""
        with contextlib.suppress(OSError):
            self.truncate(size)
            self.seek(size)


def read_batches(path: Path, names: Sequence[str]) -> Iterator[dict[str, NDArray[np.generic]]]:
    """The batches of a file that can be read; a cut one at the end is left out.

    Args:
        path: The file.
        names: Columns wanted.

    Raises:
        RecordingError: There is no such file, or it is none of ours.
    """
    import pyarrow as pa

    options = pa.ipc.IpcReadOptions(use_threads=False)
    try:
        with pa.OSFile(str(path), "rb") as file:
            try:
                reader = pa.ipc.open_stream(file, options=options)
                missing = set(names) - set(reader.schema.names)
            except pa.ArrowInvalid:
                if path.stat().st_size:
                    missing = set()
                    if not _is_stream(path):
                        raise
                return
            if missing:
                raise _not_ours(path, f"without {', '.join(sorted(missing))}")
            while True:
                try:
                    batch = reader.read_next_batch()
                except StopIteration:
                    return
                except (pa.ArrowInvalid, OSError):
                    return  # the writer was killed within this batch
                yield {name: _numbers(batch.column(name)) for name in names}
    except (OSError, pa.ArrowInvalid) as error:
        raise _not_ours(path, str(error)) from error


def _numbers(array: Any) -> NDArray[np.generic]:  # noqa: ANN401 - an array of pyarrow's
    """A column as numpy sees it, without a copy.

    Not by ``to_numpy``, which imports pandas: a tenth of the time it takes to show a short run.
    """
    import numpy as np

    kind = np.dtype(array.type.to_pandas_dtype())
    if not len(array):
        return np.empty(0, dtype=kind)
    if array.null_count:  # no writer of ours leaves any
        return np.asarray(array.to_numpy(zero_copy_only=False))
    values = memoryview(array.buffers()[1])
    return np.frombuffer(values, dtype=kind, count=len(array), offset=array.offset * kind.itemsize)


def _is_stream(path: Path) -> bool:
    """Whether a file begins as Arrow streams do, however early it was cut."""
    with path.open("rb") as file:
        head = file.read(4)
    return head == b"\xff\xff\xff\xff"[: len(head)]


def read_columns(
    paths: Sequence[Path], columns: Mapping[str, str]
) -> dict[str, NDArray[np.generic]]:
    """Whole columns of one or several files, one after the other.

    Args:
        paths: The files.
        columns: numpy type by name, of the columns wanted.

    Raises:
        RecordingError: A file is missing or none of ours.
    """
    import numpy as np

    parts: dict[str, list[NDArray[np.generic]]] = {name: [] for name in columns}
    for path in paths:
        for batch in read_batches(path, tuple(columns)):
            for name, values in batch.items():
                parts[name].append(values)
    return {
        name: np.concatenate(found) if (found := parts[name]) else np.empty(0, dtype=kind)
        for name, kind in columns.items()
    }


def _not_ours(path: Path, why: str) -> RecordingError:
    return RecordingError(
        f"a file of measurements cannot be read: {why}",
        got=str(path),
        remedy="restore the file, or remove its trial's lines from recording.jsonl",
    )
