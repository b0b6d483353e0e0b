"""`get_file` and the download below it: what is kept, what is checked, what is refused."""

import hashlib
import io
import os
import pathlib
import stat
import sys
import zipfile

import pytest

from kx_datasets.cache import get_file, writable_folder
from kx_datasets.download import download
from kx_datasets.errors import ChecksumError, DownloadError

BODY = bytes(range(256)) * 10_000
SHA256 = hashlib.sha256(BODY).hexdigest()
MD5 = hashlib.md5(BODY).hexdigest()


@pytest.fixture
def url(server):
    server.files["/a.bin"] = BODY
    return f"{server.url}/a.bin?version=2"


@pytest.fixture(autouse=True)
def query_is_no_name(server):
    server.files.setdefault("/a.bin?version=2", BODY)


def all_files(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_downloads_once_and_names_the_file_after_the_url(server, url, home):
    path = get_file(origin=url)
    assert path == str(home / "datasets" / "a.bin")
    assert pathlib.Path(path).read_bytes() == BODY
    assert get_file(origin=url) == path
    assert len(server.requests) == 1
    get_file(origin=url, force_download=True)
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "check",
    [
        {"file_hash": SHA256},
        {"file_hash": SHA256.upper()},
        {"file_hash": MD5},
        {"md5_hash": MD5},
        {"file_hash": SHA256, "hash_algorithm": "sha256"},
    ],
)
def test_accepts_the_right_checksum(url, check, home):
    assert os.path.getsize(get_file("b", url, **check)) == len(BODY)
    assert all_files(home) == ["b"]


@pytest.mark.parametrize("check", [{"file_hash": "0" * 64}, {"md5_hash": "0" * 32}])
def test_a_wrong_checksum_keeps_nothing(url, check, home):
    with pytest.raises(ChecksumError, match=f"(?s){url[:20]}.*expected 0000.*Nothing was kept"):
        get_file("b", url, **check)
    assert all_files(home) == []


def test_a_damaged_cached_file_is_replaced(server, url, home):
    (home / "datasets").mkdir(parents=True)
    (home / "datasets" / "b").write_bytes(b"damaged")
    with pytest.warns(UserWarning, match="downloading it again"):
        path = get_file("b", url, file_hash=SHA256)
    assert pathlib.Path(path).read_bytes() == BODY


def test_a_failed_download_leaves_the_old_file(server, url, home):
    get_file("b", url)
    server.files.clear()
    with pytest.raises(DownloadError, match="404"):
        get_file("b", url, force_download=True)
    assert (home / "datasets" / "b").read_bytes() == BODY
    assert all_files(home) == ["b"]


def test_a_short_body_is_no_file(server, url, home):
    server.announced["/a.bin?version=2"] = len(BODY) + 1
    with pytest.raises(DownloadError, match=f"after {len(BODY)} of {len(BODY) + 1} bytes"):
        get_file("b", url)
    assert all_files(home) == []


def test_a_refused_connection_is_a_connection_error(home):
    with pytest.raises(ConnectionError, match=r"URL fetch failure on http://127.0.0.1:1/x: .*refused"):
        get_file(origin="http://127.0.0.1:1/x")
    assert all_files(home) == []


def test_a_download_may_take_only_so_long(server, url, home):
    home.mkdir()
    with pytest.raises(DownloadError, match="too slow"):
        download(url, home / "b", seconds=-1.0)
    assert all_files(home) == []


def test_redirects_stay_on_the_web(server, url, home, tmp_path):
    (tmp_path / "secret").write_text("secret")
    server.redirects["/good"] = url
    server.redirects["/ftp"] = "ftp://127.0.0.1/x"
    server.redirects["/file"] = f"file://{tmp_path}/secret"
    assert pathlib.Path(get_file(origin=f"{server.url}/good")).read_bytes() == BODY
    for name in ("ftp", "file"):
        with pytest.raises(DownloadError, match="redirect|[Rr]edirection"):
            get_file(origin=f"{server.url}/{name}")
    assert all_files(home) == ["good"]


@pytest.mark.parametrize("origin", ["file:///etc/hostname", "ftp://127.0.0.1/x", "data:,x", "/etc/hostname"])
def test_other_schemes_are_refused(origin):
    with pytest.raises(ValueError, match=r"Expected an http\(s\) URL"):
        get_file("x", origin)


@pytest.mark.parametrize("fname", ["a/b", "../b", "..", "a\\b", "/etc/x"])
def test_names_are_no_paths(url, fname):
    with pytest.raises(ValueError, match="Paths are no longer accepted as the `fname`"):
        get_file(fname, url)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, "origin"),
        ({"origin": "http://127.0.0.1:1/"}, "fname"),
        ({"origin": "http://127.0.0.1:1/x", "file_hash": "abc"}, "32 .MD5. or 64"),
        ({"origin": "http://127.0.0.1:1/x", "file_hash": SHA256, "hash_algorithm": "md5"}, "32 hexadecimal"),
        ({"origin": "http://127.0.0.1:1/x", "file_hash": SHA256, "hash_algorithm": "crc"}, "'auto', 'md5'"),
    ],
)
def test_arguments_are_checked_before_the_network(arguments, text):
    with pytest.raises(ValueError, match=text):
        get_file(**arguments)


def test_folders(url, tmp_path, monkeypatch):
    assert get_file("b", url, cache_dir=tmp_path / "c", cache_subdir="models") == str(tmp_path / "c/models/b")
    assert get_file("b", url, cache_subdir=str(tmp_path / "d")) == str(tmp_path / "d/b")
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    assert get_file("b", url) == str(tmp_path / "user/.keras/datasets/b")


def test_the_file_has_the_permissions_of_the_umask(url):
    old = os.umask(0o027)
    try:
        mode = stat.S_IMODE(os.stat(get_file("b", url)).st_mode)
    finally:
        os.umask(old)
    assert mode == 0o640


def test_an_unwritable_home_falls_back_to_a_folder_of_ours(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    assert writable_folder(str(tmp_path / "file"), "datasets") == str(tmp_path / "tmp/.keras/datasets")
    assert stat.S_IMODE(os.stat(tmp_path / "tmp/.keras").st_mode) == 0o700
    monkeypatch.setattr("os.getuid", lambda: -1)
    with pytest.raises(PermissionError, match="belongs to somebody else"):
        writable_folder(str(tmp_path / "file"), "datasets")


def zipped(**files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


@pytest.mark.parametrize(
    ("fname", "archive", "folder"),
    [
        ("set", "set_archive", "set"),
        ("set.v2.zip", "set.v2.zip", "set_extracted"),
        (None, "z.zip_archive", "z.zip"),
    ],
)
def test_extract_names_folders_as_keras(server, home, fname, archive, folder):
    server.files["/z.zip"] = zipped(one="1")
    out = get_file(fname, f"{server.url}/z.zip", extract=True)
    assert out == str(home / "datasets" / folder)
    assert all_files(home) == sorted(["one", archive])
    assert pathlib.Path(out, "one").read_text() == "1"


def test_extract_again_only_after_a_new_download(server, home):
    server.files["/z.zip"] = zipped(one="1")
    out = get_file("set", f"{server.url}/z.zip", extract=True)
    pathlib.Path(out, "mine").touch()
    assert os.listdir(get_file("set", f"{server.url}/z.zip", extract=True)) == os.listdir(out)
    server.files["/z.zip"] = zipped(two="2")
    get_file("set", f"{server.url}/z.zip", extract=True, force_download=True)
    assert os.listdir(out) == ["two"]


def test_extract_of_what_is_no_archive(server, url):
    with pytest.raises(ValueError, match="is no archive of format 'auto'"):
        get_file("b", url, extract=True)
    server.files["/z.zip"] = zipped(one="1")
    with pytest.raises(ValueError, match="is no archive of format 'tar'"):
        get_file("set", f"{server.url}/z.zip", untar=True)


@pytest.mark.parametrize("watched", [True, False])
def test_progress_is_for_terminals(url, monkeypatch, watched):
    stream = io.StringIO()
    stream.isatty = lambda: watched
    monkeypatch.setattr(sys, "stderr", stream)
    get_file("b", url)
    assert ("Downloading b: " in stream.getvalue()) == watched
    assert ("of 2.6 MB" in stream.getvalue()) == watched
