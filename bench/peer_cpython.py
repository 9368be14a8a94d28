#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The libgmproc authors
"""The work of first-look.c done with CPython's multiprocessing.

Prints the seconds that the asked work took. The start of the interpreter and the imports are not
in that time, and neither is what first-look.c leaves out of its own: processes that a queue, a pipe
or a pool need are up before the clock starts.
"""

import argparse
import multiprocessing
import signal
import sys
import time

TIME_LIMIT = 120  # seconds; the same as in first-look.c
WARM_UP_TRIPS = 200
WARM_UP_STARTS = 2

# The start method that works like ours: a child is a new program, nothing is forked.
context = multiprocessing.get_context("spawn")


def require(condition, what):
    # Not an assert: the checks stay when the interpreter runs with -O.
    if not condition:
        raise RuntimeError(what)


def nothing():
    pass


def start_and_join():
    process = context.Process(target=nothing)
    process.start()
    process.join()
    require(process.exitcode == 0, f"a child ended with {process.exitcode}")


def measure_start_join(count, _workers):
    for _ in range(WARM_UP_STARTS):
        start_and_join()
    begin = time.perf_counter()
    for _ in range(count):
        start_and_join()
    return time.perf_counter() - begin


def echo(connection, trips):
    for _ in range(trips):
        connection.send(connection.recv())


def exchange(connection, trips):
    for i in range(trips):
        connection.send(i)
        require(connection.recv() == i, "an echo differs from what was sent")


def measure_pipe(count, _workers):
    here, there = context.Pipe()
    process = context.Process(target=echo, args=(there, WARM_UP_TRIPS + count), daemon=True)
    process.start()
    there.close()
    exchange(here, WARM_UP_TRIPS)
    begin = time.perf_counter()
    exchange(here, count)
    seconds = time.perf_counter() - begin
    process.join()
    require(process.exitcode == 0, f"the echo ended with {process.exitcode}")
    return seconds


def square(number):
    return number * number


def measure_pool_map(count, workers):
    items = list(range(count))
    everyone_is_up = context.Barrier(workers)
    with context.Pool(workers, initializer=everyone_is_up.wait) as pool:
        # No worker takes an item before all of them are up.
        pool.map(square, items[:workers])
        begin = time.perf_counter()
        results = pool.map(square, items)
        seconds = time.perf_counter() - begin
    require(len(results) == count, "a result is missing")
    require(all(r == i * i for i, r in enumerate(results)), "a result is wrong or out of order")
    return seconds


WORK = {
    "start-join": measure_start_join,
    "pipe": measure_pipe,
    "pool-map": measure_pool_map,
}


def give_up(_signal, _frame):
    # An exception rather than the default action, so that the children are ended too.
    raise TimeoutError(f"not done in {TIME_LIMIT} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", required=True, choices=sorted(WORK))
    parser.add_argument("--count", required=True, type=int)
    parser.add_argument("--workers", required=True, type=int)
    options = parser.parse_args()
    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(TIME_LIMIT)
    print(f"{WORK[options.only](options.count, options.workers):.9f}")


if __name__ == "__main__":
    main()
