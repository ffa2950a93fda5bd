"""Tokens in the keyring where it takes them, else in a file that only this user may read."""

import stat
from pathlib import Path

import keyring.errors

from mrsambosk_desktop.storage.credentials import Credentials


class _Ring:
    """A keyring that can be locked."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        self._open()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._open()
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._open()
        del self.kept[service, username]

    def _open(self) -> None:
        if self.locked:
            raise keyring.errors.KeyringLocked


def test_without_a_keyring_the_file_keeps_it_for_this_user_only(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    Credentials(path).put("HOST", "secret-token")
    assert Credentials(path).get("HOST") == "secret-token"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    Credentials(path).put("HOST", None)
    assert Credentials(path).get("HOST") is None


def test_a_keyring_keeps_it_and_the_file_does_not(tmp_path: Path) -> None:
    path, ring = tmp_path / "tokens.json", _Ring()
    Credentials(path, ring).put("HOST", "secret-token")
    assert b"secret-token" not in path.read_bytes()
    assert Credentials(path, ring).get("HOST") == "secret-token"
    Credentials(path, ring).put("HOST", None)
    assert not ring.kept
    assert Credentials(path, ring).get("HOST") is None


def test_two_profiles_do_not_share_a_token(tmp_path: Path) -> None:
    ring = _Ring()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        Credentials(tmp_path / name / "tokens.json", ring).put("HOST", f"token of {name}")
    assert Credentials(tmp_path / "one" / "tokens.json", ring).get("HOST") == "token of one"


def test_what_a_locked_keyring_refuses_the_file_keeps(tmp_path: Path) -> None:
    path, ring = tmp_path / "tokens.json", _Ring()
    ring.locked = True
    Credentials(path, ring).put("HOST", "secret-token")
    assert Credentials(path, ring).get("HOST") == "secret-token"


def test_a_token_in_a_keyring_that_is_locked_now_is_not_there(tmp_path: Path) -> None:
    path, ring = tmp_path / "tokens.json", _Ring()
    Credentials(path, ring).put("HOST", "secret-token")
    ring.locked = True
    assert Credentials(path, ring).get("HOST") is None
