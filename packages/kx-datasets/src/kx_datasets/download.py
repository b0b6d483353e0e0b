"""Download over http(s): atomic, checked while it streams, with progress only where a person watches."""

import hashlib
import http.client
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

from kx_datasets.errors import ChecksumError, DownloadError

_CHUNK = 1 << 20


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects within http(s), and never from https down to http."""

    def redirect_request(self, request, fp, code, msg, headers, newurl):
        old, new = (urllib.parse.urlsplit(url).scheme for url in (request.full_url, newurl))
        if new not in ("http", "https") or (old == "https" and new == "http"):
            raise DownloadError(f"URL fetch failure on {request.full_url}: refused the redirect to {newurl}.")
        return super().redirect_request(request, fp, code, msg, headers, newurl)


class _Progress:
    """One line on a terminal, redrawn at most ten times a second; silent anywhere else."""

    def __init__(self, name, stream):
        self.name, self.stream = name, stream
        self.shown = stream is not None and stream.isatty()  # there is none under pythonw
        self.start = time.monotonic()
        self.next_draw = self.start

    def update(self, done, total):
        now = time.monotonic()
        if not self.shown or now < self.next_draw:
            return
        self.next_draw = now + 0.1
        share = f"{100 * done // total:3d}% of {total / 1e6:.1f} MB" if total else f"{done / 1e6:.1f} MB"
        rate = done / 1e6 / max(now - self.start, 1e-3)
        self.stream.write(f"\rDownloading {self.name}: {share}, {rate:.1f} MB/s\x1b[K")
        self.stream.flush()

    def close(self):
        if self.shown:
            self.stream.write("\r\x1b[K")
            self.stream.flush()


def download(url, target, *, checksums=(), algorithm="sha256", timeout=30.0, seconds=None):
    """Save what `url` serves as the file `target`, whole and checked, or not at all.

    The bytes go to a temporary file beside `target`, which replaces it only when complete, so that another
    process never sees half a file.

    Args:
        checksums: accepted hexadecimal digests; empty accepts anything.
        timeout: seconds that one network operation may take.
        seconds: seconds that the whole download may take; None for no limit.

    Errors: `ValueError` for a URL that is not http(s), `DownloadError` (a `ConnectionError`),
    `ChecksumError`.
    """
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise ValueError(f"Expected an http(s) URL, got {url!r}; a local file can be read without get_file.")
    target = os.fspath(target)
    partial = f"{target}.{uuid.uuid4().hex[:12]}.part"
    end = None if seconds is None else time.monotonic() + seconds
    try:
        with open(partial, "xb") as file:  # "x" also gives the file the permissions of the user's umask
            digest = _stream(url, file, os.path.basename(target), algorithm, timeout, end)
            file.flush()
            os.fsync(file.fileno())
        if checksums and digest not in {checksum.lower() for checksum in checksums}:
            raise ChecksumError(
                f"The file at {url} has the {algorithm} checksum {digest}, "
                f"expected {' or '.join(checksums)}: it is incomplete, or not the file it was. "
                "Nothing was kept."
            )
        os.replace(partial, target)
    except BaseException:
        if os.path.exists(partial):
            os.remove(partial)
        raise


def _stream(url, file, name, algorithm, timeout, end):
    """Copy the body of `url` into `file`; the digest of what came."""
    hasher, done, total = hashlib.new(algorithm), 0, None
    progress = _Progress(name, sys.stderr)
    try:
        for chunk, total in _chunks(url, timeout):
            file.write(chunk)
            hasher.update(chunk)
            done += len(chunk)
            progress.update(done, total)
            if end is not None and time.monotonic() > end:
                raise DownloadError(
                    f"URL fetch failure on {url}: too slow, {done} bytes came in the time given."
                )
    finally:
        progress.close()
    if total is not None and done != total:
        raise DownloadError(
            f"URL fetch failure on {url}: the connection ended after {done} of {total} bytes."
        )
    return hasher.hexdigest()


def _chunks(url, timeout):
    """Pairs of some bytes of the body and the whole length, None if unknown.

    Only reading happens in here, so that an OSError of the writer, as for a full disk, stays what it is.
    """
    opener = urllib.request.build_opener(_SafeRedirects)
    request = urllib.request.Request(
        url, headers={"User-Agent": "kx-datasets", "Accept-Encoding": "identity"}
    )
    try:
        with opener.open(request, timeout=timeout) as response:
            length = response.headers.get("Content-Length", "")
            total = int(length) if length.isdigit() else None
            while True:
                chunk = response.read1(_CHUNK)
                yield chunk, total
                if not chunk:
                    return
    except urllib.error.HTTPError as error:
        with error:  # it holds the open response
            raise DownloadError(f"URL fetch failure on {url}: {error.code} -- {error.reason}") from error
    except DownloadError:
        raise
    except (http.client.HTTPException, OSError) as error:
        reason = getattr(error, "reason", None) or error or type(error).__name__
        raise DownloadError(f"URL fetch failure on {url}: {reason}") from error
