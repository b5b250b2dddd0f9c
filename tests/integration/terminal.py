#!/usr/bin/env python3
"""Run a command on a new terminal, or receive one through a console socket, and play a dialogue on it.

    terminal.py [--size ROWSxCOLUMNS] [--socket PATH] STEP... -- COMMAND...

Without --socket the command gets a new terminal as stdin, stdout, stderr and controlling terminal. With it, the command runs as it is, and
the dialogue is played on the descriptor that arrives at the socket. Steps: expect=TEXT, send=TEXT (backslash escapes), resize=ROWSxCOLUMNS,
raw (report whether the terminal is raw now), output (report whether it makes lines of what is written to it), signal=NUMBER (to the
command), run=SHELL-COMMAND, close (the terminal). Everything the terminal says goes to stdout, followed by `@exit=N`,
`@termios=same|changed` and the reports of the steps.
"""
import array
import fcntl
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import time

LIMIT = 15.0
reports = []


def resize(fd, text):
    rows, columns = text.split("x")
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", int(rows), int(columns), 0, 0))


def is_raw(fd):
    local = termios.tcgetattr(fd)[3]
    return not local & (termios.ICANON | termios.ECHO | termios.ISIG)


class Dialogue:
    def __init__(self, fd):
        self.fd = fd
        self.text = b""
        self.used = 0
        self.ended = False

    def read(self, limit):
        ready, _, _ = select.select([self.fd], [], [], limit)
        if not ready:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # EIO: the last one closed it
            data = b""
        self.ended = not data
        self.text += data
        return bool(data)

    def expect(self, text):
        end = time.monotonic() + LIMIT
        while text not in self.text[self.used:]:
            left = end - time.monotonic()
            if left <= 0 or (self.ended and text not in self.text[self.used:]):
                self.finish(f"never said: {text!r}")
                sys.exit(1)
            self.read(min(left, 0.5))
        self.used = self.text.index(text, self.used) + len(text)

    def drain(self, limit=2.0):
        end = time.monotonic() + limit
        while not self.ended and time.monotonic() < end:
            self.read(0.2)

    def finish(self, *lines):
        sys.stdout.write(self.text.decode(errors="replace").replace("\r\n", "\n"))
        for line in [*reports, *lines]:
            print(f"@{line}")
        sys.stdout.flush()


def play(dialogue, steps, child):
    for step in steps:
        word, _, value = step.partition("=")
        if word == "expect":
            dialogue.expect(value.encode())
        elif word == "send":
            os.write(dialogue.fd, value.encode().decode("unicode_escape").encode())
        elif word == "resize":
            resize(dialogue.fd, value)
        elif word == "raw":
            reports.append(f"raw={'yes' if is_raw(dialogue.fd) else 'no'}")
        elif word == "output":
            reports.append(f"output={'lines' if termios.tcgetattr(dialogue.fd)[1] & termios.OPOST else 'raw'}")
        elif word == "signal":
            child.send_signal(int(value))
        elif word == "run":
            subprocess.run(["sh", "-c", value], check=False, stdin=subprocess.DEVNULL)
        elif word == "close":
            os.close(dialogue.fd)
            return False
        else:
            sys.exit(f"terminal.py: unknown step: {step}")
    return True


def code_of(child):
    try:
        code = child.wait(LIMIT)
    except subprocess.TimeoutExpired:
        child.kill()
        return "never ended"
    return 128 - code if code < 0 else code


def on_new_terminal(size, steps, command):
    master, slave = os.openpty()
    if size:
        resize(master, size)
    before = termios.tcgetattr(master)

    def child_setup():
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

    child = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, preexec_fn=child_setup)
    dialogue = Dialogue(master)
    alive = play(dialogue, steps, child)
    code = code_of(child) if not alive else None
    if alive:
        end = time.monotonic() + LIMIT
        while child.poll() is None and time.monotonic() < end:
            dialogue.read(0.05)
        code = code_of(child)
        while dialogue.read(0):
            pass
        reports.append(f"termios={'same' if termios.tcgetattr(master) == before else 'changed'}")
    dialogue.finish(f"exit={code}")


def receive(connection):
    fds = array.array("i")
    message, ancillary, _, _ = connection.recvmsg(4096, socket.CMSG_LEN(4 * 4))
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    reports.append(f"fds={len(fds)}")
    reports.append(f"message={message.decode(errors='replace')}")
    if len(fds) != 1:
        print("\n".join("@" + r for r in reports))
        sys.exit(1)
    return fds[0]


def on_socket(path, steps, command):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(1)
    listener.settimeout(LIMIT)
    child = subprocess.Popen(command)
    while child.poll() is None:
        if select.select([listener], [], [], 0.02)[0]:
            break
    if child.poll() and not select.select([listener], [], [], 0)[0]:
        print(f"@exit={code_of(child)}")
        return
    connection, _ = listener.accept()
    dialogue = Dialogue(receive(connection))
    reports.append(f"exit={code_of(child)}")
    if play(dialogue, steps, child):
        dialogue.drain(0.3)
    dialogue.finish()


def main():
    arguments = sys.argv[1:]
    cut = arguments.index("--")
    options, command = arguments[:cut], arguments[cut + 1:]
    size = path = None
    while options and options[0].startswith("--"):
        if options[0] == "--size":
            size = options[1]
        elif options[0] == "--socket":
            path = options[1]
        options = options[2:]
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    if path:
        on_socket(path, options, command)
    else:
        on_new_terminal(size, options, command)


main()
