#!/usr/bin/env python3
"""A criu for tests: says that it is 4.2, can do everything and has done it, and writes what it was asked to $CRIU_ASKED.

A line per field of the options, NUMBER=VALUE; messages within them in hexadecimal, texts as they are. With $CRIU_SAYS it gives that notice
first. With $CRIU_DIES it freezes the cgroup that it is told and dies; with $CRIU_LEAVES a child of it then lives on. With $CRIU_HANGS it says
nothing any more, once it has frozen the cgroup or, if that is "version", from the beginning.
"""
import os
import socket
import sys
import time

VERSION, FEATURES, PRE_DUMP = 10, 9, 4


def fields(data):
    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    at = 0
    while at < len(data):
        key = varint()
        value = varint()
        if key & 7 == 2:
            at += value
            value = data[at - value:at]
        yield key >> 3, value


def shown(value):
    if isinstance(value, int):
        return str(value)
    text = value.decode("ascii", "replace")
    return text if text.isprintable() else value.hex()


def freeze(cgroup):
    name, word = ("freezer.state", "FROZEN") if os.path.exists(cgroup + "/freezer.state") else ("cgroup.freeze", "1")
    with open(f"{cgroup}/{name}", "w") as out:
        out.write(word)


def main():
    s = socket.socket(fileno=int(sys.argv[2]))
    while request := s.recv(300000):
        asked = dict(fields(request))
        reply = {VERSION: "080a1001520408041002", FEATURES: "08091001420408011001", PRE_DUMP: "08041001"}.get(asked[1], "08011001")
        if 2 in asked:
            with open(os.environ["CRIU_ASKED"], "w") as out:
                print(f"type={asked[1]}", *(f"{n}={shown(v)}" for n, v in fields(asked[2])), sep="\n", file=out)
        hangs = os.environ.get("CRIU_HANGS")
        if 2 in asked and ("CRIU_DIES" in os.environ or hangs):
            if 44 in (told := dict(fields(asked[2]))):
                freeze(told[44].decode())
        if hangs == "version" or 2 in asked and hangs:
            open(os.environ["CRIU_ASKED"] + ".hangs", "w").close()
            time.sleep(300)
        if 2 in asked and "CRIU_DIES" in os.environ:
            if "CRIU_LEAVES" in os.environ:
                child = os.fork()
                if child == 0:
                    time.sleep(300)
                with open(os.environ["CRIU_ASKED"] + ".child", "w") as out:
                    print(child, file=out)
            sys.exit(1)
        if 2 in asked and "CRIU_SAYS" in os.environ:
            notice = os.environ["CRIU_SAYS"].encode()
            s.send(bytes([8, 6, 0x10, 1, 0x2A, len(notice) + 2, 0x0A, len(notice)]) + notice)
            s.recv(300000)
        s.send(bytes.fromhex(reply))


main()
