"""System calls that a submission has no use for, refused by Linux: a filter as `bwrap --seccomp` reads it.

Memory must not hide where nobody counts it, and no new namespace may be opened in which limits do not hold.
"""

from __future__ import annotations

import errno
import os
import struct
from typing import NamedTuple


class Machine(NamedTuple):
    """How one kind of processor numbers what is refused."""

    audit: int  # AUDIT_ARCH_... of linux/audit.h
    clone: int
    refused: dict[str, int]


#: Numbers that are the same everywhere: all that came after Linux 5.1.
SHARED = {
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "clone3": 435,  # its flags are out of a filter's sight; the C library then takes clone
    "mount_setattr": 442,
    "memfd_secret": 447,
}
MACHINES = {
    "x86_64": Machine(
        0xC000003E,
        56,
        SHARED
        | {"shmget": 29, "semget": 64, "msgget": 68, "mq_open": 240, "memfd_create": 319}
        | {"add_key": 248, "request_key": 249, "keyctl": 250}
        | {"unshare": 272, "setns": 308, "pivot_root": 155, "mount": 165, "umount2": 166}
        | {"perf_event_open": 298, "open_by_handle_at": 304, "bpf": 321, "userfaultfd": 323},
    ),
    "aarch64": Machine(
        0xC00000B7,
        220,
        SHARED
        | {"shmget": 194, "semget": 190, "msgget": 186, "mq_open": 180, "memfd_create": 279}
        | {"add_key": 217, "request_key": 218, "keyctl": 219}
        | {"unshare": 97, "setns": 268, "pivot_root": 41, "mount": 40, "umount2": 39}
        | {"perf_event_open": 241, "open_by_handle_at": 265, "bpf": 280, "userfaultfd": 282},
    ),
}
NEW_NAMESPACES = 0x7E020000  # CLONE_NEWUSER, NEWPID, NEWNS, NEWNET, NEWIPC, NEWUTS, NEWCGROUP
X32 = 0x40000000  # a second numbering of the same calls on x86_64

# Classic BPF (linux/bpf_common.h, linux/seccomp.h): load a word, jump if equal / greater / any bit, return.
LOAD, IF_EQUAL, IF_AT_LEAST, IF_ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER_AT, ARCH_AT, FIRST_ARGUMENT_AT = 0, 4, 16
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.ENOSYS


def refusals(machine: str | None = None) -> bytes | None:
    """Return the filter for a kind of processor, this one's unless told; None where its numbers are not known.

    A refused call fails with ENOSYS, as on a system without it, so that programs take another way.

    Examples
    --------
    >>> len(refusals("x86_64")) % 8, refusals("abacus")
    (0, None)
    """
    known = MACHINES.get(machine or os.uname().machine)
    if known is None:
        return None
    numbers = sorted(known.refused.values())
    program = [
        (LOAD, 0, 0, ARCH_AT),
        (IF_EQUAL, 1, 0, known.audit),
        (RETURN, 0, 0, REFUSE),
        (LOAD, 0, 0, NUMBER_AT),
        (IF_AT_LEAST, len(numbers) + 3, 0, X32),
        *[(IF_EQUAL, len(numbers) + 2 - i, 0, number) for i, number in enumerate(numbers)],
        (IF_EQUAL, 0, 3, known.clone),
        (LOAD, 0, 0, FIRST_ARGUMENT_AT),
        (IF_ANY_BIT, 0, 1, NEW_NAMESPACES),
        (RETURN, 0, 0, REFUSE),
        (RETURN, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in program)
