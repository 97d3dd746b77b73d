"""Enter a sandbox from outside and give up all rights there: what ``bwrap`` does to what it starts, for a fork."""

from __future__ import annotations

import ctypes
import os
import struct

from effcv_lab.grading.sandbox.seccomp import refusals

# linux/sched.h, linux/prctl.h, linux/capability.h
ALL_NAMESPACES = 0x7E020000  # user, process, mount, network, IPC, UTS, cgroup
SET_DUMPABLE, SET_SECCOMP, DROP_BOUND, SET_NO_NEW_PRIVILEGES, AMBIENT = 4, 22, 24, 38, 47
CLEAR_ALL, FILTER, VERSION_3, CAPABILITIES = 4, 2, 0x20080522, 64


def _call(name: str, *arguments) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}{arguments}: {os.strerror(number)}")


def join_namespaces(process: int) -> None:
    """Join all namespaces of a process, given as a file descriptor (``pidfd``), at once; children enter its process namespace.

    Raises
    ------
    OSError
        If the process has ended or the system refuses (Linux 5.8 or newer is needed).
    """
    _call("setns", process, ALL_NAMESPACES)


def give_up_rights() -> None:
    """Give up every right, for good: no capability, none to be had from a program, the filter of system calls.

    Raises
    ------
    OSError
        If one of the steps fails: then nothing may be run.
    """
    _prctl(AMBIENT, CLEAR_ALL)
    for capability in range(CAPABILITIES):
        try:
            _prctl(DROP_BOUND, capability)
        except OSError:  # this Linux has no more of them; the first must be there
            if capability == 0:
                raise
            break
    _call("capset", struct.pack("II", VERSION_3, 0), bytes(24))
    _prctl(SET_NO_NEW_PRIVILEGES, 1)
    _prctl(SET_DUMPABLE, 1)  # else not even its own files of /proc are its own
    rules = refusals()
    if rules is not None:
        text = ctypes.create_string_buffer(rules, len(rules))
        program = struct.pack("HxxxxxxP", len(rules) // 8, ctypes.addressof(text))
        _prctl(SET_SECCOMP, FILTER, program)


def _prctl(option: int, first: int, second=0) -> None:
    second = second if isinstance(second, bytes) else ctypes.c_ulong(second)
    _call("prctl", option, ctypes.c_ulong(first), second, ctypes.c_ulong(0), ctypes.c_ulong(0))
