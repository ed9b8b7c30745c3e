"""Decompresses gzip as a stream and checks each member: distinguishes truncated, corrupt and padded files."""

from typing import BinaryIO

from isal import isal_zlib

_READ = 1 << 18
_GZIP_WINDOW = 31
_RESERVED_FLAGS = 0xE0
_IsalError: type[Exception] = isal_zlib.error  # type: ignore[assignment]  # its stub says an instance


class GzipError(ValueError):
    """The bytes are not a complete gzip file; `code` is the problem's code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Gunzip:
    """The decompressed bytes of all members of a gzip file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._data = file.read(_READ)
        self._decompressor = self._member()

    def read(self, most: int) -> bytes:
        """Up to `most` bytes, none only at the end. Raises GzipError."""
        piece = b""
        while self._data and not piece:
            try:
                piece = self._decompressor.decompress(self._data, most)
            except _IsalError as error:
                raise GzipError("corrupt", f"the gzip data is damaged ({error})") from None
            self._advance()
        if not piece and not self._decompressor.eof:
            raise GzipError("truncated", "the gzip data is incomplete: the upload was truncated")
        return piece

    def _advance(self) -> None:
        """Advances to the next bytes: the rest of the last ones, the file's next ones, or the next member's."""
        if not self._decompressor.eof:
            self._data = self._decompressor.unconsumed_tail or self._file.read(_READ)
            return
        self._data = (self._decompressor.unused_data or self._file.read(_READ)).lstrip(b"\0")  # zeros may pad a file
        while not self._data and (more := self._file.read(_READ)):
            self._data = more.lstrip(b"\0")
        if self._data:
            self._decompressor = self._member()

    def _member(self) -> "isal_zlib.Decompress":
        """A decompressor for the next member. Reserved flags are refused here (RFC 1952), because isal accepts them."""
        self._data += self._file.read(4 - len(self._data)) if len(self._data) < 4 else b""
        if len(self._data) >= 4 and self._data[3] & _RESERVED_FLAGS:
            raise GzipError("corrupt", "the gzip data is damaged (its header has unknown flags)")
        return isal_zlib.decompressobj(_GZIP_WINDOW)
