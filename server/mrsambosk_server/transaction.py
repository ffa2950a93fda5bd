"""What an action or a query sees of the database while its transaction is open."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from peewee import SqliteDatabase


class Transaction:
    """What an action or a query sees of the database: constant SQL on the hot path, `db` for peewee queries.

    `now` is the host's clock in Unix milliseconds, the same throughout one transaction.
    """

    def __init__(self, db: SqliteDatabase) -> None:
        self.db = db
        self._connection = db.connection()
        self._execute = self._connection.execute
        self.now = 0

    def one(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """The first row, or None."""
        return self._execute(sql, parameters).fetchone()

    def all(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        return self._execute(sql, parameters).fetchall()  # type: ignore[no-any-return]

    def each(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[Any]:
        """Rows one by one, for who may not want them all."""
        return self._execute(sql, parameters)  # type: ignore[no-any-return]

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Execute; the number of rows changed."""
        return self._execute(sql, parameters).rowcount  # type: ignore[no-any-return]

    def run_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self._connection.executemany(sql, rows)

    @property
    def total_changes(self) -> int:
        """Rows changed since the connection was opened, those inside virtual tables too."""
        return self._connection.total_changes  # type: ignore[no-any-return]
