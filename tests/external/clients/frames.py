"""Bedrock's event stream, read from its bytes: `application/vnd.amazon.eventstream`."""

import json
import struct
import zlib


class Reader:
    """Takes bytes as they come, and gives whole frames: their headers and their payload."""

    def __init__(self):
        self.rest = b""

    def feed(self, piece):
        self.rest += piece
        while len(self.rest) >= 12:
            length, of_headers, checksum = struct.unpack(">III", self.rest[:12])
            assert zlib.crc32(self.rest[:8]) == checksum, "a frame's prelude is damaged"
            if len(self.rest) < length:
                return
            frame, self.rest = self.rest[:length], self.rest[length:]
            assert zlib.crc32(frame[:-4]) == struct.unpack(">I", frame[-4:])[0], "a frame is damaged"
            yield _headers(frame[12 : 12 + of_headers]), json.loads(frame[12 + of_headers : -4] or b"{}")


def _headers(data):
    """The headers, all of which are texts here."""
    found = {}
    while data:
        name_end = 1 + data[0]
        assert data[name_end] == 7, "a header that is no text"
        (length,) = struct.unpack(">H", data[name_end + 1 : name_end + 3])
        found[data[1:name_end].decode()] = data[name_end + 3 : name_end + 3 + length].decode()
        data = data[name_end + 3 + length :]
    return found
