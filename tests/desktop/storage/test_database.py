"""One file, on a disk that does not let us."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mrsambosk_desktop.storage.database import Database, StorageFault

TABLES = ("CREATE TABLE things (body BLOB)",)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "things.db", TABLES, "NORMAL")
    made.open()
    yield made
    made.close()


def test_a_full_disk_is_told_as_one_and_stores_nothing_of_the_transaction(database: Database) -> None:
    database.run("INSERT INTO things VALUES (zeroblob(10))")
    # SQLite answers this as it does a full disk, and rolls back by itself too.
    database.one("PRAGMA max_page_count = 8")

    def store() -> None:
        with database.transaction():
            for _ in range(50):
                database.run("INSERT INTO things VALUES (zeroblob(4000))")

    with pytest.raises(StorageFault, match=r"no room left for things\.db"):
        store()
    assert database.one("SELECT count(*) FROM things") == (1,)
    database.one("PRAGMA max_page_count = 1000")
    store()
    assert database.one("SELECT count(*) FROM things") == (51,)


def test_a_mistake_inside_a_transaction_stays_what_it_is(database: Database) -> None:
    def divide() -> None:
        with database.transaction():
            database.run("INSERT INTO things VALUES (zeroblob(10))")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        divide()
    assert database.one("SELECT count(*) FROM things") == (0,)


def test_what_is_there_can_be_read_where_there_is_no_room_for_the_index_of_the_log(database: Database) -> None:
    database.run("INSERT INTO things VALUES ('kept')")
    database.close()
    database.path.with_name("things.db-shm").symlink_to("nowhere/things.db-shm")
    database.open()
    assert database.one("SELECT body FROM things") == ("kept",)
    database.run("INSERT INTO things VALUES ('more')")
