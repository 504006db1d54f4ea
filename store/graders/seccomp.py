"""A system call filter for `bwrap --seccomp`: threads are allowed, new processes, namespaces, shared memory are not.

RLIMIT_NPROC does not bind root, so it cannot stop a fork bomb wherever SMACS runs as root (most containers). Nor does
RLIMIT_AS bind shared memory of System V, whose pages stay when they are unmapped.
Format: classic BPF over `struct seccomp_data`, see seccomp(2).
"""

import platform
import struct

_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# fork, vfork (aarch64 has neither), unshare, setns, shmget
_REFUSED = {"x86_64": (57, 58, 272, 308, 29), "aarch64": (97, 268, 194)}
_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE3 = 435
_X32 = 0x40000000
_CLONE_THREAD = 0x10000

_LOAD, _EQUAL, _AT_LEAST, _BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCH, _FIRST_ARGUMENT = 0, 4, 16
_ALLOW, _KILL, _EPERM, _ENOSYS = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026


def supported() -> bool:
    """Whether the filter is known for this machine's processor."""
    return platform.machine() in _AUDIT_ARCH


def no_new_processes() -> bytes:
    """The filter for this machine's processor: 8 bytes an instruction."""
    machine = platform.machine()
    # clone3 hides its flags behind a pointer; ENOSYS makes the C library fall back to clone.
    refused = [(_AT_LEAST, _X32, _EPERM), (_EQUAL, _CLONE3, _ENOSYS)]
    refused += [(_EQUAL, number, _EPERM) for number in _REFUSED[machine]]
    program = [(_LOAD, 0, 0, _ARCH), (_EQUAL, 1, 0, _AUDIT_ARCH[machine]), (_RETURN, 0, 0, _KILL)]
    program.append((_LOAD, 0, 0, _NUMBER))
    for test, number, verdict in refused:
        program += [(test, 0, 1, number), (_RETURN, 0, 0, verdict)]
    program += [
        (_EQUAL, 0, 3, _CLONE[machine]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_BITS, 1, 0, _CLONE_THREAD),
        (_RETURN, 0, 0, _EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
