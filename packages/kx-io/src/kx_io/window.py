"""A stretch of a file as a file of its own: how HDF5 reads and writes inside an archive without a copy."""

import io
import os


class Window(io.RawIOBase):
    """Bytes `start` to `start + size` of a seekable binary file, as a file; `size=None` may grow to the file's end.

    >>> Window(io.BytesIO(b"0123456789"), 2, 5).read()
    b'23456'
    """

    def __init__(self, file, start, size=None):
        self._file, self._start, self._size, self._at = file, start, size, 0
        self.name = getattr(file, "name", None)

    def readable(self):
        return True

    def writable(self):
        return self._size is None

    def seekable(self):
        return True

    def _end(self):
        if self._size is not None:
            return self._size
        return max(0, self._file.seek(0, os.SEEK_END) - self._start)

    def seek(self, offset, whence=os.SEEK_SET):
        place = {os.SEEK_SET: 0, os.SEEK_CUR: self._at}.get(whence)
        at = offset + (self._end() if place is None else place)
        if at < 0:
            raise ValueError(f"Cannot seek to {at}, before the start.")
        self._at = at
        return at

    def tell(self):
        return self._at

    def readinto(self, buffer):
        view = memoryview(buffer).cast("B")
        if self._size is not None:
            view = view[: max(0, self._size - self._at)]
        self._file.seek(self._start + self._at)
        count = self._file.readinto(view)
        self._at += count
        return count

    def write(self, data):
        if self._size is not None:
            raise io.UnsupportedOperation("This window only reads.")
        self._file.seek(self._start + self._at)
        view = memoryview(data).cast("B")
        done = 0
        while done < len(view):
            done += self._file.write(view[done:])
        self._at += done
        return done

    def truncate(self, size=None):
        size = self._at if size is None else size
        self._file.truncate(self._start + size)
        return size

    def flush(self):
        if self._size is None and not self._file.closed:
            self._file.flush()
