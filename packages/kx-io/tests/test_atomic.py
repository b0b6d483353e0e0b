"""A save that fails leaves the old file, and nothing else."""

import os
import stat
from pathlib import Path

import pytest

from kx_io.atomic import replacing, replacing_folder


def test_the_new_file_takes_the_place_of_the_old(tmp_path):
    target = tmp_path / "model.keras"
    target.write_text("old")
    target.chmod(0o640)
    with replacing(target) as beside:
        assert Path(beside).parent == tmp_path
        Path(beside).write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert os.listdir(tmp_path) == ["model.keras"]


def test_a_new_file_has_the_mode_that_the_user_set(tmp_path):
    before = os.umask(0o027)
    try:
        with replacing(tmp_path / "a") as beside:
            Path(beside).write_text("new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_file(tmp_path, error):
    target = tmp_path / "model.keras"
    target.write_text("old")
    with pytest.raises(error), replacing(target) as beside:
        Path(beside).write_text("half")
        raise error
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["model.keras"]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with replacing(tmp_path / "link") as beside:
        Path(beside).write_text("new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_folders_and_missing_folders_are_named(tmp_path):
    with pytest.raises(IsADirectoryError, match="a folder of that name"), replacing(tmp_path):
        pass
    with pytest.raises(FileNotFoundError, match="does not exist"), replacing(tmp_path / "no" / "file"):
        pass
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotADirectoryError, match="a file of that name"), replacing_folder(tmp_path / "file"):
        pass


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path):
    for content in ("old", "new"):
        with replacing_folder(tmp_path / "model") as beside:
            (Path(beside) / "a").write_text(content)
    assert (tmp_path / "model" / "a").read_text() == "new"
    with pytest.raises(ValueError), replacing_folder(tmp_path / "model") as beside:
        (Path(beside) / "a").write_text("half")
        raise ValueError
    assert (tmp_path / "model" / "a").read_text() == "new"
    assert os.listdir(tmp_path) == ["model"]


def test_what_a_killed_save_left_goes_with_a_later_one(tmp_path):
    names = {
        "old": ".model.keras.0123456789ab.part",
        "new": ".model.keras.ba9876543210.part",
        "own": ".model.keras.x.part",
    }
    for name in names.values():
        (tmp_path / name).write_text("half")
        os.utime(tmp_path / name, (1, 1))
    os.utime(tmp_path / names["new"])
    with replacing(tmp_path / "model.keras") as beside:
        Path(beside).write_text("new")
    assert sorted(os.listdir(tmp_path)) == sorted([names["new"], names["own"], "model.keras"])
