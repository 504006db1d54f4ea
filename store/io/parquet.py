"""Parquet files as others write them, row by row, within bounds.

A text that a file holds once can stand in each of its rows: two kilobytes become gigabytes. So texts are read as
numbers with the texts behind them, and a row is unfolded only when it is its turn and has no more than is allowed.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from smacs.errors import InputError
from smacs.store.io.foreign import MB, RECORD, UNPACKED, WHOLE, TooLargeError

if TYPE_CHECKING:
    from pyarrow import RecordBatch, Schema
    from pyarrow.parquet import ParquetFile

_ROWS = 1_000  # rows read at once
_PLAIN = 8  # bytes of a value that is neither a text nor holds others


def parquet_rows(
    path: Path,
    columns: Sequence[str] | None = None,
    *,
    record_mb: int = RECORD,
    bound_mb: int = RECORD * UNPACKED,
    hint: str = " Raise --max-mb to read it.",
) -> Iterator[dict[str, Any] | None]:
    """The rows of a file, with those columns or all; None in the place of one of more than `record_mb`.

    Raises InputError for what is no such file, without the package, and for a column that is not there; TooLargeError
    where all rows have more than `bound_mb`, with `hint`: what helps then.
    """
    left = bound_mb * MB
    for batch, plain in _batches(path, columns, record_mb, hint):
        sizes = _row_sizes(batch)
        left -= int(sizes.sum())
        if left < 0:
            raise TooLargeError(f"{path} unpacks to more than {bound_mb:,} MB.{hint}")
        if sizes.sum() <= record_mb * MB:
            yield from _values(batch, plain)
            continue
        for row, size in enumerate(sizes):
            yield next(_values(batch.slice(row, 1), plain)) if size <= record_mb * MB else None


def _batches(
    path: Path, columns: Sequence[str] | None, record_mb: int, hint: str
) -> "Iterator[tuple[RecordBatch, Schema]]":
    """Some rows, with texts as numbers, and the schema of the same rows with their texts."""
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise InputError(f"{path}: Parquet needs another package: pip install 'smacs[data]'") from error
    try:
        with ParquetFile(path) as plain:
            schema = plain.schema_arrow
            texts = [column.path for column in _leaves(plain) if column.physical_type == "BYTE_ARRAY"]
            if missing := [name for name in columns or () if name not in schema.names]:
                raise InputError(
                    f"{path}: expected a column {missing[0]!r}; the columns are {', '.join(schema.names)}."
                )
            _check_chunks(path, plain, record_mb * WHOLE, hint)
        with ParquetFile(path, read_dictionary=texts) as table:
            for batch in table.iter_batches(batch_size=_ROWS, columns=columns and list(columns)):
                yield batch, schema
    except (ArrowException, OSError) as error:
        raise InputError(f"{path} cannot be read as Parquet: {error}.") from error


def _values(batch: "RecordBatch", plain: "Schema") -> Iterator[dict[str, Any]]:
    """The rows, with their texts in them, which is twenty times as fast as looking each of them up."""
    import pyarrow as pa

    with suppress(pa.ArrowNotImplementedError):  # a rare type: the slow way is as right
        batch = batch.cast(pa.schema([plain.field(name) for name in batch.schema.names]))
    yield from batch.to_pylist()


def _leaves(file: "ParquetFile") -> Iterator[Any]:
    return (file.schema.column(i) for i in range(len(file.schema)))


def _check_chunks(path: Path, file: "ParquetFile", bound_mb: int, hint: str) -> None:
    """Raise TooLargeError for a part of a column that is too large: a part may be unpacked at once."""
    groups = (file.metadata.row_group(i) for i in range(file.metadata.num_row_groups))
    chunks = (group.column(i).total_uncompressed_size for group in groups for i in range(group.num_columns))
    if max(chunks, default=0) > bound_mb * MB:
        raise TooLargeError(f"{path} has more than {bound_mb:,} MB in one part of a column.{hint}")


def _row_sizes(batch: "RecordBatch") -> NDArray[np.int64]:
    """Bytes of each row, once its texts stand in it."""
    return sum((_sizes(column) for column in batch.columns), np.zeros(batch.num_rows, np.int64))


def _sizes(array: Any) -> NDArray[np.int64]:
    """Bytes of each value of an Arrow array, once its texts stand in it."""
    import pyarrow as pa
    from pyarrow.compute import call_function

    kind = array.type
    if pa.types.is_dictionary(kind):
        at = array.indices.cast(pa.int64()).fill_null(-1).to_numpy()
        used = np.unique(at[at >= 0])  # of a dictionary that may have the texts of the whole file
        sizes = np.zeros(len(array.dictionary) + 1, np.int64)  # the last one is that of no value
        sizes[used] = _sizes(array.dictionary.take(pa.array(used)))
        return np.asarray(sizes[at], np.int64)
    if pa.types.is_struct(kind):
        return sum((_sizes(part) for part in array.flatten()), np.zeros(len(array), np.int64))
    if pa.types.is_map(kind):
        return _sizes(array.cast(pa.list_(pa.struct([("key", kind.key_type), ("value", kind.item_type)]))))
    if pa.types.is_nested(kind):
        lengths = _numbers(call_function("list_value_length", [array]))
        before = np.concatenate([[0], np.cumsum(_sizes(array.flatten()))])
        ends = np.cumsum(lengths)
        return np.asarray(before[ends] - before[ends - lengths] + _PLAIN, np.int64)
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        return _sizes(array.cast(pa.large_binary()))
    if any(is_text(kind) for is_text in _texts()):
        return _numbers(call_function("binary_length", [array]))
    return np.full(len(array), _PLAIN, np.int64)


def _texts() -> list[Callable[[Any], bool]]:
    from pyarrow import types

    return [types.is_string, types.is_large_string, types.is_binary, types.is_large_binary]


def _numbers(array: Any) -> NDArray[np.int64]:
    """Whole numbers, 0 where there is none."""
    return np.asarray(array.fill_null(0).to_numpy(zero_copy_only=False), np.int64)
