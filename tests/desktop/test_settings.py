"""Settings come back as they were kept, and a file that makes no sense is as if nobody had chosen."""

from pathlib import Path

from mrsambosk_desktop.settings import Settings, SettingsFile


def test_all_of_them_come_back(tmp_path: Path) -> None:
    for ctrl_enter in (True, False):
        kept = Settings(
            name="Dana",
            theme="dark",
            text_scale=1.25,
            geometry=b"\x00\xff",
            room_name="Staff",
            ctrl_enter_sends=ctrl_enter,
            recent_emoji="👍 ❤️",
            motion="reduced",
        )
        SettingsFile(tmp_path).save(kept)
        assert SettingsFile(tmp_path).load() == kept


def test_what_makes_no_sense_is_the_default(tmp_path: Path) -> None:
    (tmp_path / "settings.ini").write_text("[General]\nname=Dana\ntext_scale=huge\nctrl_enter_sends=perhaps\n")
    assert SettingsFile(tmp_path).load() == Settings(name="Dana")
