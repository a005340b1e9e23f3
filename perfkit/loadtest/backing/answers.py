"""Whether a server answers, asked in its own protocol with nothing but sockets.

perfkit itself needs no driver: what it wants to know is in the first bytes of an answer. Sources:
PostgreSQL's documentation, "Frontend/Backend Protocol", message formats; Redis' documentation,
"Redis serialization protocol".
"""

from __future__ import annotations

import socket
import struct

_PROTOCOL = 3 << 16
_STARTING = b"57P03"
"""PostgreSQL's code for "the database system is starting up"."""

_LONGEST = 8192


def ask_postgres(host: str, port: int, *, user: str, database: str, seconds: float) -> str | None:
    """Begin to log in to a PostgreSQL server.

    It answers with a request for a password, or none; or it says what it does not like about us.
    The password is not tried, nor is encryption: that is for the service's driver.

    Args:
        host: Where it is.
        port: At which port.
        user: Who to log in as.
        database: Where to.
        seconds: How long an answer may take.

    Returns:
        None when it is ready, else what it said.

    Raises:
        OSError: Nobody answers in time.
    """
    words = b"".join(text.encode() + b"\0" for text in ("user", user, "database", database, ""))
    message = struct.pack("!ii", 8 + len(words), _PROTOCOL) + words
    answer = _exchange(host, port, message, seconds)
    if answer[:1] == b"R":
        return None
    if answer[:1] != b"E":
        return f"it is no PostgreSQL server: it answers {answer[:20]!r}"
    fields = {field[:1]: field[1:] for field in answer[5:].split(b"\0") if field}
    code, said = fields.get(b"C", b""), fields.get(b"M", b"").decode("utf-8", "replace")
    # Class 28 is "who are you, and is this line encrypted?": it is there, and the driver will tell.
    return None if code.startswith(b"28") and code != _STARTING else said or "it refuses"


def ask_redis(host: str, port: int, *, user: str, password: str, seconds: float) -> str | None:
    """Log in to a Valkey or Redis server and ping it.

    Args:
        host: Where it is.
        port: At which port.
        user: Who to log in as; empty for the default user.
        password: With what; empty for none.
        seconds: How long an answer may take.

    Returns:
        None when it is ready, else what it said.

    Raises:
        OSError: Nobody answers in time.
    """
    login = tuple(word for word in (user, password) if word)
    message = _command("AUTH", *login) if password else _command("PING")
    answer = _exchange(host, port, message, seconds)
    if answer[:1] == b"+":
        return None
    if answer[:1] != b"-":
        return f"it is no Redis server: it answers {answer[:20]!r}"
    return answer[1:].partition(b"\r")[0].decode("utf-8", "replace")


def _command(*words: str) -> bytes:
    encoded = [word.encode() for word in words]
    parts = [b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded]
    return b"*%d\r\n" % len(parts) + b"".join(parts)


def _exchange(host: str, port: int, message: bytes, seconds: float) -> bytes:
    """Send something; the first bytes of the answer."""
    with socket.create_connection((host, port), seconds) as connection:
        connection.settimeout(seconds)
        connection.sendall(message)
        answer = connection.recv(_LONGEST)
    if not answer:
        raise ConnectionResetError("it closes the connection")
    return answer
