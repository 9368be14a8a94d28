#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The libgmproc authors
"""The works of locks, barriers and events, by CPython's multiprocessing."""

import multiprocessing
import sys
import time

CONTEXT = multiprocessing.get_context("spawn")
WARM_UP = 100


def measure_lock(count, _):
    lock = CONTEXT.Lock()
    begin = time.perf_counter()
    for _ in range(count):
        lock.acquire()
        lock.release()
    return (time.perf_counter() - begin) / count * 1e9


def count_up(lock, number, barrier, count):
    barrier.wait()
    for _ in range(count):
        with lock:
            number.value += 1
    barrier.wait()


def measure_contended(count, _):
    lock, number, barrier = CONTEXT.Lock(), CONTEXT.RawValue("q", 0), CONTEXT.Barrier(2)
    other = CONTEXT.Process(target=count_up, args=(lock, number, barrier, count))
    other.start()
    barrier.wait()
    begin = time.perf_counter()
    for _ in range(count):
        with lock:
            number.value += 1
    barrier.wait()
    end = time.perf_counter()
    other.join()
    if number.value != 2 * count or other.exitcode != 0:
        sys.exit("the lock let two in at once")
    return (end - begin) / (2 * count) * 1e9


def cross(barrier, count):
    for _ in range(count):
        barrier.wait()


def measure_barrier(count, parameters):
    parties = parameters.get("parties", 2)
    barrier = CONTEXT.Barrier(parties)
    others = [
        CONTEXT.Process(target=cross, args=(barrier, WARM_UP + count)) for _ in range(parties - 1)
    ]
    for other in others:
        other.start()
    cross(barrier, WARM_UP)
    begin = time.perf_counter()
    cross(barrier, count)
    end = time.perf_counter()
    for other in others:
        other.join()
    return (end - begin) / count * 1e6


def answer(there, back, count):
    for _ in range(count):
        there.wait()
        there.clear()
        back.set()


def ask(there, back, count):
    for _ in range(count):
        there.set()
        back.wait()
        back.clear()


def measure_event(count, _):
    there, back = CONTEXT.Event(), CONTEXT.Event()
    other = CONTEXT.Process(target=answer, args=(there, back, WARM_UP + count))
    other.start()
    ask(there, back, WARM_UP)
    begin = time.perf_counter()
    ask(there, back, count)
    end = time.perf_counter()
    other.join()
    return (end - begin) / count * 1e6


WORKS = {
    "sync-lock": (measure_lock, 500000, "ns"),
    "sync-contended": (measure_contended, 200000, "ns"),
    "sync-barrier": (measure_barrier, 1000, "us"),
    "sync-event": (measure_event, 2000, "us"),
}


def main():
    if sys.argv[1:] == ["--list"]:
        print("\n".join(WORKS))
        return
    measure, count, unit = WORKS[sys.argv[1]]
    parameters = {name: int(value) for name, value in (a.split("=") for a in sys.argv[2:])}
    count = parameters.get("count", max(count // parameters.get("quick", 1), 1))
    print(sys.argv[1], "cpython", measure(count, parameters), unit)


if __name__ == "__main__":
    main()
