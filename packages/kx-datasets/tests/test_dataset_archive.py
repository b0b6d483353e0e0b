"""Archives: what is unpacked, and every way in which one may mean harm."""

import bz2
import gzip
import io
import lzma
import os
import stat
import tarfile
import zipfile

import pytest

from kx_datasets import archive
from kx_datasets.archive import extract_archive
from kx_datasets.errors import UnsafeArchive


def tarred(*members, compress=lambda content: content):
    """A tar of `(name, content)` pairs; content of type str is a member's type, as "2" for a link."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = content.encode(), "/etc/passwd"
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return compress(out.getvalue())


def zipped(*members, mode=0):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(info, content)
    return out.getvalue()


@pytest.fixture
def unpack(tmp_path):
    """Unpack some bytes; nothing but the archive may be left behind if that fails."""

    def run(content, **kwargs):
        (tmp_path / "in").write_bytes(content)
        try:
            done = extract_archive(tmp_path / "in", tmp_path / "out", **kwargs)
        except BaseException:
            assert os.listdir(tmp_path) == ["in"]
            raise
        files = {
            str(path.relative_to(tmp_path / "out")): path.read_bytes()
            for path in (tmp_path / "out").rglob("*")
            if path.is_file()
        }
        assert set(os.listdir(tmp_path)) <= {"in", "out"}
        return done, files

    return run


FILES = (("./a/one.txt", b"1" * 1024), ("a/two.txt", b"22"), ("three", b""))
EXPECTED = {"a/one.txt": b"1" * 1024, "a/two.txt": b"22", "three": b""}


@pytest.mark.parametrize(
    "content",
    [
        tarred(*FILES),
        tarred(*FILES, compress=gzip.compress),
        tarred(*FILES, compress=bz2.compress),
        tarred(*FILES, compress=lzma.compress),
        zipped(*FILES),
        tarred(("d", "5"), ("d", "5"), *FILES),
    ],
    ids=["tar", "gzip", "bzip2", "xz", "zip", "folders"],
)
def test_unpacks(unpack, content):
    assert unpack(content) == (True, EXPECTED)


def test_replaces_an_old_folder_as_a_whole(unpack, tmp_path):
    unpack(tarred(("old", b"1")))
    assert unpack(tarred(("new", b"2"))) == (True, {"new": b"2"})


def test_formats(unpack):
    assert unpack(zipped(*FILES), archive_format="tar") == (False, {})
    assert unpack(tarred(*FILES), archive_format=["zip"]) == (False, {})
    assert unpack(tarred(*FILES), archive_format=None) == (False, {})
    assert unpack(b"plain text, more than the 512 bytes of a header: " * 20) == (False, {})
    assert unpack(gzip.compress(b"text")) == (False, {})
    assert unpack(zipped(*FILES), archive_format=["zip"]) == (True, EXPECTED)
    with pytest.raises(ValueError, match=r"got \['rar'\]"):
        extract_archive(__file__, "out", "rar")


CLIMBING = ["../x", "a/../../x", "/etc/x", "C:/x", "C:x", "..\\x", "\\x", "a\\..\\..\\x"]


@pytest.mark.parametrize("name", CLIMBING)
@pytest.mark.parametrize("pack", [tarred, zipped])
def test_refuses_paths_that_leave_the_folder(unpack, pack, name):
    with pytest.raises(UnsafeArchive, match="outside its folder"):
        unpack(pack(("good", b"1"), (name, b"2")))


@pytest.mark.parametrize(
    "kind", ["2", "1", "3", "4", "6"], ids=["symbolic link", "hard link", "char", "block", "pipe"]
)
def test_refuses_links_and_devices(unpack, kind):
    with pytest.raises(UnsafeArchive, match="'x', a link, device"):
        unpack(tarred(("good", b"1"), ("x", kind)))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_refuses_links_and_devices_in_a_zip(unpack, kind):
    with pytest.raises(UnsafeArchive, match="'x', a link or device"):
        unpack(zipped(("x", b"/etc/passwd"), mode=kind | 0o777))


@pytest.mark.parametrize("pack", [tarred, zipped])
@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("names", [("x", "x"), ("a/x", "./a//x"), ("a", "a/x"), ("a/x", "a")])
def test_refuses_duplicates(unpack, pack, names):
    with pytest.raises(UnsafeArchive, match="twice"):
        unpack(pack(*((name, b"1") for name in names)))


def test_refuses_an_encrypted_zip(unpack):
    content = bytearray(zipped(("x", b"1")))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(UnsafeArchive, match="encrypted"):
        unpack(bytes(content))


@pytest.mark.parametrize("pack", [lambda *a: tarred(*a, compress=gzip.compress), zipped])
def test_refuses_bombs(unpack, pack, monkeypatch):
    monkeypatch.setattr(archive, "FREE_BYTES", 1 << 16)
    with pytest.raises(UnsafeArchive, match="over 200 times its own size"):
        unpack(pack(("zeros", bytes(4 << 20))))
    with pytest.raises(UnsafeArchive, match="unpacks to more than"):
        unpack(pack(*((f"zeros{i}", bytes(1 << 20)) for i in range(4))))
    assert unpack(pack(("noise", os.urandom(1 << 18))))[0]


def test_refuses_a_bomb_in_a_header(unpack, monkeypatch):
    monkeypatch.setattr(archive, "FREE_BYTES", 1 << 16)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        info = tarfile.TarInfo("x")
        info.pax_headers = {"comment": "0" * (4 << 20)}
        tar.addfile(info)
    with pytest.raises(UnsafeArchive, match="unpacks to more than"):
        unpack(gzip.compress(out.getvalue()))


def test_refuses_too_many_members(unpack, monkeypatch):
    monkeypatch.setattr(archive, "MAX_MEMBERS", 3)
    with pytest.raises(UnsafeArchive, match="more than 3 members"):
        unpack(tarred(*((str(i), b"") for i in range(4))))


def test_a_cut_archive_leaves_nothing(unpack):
    with pytest.raises((tarfile.TarError, EOFError)):
        unpack(tarred(("x", os.urandom(3 << 20)), compress=gzip.compress)[: 2 << 20])
