"""Zip archives: written so that zipfile reads them, read so that none can hurt."""

import io
import stat
import struct
import zipfile

import numpy as np
import pytest

from kx_io.archive import open_archive, write_archive
from kx_io.errors import FileFormatError
from kx_io.hdf5 import open_hdf5, write_hdf5


def archive(tmp_path, *members, compression=zipfile.ZIP_DEFLATED):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, data in members:
            file.writestr(name, data)
    return path


def write(file):
    with write_archive(file) as made:
        made.write("config.json", b"{}")
        with made.opened("model.weights.h5") as member, write_hdf5(member) as root:
            root.group("vars").array("0", np.arange(1000.0))
        made.write("assets/words.txt", "ä\nb".encode())


def test_zipfile_and_hdf5_read_what_is_written(tmp_path):
    write(tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as file:
        assert file.testzip() is None
        assert file.namelist() == ["config.json", "model.weights.h5", "assets/words.txt"]
        assert file.read("assets/words.txt").decode() == "ä\nb"
    with open_archive(tmp_path / "a.zip") as opened:
        assert opened.read("config.json") == b"{}"
        with opened.opened("model.weights.h5") as member, open_hdf5(member) as root:
            np.testing.assert_array_equal(root["vars/0"].read(), np.arange(1000.0))


def test_the_same_content_gives_the_same_bytes():
    first, second = io.BytesIO(), io.BytesIO()
    write(first), write(second)
    assert first.getvalue() == second.getvalue()


def test_a_member_beyond_4_gib_would_be_marked_as_zip64(monkeypatch):
    monkeypatch.setattr("kx_io.archive._BIG", 100)
    buffer = io.BytesIO()
    with write_archive(buffer) as made:
        made.write("a", bytes(200))
        made.write("b", bytes(50))
    assert b"PK\x06\x06" in buffer.getvalue()


def test_two_members_of_one_name_are_not_written():
    with write_archive(io.BytesIO()) as made:
        made.write("a", b"")
        for name in ("a", "../a", "/a"):
            with pytest.raises(ValueError, match="cannot be the name"):
                made.write(name, b"")


def test_compressed_members_are_read(tmp_path):
    text = b"".join(b"%d " % i for i in range(1000))
    with open_archive(archive(tmp_path, ("a", text))) as opened:
        assert opened.read("a") == text
        with pytest.raises(FileFormatError, match="more than the 10"):
            opened.read("a", limit=10)
        with pytest.raises(FileFormatError, match="no 'b' in it"):
            opened.read("b")


@pytest.mark.parametrize("name", ["../a", "/etc/passwd", "a/../../b", "C:\\a", "a\\..\\b", "a/D:/b"])
def test_names_that_lead_out_are_refused(tmp_path, name):
    with pytest.raises(FileFormatError, match="leads out"), open_archive(archive(tmp_path, (name, "x"))):
        pass


def test_links_are_refused(tmp_path):
    info = zipfile.ZipInfo("link")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with (
        pytest.raises(FileFormatError, match="a link"),
        open_archive(archive(tmp_path, (info, "/etc/passwd"))),
    ):
        pass


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_duplicates_are_refused(tmp_path):
    with (
        pytest.raises(FileFormatError, match="twice"),
        open_archive(archive(tmp_path, ("a", "1"), ("a", "2"))),
    ):
        pass


def test_members_that_share_bytes_are_refused(tmp_path):
    path = archive(tmp_path, ("a", b"x" * 100), ("b", b"y" * 100), compression=zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    directory = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    data[directory + 42 : directory + 46] = struct.pack("<I", 0)  # the second begins where the first does
    path.write_bytes(data)
    with pytest.raises(FileFormatError, match="shares its bytes"), open_archive(path):
        pass


def test_bombs_are_refused(tmp_path):
    with (
        pytest.raises(FileFormatError, match="expands to"),
        open_archive(archive(tmp_path, ("a", bytes(10**7)))),
    ):
        pass


def test_encrypted_and_oddly_compressed_members_are_refused(tmp_path):
    path = archive(tmp_path, ("a", "text"), compression=zipfile.ZIP_BZIP2)
    with pytest.raises(FileFormatError, match="compressed in a way"), open_archive(path):
        pass
    raw = bytearray(archive(tmp_path, ("a", "text"), compression=zipfile.ZIP_STORED).read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(FileFormatError, match="encrypted"), open_archive(io.BytesIO(bytes(raw))):
        pass


def test_damage_is_noticed(tmp_path):
    write(tmp_path / "a.zip")
    raw = bytearray((tmp_path / "a.zip").read_bytes())
    raw[raw.index(np.arange(1000.0).tobytes()[800:840])] ^= 1
    damaged = pytest.raises(FileFormatError, match="damaged")
    with open_archive(io.BytesIO(bytes(raw))) as opened, damaged, opened.opened("model.weights.h5"):
        pass


@pytest.mark.parametrize("size", [0, 3, 100, 5000])
def test_a_truncated_archive_says_so(tmp_path, size):
    write(tmp_path / "a.zip")
    cut = io.BytesIO((tmp_path / "a.zip").read_bytes()[:size])
    with (
        pytest.raises(FileFormatError, match="no zip archive, or a damaged or truncated one"),
        open_archive(cut),
    ):
        pass


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError), open_archive(tmp_path / "none.zip"):
        pass
