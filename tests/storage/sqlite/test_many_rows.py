"""Many rows in a few statements: all of them, in their order, whatever their number."""

from __future__ import annotations

from contextlib import closing

import pytest

from storage.sqlite.connection.driver import sqlite as sqlite3
from storage.sqlite.statements import MOST_VALUES, ManyRows


@pytest.mark.parametrize("count", [0, 1, 4, 5, 6, 424, 425, 426, 431, 1_300])
def test_every_row_is_put_in_its_order(count: int) -> None:
    put, sizes = ManyRows("t", ("a", "b")), []
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE t (seq INTEGER PRIMARY KEY, a, b)")
        connection.set_trace_callback(lambda text: sizes.append(text.count("(") - 1))
        put.put(connection, ((number, str(number)) for number in range(count)))
        connection.set_trace_callback(None)
        assert connection.execute("SELECT a, b FROM t ORDER BY seq").fetchall() == [
            (number, str(number)) for number in range(count)
        ]
    inserts = [size for size in sizes if size > 0]
    assert sum(inserts) == count
    assert max(inserts, default=0) * 2 <= MOST_VALUES
    assert len(inserts) <= count // 425 + 10 + 10 + 3, "each size (425, 42, 4, 1) until a larger one would do"


def test_a_row_with_the_keys_of_another_takes_its_place() -> None:
    put = ManyRows("t", ("a", "b"), conflict="ON CONFLICT (a) DO UPDATE SET b = excluded.b")
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE t (a PRIMARY KEY, b)")
        put.put(connection, [(1, "one"), (2, "two"), (1, "uno")])
        assert connection.execute("SELECT a, b FROM t ORDER BY a").fetchall() == [(1, "uno"), (2, "two")]
