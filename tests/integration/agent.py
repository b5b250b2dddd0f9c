#!/usr/bin/env python3
"""A seccomp agent: listen at SOCKET, take one container, and answer for its system calls.

    agent.py SOCKET STATE [NUMBER=ERRNO...]

What comes with the connection is written to STATE: the JSON as it is, in a file that appears when it is whole. Calls with one of the
numbers fail with its errno; all others go on as they were. Ends when nobody is left to ask.
"""
import array
import fcntl
import os
import select
import socket
import struct
import sys

RECEIVE, SEND = 0xC0502100, 0xC0182101
CONTINUE = 1

errnos = {int(number): int(errno) for number, errno in (word.split("=") for word in sys.argv[3:])}
server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
server.bind(sys.argv[1])
server.listen()
connection, _ = server.accept()
fds, text = array.array("i"), b""
while True:
    part, ancillary, _, _ = connection.recvmsg(65536, socket.CMSG_SPACE(64))
    for level, kind, data in ancillary:
        assert (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS)
        assert not text, "a descriptor after the first bytes"
        fds.frombytes(data)
    if not part:
        break
    text += part
assert len(fds) == 1, f"{len(fds)} descriptors"
with open(sys.argv[2] + ".new", "wb") as file:
    file.write(text)
os.rename(sys.argv[2] + ".new", sys.argv[2])

poll = select.poll()
poll.register(fds[0], select.POLLIN)
while poll.poll()[0][1] & select.POLLIN:
    notification = bytearray(80)
    try:
        fcntl.ioctl(fds[0], RECEIVE, notification)
        ident, _, _, number = struct.unpack_from("=QIIi", notification)
        errno = errnos.get(number)
        answer = struct.pack("=QqiI", ident, 0, -errno if errno else 0, 0 if errno else CONTINUE)
        fcntl.ioctl(fds[0], SEND, bytearray(answer))
    except OSError:  # it was killed while it waited
        pass
