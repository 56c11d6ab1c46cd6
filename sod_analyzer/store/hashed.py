"""Files that are hashed while other work goes on, and then read as the very bytes hashed.

Nothing here loads Arrow or NumPy, so that hashing can begin before they are there.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import threading
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

#: Large pieces: between two of them the interpreter lock is waited for.
_PIECE = 2**24


class Hashed:
    """A file that is opened and hashed once, by whoever asks first; others wait for the hash."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._stream: BinaryIO | None = None
        self._found: str | OSError | None = None

    def hash(self, room: mmap.mmap | None = None) -> None:
        """Open and hash the file, unless that was done; what goes wrong is for who opens it.

        `room` is memory to read into, where there is some already.
        """
        with self._lock:
            if self._found is None:
                self._found = self._hash(room)

    def open(self) -> tuple[BinaryIO, str]:
        """The stream that was hashed, at its beginning, and its hash.

        It is open for as long as somebody has this.

        Raises:
            OSError: the file cannot be read.
        """
        self.hash()
        if self._stream is None or not isinstance(self._found, str):
            raise self._found if isinstance(self._found, OSError) else OSError("not read")
        self._stream.seek(0)
        return self._stream, self._found

    def _hash(self, room: mmap.mmap | None) -> str | OSError:
        try:
            self._stream = self.path.open("rb", buffering=0)
            weakref.finalize(self, self._stream.close)
            return hash_of(self._stream, room)
        except OSError as error:
            return error
        except ValueError as error:
            # The program ends and closes what is open; nobody waits for this any more.
            return OSError(str(error))


class Ahead:
    """Files that will be asked for: hashed one after the other, beside other work.

    Any other file is hashed when it is asked for.
    """

    def __init__(self, paths: Iterable[Path] = ()) -> None:
        self._files = {path: Hashed(path) for path in paths}
        if self._files:
            # Whoever waits for a file whose turn has not come hashes it himself.
            threading.Thread(target=self._run, name="hash", daemon=True).start()

    def _run(self) -> None:
        with mmap.mmap(-1, _PIECE) as room:
            for file in tuple(self._files.values()):
                file.hash(room)

    def file(self, path: Path) -> Hashed:
        """A file, which may be hashed already."""
        found = self._files.get(path)
        return Hashed(path) if found is None else found


def hash_of(stream: BinaryIO, room: mmap.mmap | None = None) -> str:
    """The SHA-256 of what a stream holds from here on."""
    if room is not None:
        return _hash_in(room, stream)
    # Memory of its own, which goes back to the system as a whole.
    with mmap.mmap(-1, max(1, min(_PIECE, os.fstat(stream.fileno()).st_size))) as own:
        return _hash_in(own, stream)


def _hash_in(room: mmap.mmap, stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    with memoryview(room) as piece:
        while count := stream.readinto(piece):  # type: ignore[attr-defined]
            digest.update(piece[:count])
    return digest.hexdigest()
