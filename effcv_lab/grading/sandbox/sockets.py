"""A kernel's five sockets, made outside the sandbox and handed in."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

INNER = "k"  # the kernel's own name for the place of its sockets
WAITING = 128


@contextlib.contextmanager
def listen(connection: dict) -> Iterator[tuple[dict, dict[str, int]]]:
    """Listen on the sockets of a connection file; Jupyter, who named them, removes them.

    Yields
    ------
    inner : dict
        The connection file as the kernel gets it: without the names of the machine's folders.
    descriptors : dict of int
        The listening sockets by the address at which the kernel will ask for them.

    Raises
    ------
    ValueError
        If the connection's transport is not "ipc": into a sandbox no network leads.
    """
    if connection["transport"] != "ipc":
        raise ValueError(
            f"transport must be 'ipc' (KernelManager.transport), got {connection['transport']!r}"
        )
    place = Path(connection["ip"])
    with contextlib.ExitStack() as stack:
        descriptors = {}
        for port in (number for key, number in connection.items() if key.endswith("_port")):
            name = f"{place.name}-{port}"
            listener = stack.enter_context(socket.socket(socket.AF_UNIX))
            with contextlib.chdir(place.parent):  # the whole name may be too long for a socket
                Path(name).unlink(missing_ok=True)
                listener.bind(name)
            listener.listen(WAITING)
            descriptors[f"ipc://{INNER}-{port}"] = listener.fileno()
        yield connection | {"ip": INNER}, descriptors
