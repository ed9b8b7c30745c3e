"""The loopback address of the cloud."""

import socket

HOST = "127.0.0.1"


class PortTakenError(OSError):
    """The requested port cannot be bound."""


def listen(port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises PortTakenError, which names the port and the reason."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise PortTakenError(f"cannot listen at {HOST}:{port}: {reason}; choose another port") from error
    return listener
