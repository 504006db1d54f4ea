"""A system call filter for `bwrap --seccomp`: what no graded program needs, and what no limit of the system binds.

RLIMIT_NPROC does not bind root, so it cannot stop a fork bomb wherever SMACS runs as root (most containers). RLIMIT_AS
binds what is mapped, but not what stays when it is unmapped or was never mapped: shared memory, queues and semaphores,
connections that nobody accepts, open files on their way through a socket, pages in a pipe. And what reaches far into
the kernel (io_uring, BPF, keys, families of sockets other than Unix and internet) is refused whether it takes memory or
not. Threads are allowed.

Format: classic BPF over `struct seccomp_data`, see seccomp(2).
"""

import platform
import struct
from collections.abc import Iterator, Sequence
from errno import EINVAL, ENOMEM, ENOSYS, EPERM

_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_ARCHITECTURES = ("x86_64", "aarch64")
# The numbers on x86-64 and on ARM64, which lacks some.
_REFUSED: dict[str, tuple[int | None, int | None]] = {
    "fork": (57, None),
    "vfork": (58, None),
    "unshare": (272, 97),
    "setns": (308, 268),
    "chroot": (161, 51),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    # memory that RLIMIT_AS does not see
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "vmsplice": (278, 75),
    "listen": (50, 201),
    "bind": (49, 200),
    "sendmsg": (46, 211),
    "sendmmsg": (307, 269),
    "inotify_init": (253, None),
    "inotify_init1": (294, 26),
    "fanotify_init": (300, 262),
    "io_setup": (206, 0),
    "landlock_create_ruleset": (444, 444),
    # far into the kernel, or into other processes
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "syslog": (103, 116),
    "modify_ldt": (154, None),
}
_CLONE = (56, 220)
_MMAP = (9, 222)
_MADVISE = (28, 233)
_SOCKET = (41, 198)
_CLONE3 = 435
_UNKNOWN = 453  # and above: newer than what was looked at
_X32 = 0x40000000
_CLONE_THREAD = 0x10000
_KIND, _SHARED_ANONYMOUS = 0x2F, 0x21  # the bits of mmap's flags that say so
_HUGE = (14, 25)  # a huge page stays whole while a part of it is mapped
_FAMILIES = (1, 2, 10)  # Unix, IPv4, IPv6
_PROTOCOLS = (0, 6, 17)  # the usual one, TCP, UDP

_LOAD, _EQUAL, _AT_LEAST, _BITS, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_NUMBER, _ARCH = 0, 4
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_Instruction = tuple[int, int, int, int]  # code, steps to skip where it is true, where it is not, value


def supported() -> bool:
    """Whether the filter is known for this machine's processor."""
    return platform.machine() in _AUDIT_ARCH


def refusals() -> bytes:
    """The filter for this machine's processor: 8 bytes an instruction."""
    machine = platform.machine()
    return b"".join(struct.pack("=HBBI", *step) for step in _program(machine, _ARCHITECTURES.index(machine)))


def _program(machine: str, column: int) -> Iterator[_Instruction]:
    yield from [(_LOAD, 0, 0, _ARCH), (_EQUAL, 1, 0, _AUDIT_ARCH[machine]), (_RETURN, 0, 0, _KILL)]
    yield (_LOAD, 0, 0, _NUMBER)
    yield from [(_AT_LEAST, 0, 1, _X32), _refuse(EPERM)]
    # clone3 hides its flags behind a pointer; ENOSYS makes the C library fall back to clone.
    yield from [(_EQUAL, 0, 1, _CLONE3), _refuse(ENOSYS)]
    yield from [(_AT_LEAST, 0, 1, _UNKNOWN), _refuse(ENOSYS)]
    for numbers in _REFUSED.values():
        if (number := numbers[column]) is not None:
            yield from [(_EQUAL, 0, 1, number), _refuse(EPERM)]
    yield from _call(_CLONE[column], [_argument(0), (_BITS, 1, 0, _CLONE_THREAD), _refuse(EPERM)])
    yield from _call(_MMAP[column], [_argument(3), (_AND, 0, 0, _KIND), *_none_of([_SHARED_ANONYMOUS], ENOMEM)])
    yield from _call(_MADVISE[column], [_argument(2), *_none_of(_HUGE, EINVAL)])
    yield from _call(_SOCKET[column], [_argument(0), *_one_of(_FAMILIES), _argument(2), *_one_of(_PROTOCOLS)])
    yield (_RETURN, 0, 0, _ALLOW)


def _call(number: int, steps: Sequence[_Instruction]) -> list[_Instruction]:
    """Steps for one system call, which is allowed where none of them refuses it."""
    return [(_EQUAL, 0, len(steps) + 1, number), *steps, (_RETURN, 0, 0, _ALLOW)]


def _argument(position: int) -> _Instruction:
    """Load the lower half of an argument: both processors have it first."""
    return (_LOAD, 0, 0, 16 + 8 * position)


def _none_of(values: Sequence[int], error: int) -> list[_Instruction]:
    return [step for value in values for step in ((_EQUAL, 0, 1, value), _refuse(error))]


def _one_of(values: Sequence[int]) -> list[_Instruction]:
    return [(_EQUAL, len(values) - i, 0, value) for i, value in enumerate(values)] + [_refuse(EPERM)]


def _refuse(error: int) -> _Instruction:
    return (_RETURN, 0, 0, _ERROR | error)
