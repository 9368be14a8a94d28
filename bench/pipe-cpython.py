#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The libgmproc authors
"""The works of a pipe, by CPython's multiprocessing (bench.h says how they are asked for)."""

import multiprocessing
import sys
import time

CONTEXT = multiprocessing.get_context("spawn")
WARM_UP = 500
FIRST = 8


def answer(connection, count):
    for _ in range(count):
        connection.send_bytes(connection.recv_bytes())


def answer_object(connection, count):
    for _ in range(count):
        connection.send(connection.recv())


def travel_object(connection, count):
    for i in range(count):
        connection.send(i)
        if connection.recv() != i:
            sys.exit("another number came back")


def travel(connection, count):
    for i in range(count):
        message = i.to_bytes(8, "little")
        connection.send_bytes(message)
        if connection.recv_bytes() != message:
            sys.exit("another number came back")


def round_trip(count, answer, travel):
    here, there = CONTEXT.Pipe()
    other = CONTEXT.Process(target=answer, args=(there, WARM_UP + count), daemon=True)
    other.start()
    travel(here, WARM_UP)
    begin = time.perf_counter()
    travel(here, count)
    seconds = time.perf_counter() - begin
    other.join()
    return seconds / count * 1e6


def send_all(connection, count, size, as_object):
    buffer = bytearray(size)
    send = connection.send if as_object else connection.send_bytes
    for i in range(count):
        buffer[:FIRST] = buffer[-FIRST:] = i.to_bytes(FIRST, "little")
        send(buffer)


def one_way(count, parameters, how):
    size = max(parameters.get("size", 1 << 20), FIRST)
    here, there = CONTEXT.Pipe(False)
    arguments = (there, count + 1, size, how == "object")
    other = CONTEXT.Process(target=send_all, args=arguments, daemon=True)
    other.start()
    there.close()
    buffer = bytearray(size)
    begin = 0
    for i in range(count + 1):
        if how == "buffer":
            here.recv_bytes_into(buffer)
        else:
            buffer = here.recv() if how == "object" else here.recv_bytes()
        mark = i.to_bytes(FIRST, "little")
        if len(buffer) != size or buffer[:FIRST] != mark or buffer[-FIRST:] != mark:
            sys.exit("another message came")
        begin = begin or time.perf_counter()
    seconds = time.perf_counter() - begin
    other.join()
    return count * size / seconds / 1e9


WORKS = {
    "pipe-round-trip": (lambda count, _: round_trip(count, answer, travel), "us", 10000),
    "pipe-round-trip-variant": (
        lambda count, _: round_trip(count, answer_object, travel_object),
        "us",
        10000,
    ),
    "pipe-bytes": (lambda count, p: one_way(count, p, "bytes"), "GB/s", 300),
    "pipe-buffer": (lambda count, p: one_way(count, p, "buffer"), "GB/s", 300),
    "pipe-variant": (lambda count, p: one_way(count, p, "object"), "GB/s", 300),
}


def main():
    if sys.argv[1:] == ["--list"]:
        print("\n".join(WORKS))
        return
    measure, unit, count = WORKS[sys.argv[1]]
    parameters = {name: int(value) for name, value in (a.split("=") for a in sys.argv[2:])}
    count = parameters.get("count", max(count // parameters.get("quick", 1), 1))
    print(f"{sys.argv[1]} cpython {measure(count, parameters):.6g} {unit}")


if __name__ == "__main__":
    main()
