#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The libgmproc authors
"""The works of a pool, by CPython's multiprocessing.Pool (bench.h says how they are asked for).

pool-executor.py runs the same with concurrent.futures.ProcessPoolExecutor.
"""

import concurrent.futures
import multiprocessing
import sys
import time

CONTEXT = multiprocessing.get_context("spawn")


def square(number):
    return number * number


class Pool:
    """multiprocessing.Pool."""

    peer = "cpython"

    def __init__(self, workers):
        self.pool = CONTEXT.Pool(workers)

    def apply(self, function, item):
        return self.pool.apply(function, (item,))

    def map(self, function, items, chunk):
        return self.pool.map(function, items, chunksize=chunk or None)

    def end(self):
        self.pool.close()
        self.pool.join()


class Executor:
    """concurrent.futures.ProcessPoolExecutor, which has no chunk size of its own choice."""

    peer = "executor"

    def __init__(self, workers):
        self.workers = workers
        self.pool = concurrent.futures.ProcessPoolExecutor(workers, mp_context=CONTEXT)

    def apply(self, function, item):
        return self.pool.submit(function, item).result()

    def map(self, function, items, chunk):
        chunk = chunk or max(len(items) // (self.workers * 4), 1)
        return list(self.pool.map(function, items, chunksize=chunk))

    def end(self):
        self.pool.shutdown()


def make_pool(kind, workers):
    """Its workers are up."""
    pool = kind(workers)
    pool.map(square, range(1000), 1)
    return pool


def check(results, count):
    if results != [i * i for i in range(count)]:
        sys.exit("a square is wrong")


def measure_apply(kind, count, _):
    pool = make_pool(kind, 1)
    begin = time.perf_counter()
    results = [pool.apply(square, i) for i in range(count)]
    seconds = time.perf_counter() - begin
    check(results, count)
    pool.end()
    return seconds / count * 1e6


def time_map(kind, count, chunk):
    pool = make_pool(kind, 2)
    begin = time.perf_counter()
    results = pool.map(square, range(count), chunk)
    seconds = time.perf_counter() - begin
    check(results, count)
    pool.end()
    return seconds


def measure_single(kind, count, parameters):
    return count / time_map(kind, count, parameters.get("chunk", 1)) / 1e6


def measure_map(kind, count, parameters):
    return time_map(kind, count, parameters.get("chunk", 0)) * 1e6 / count


def measure_ready(kind, count, parameters):
    workers = parameters.get("workers", 4)
    seconds = 0
    for _ in range(count):
        begin = time.perf_counter()
        pool = kind(workers)
        pool.map(square, range(workers * 4), 4)
        seconds += time.perf_counter() - begin
        pool.end()
    return seconds * 1e3 / count


WORKS = {
    "pool-apply": (measure_apply, 2000, "us"),
    "pool-single": (measure_single, 20000, "M/s"),
    "pool-map": (measure_map, 1000000, "s"),
    "pool-ready": (measure_ready, 2, "ms"),
}


def main(kind=Pool):
    if sys.argv[1:] == ["--list"]:
        print("\n".join(WORKS))
        return
    measure, count, unit = WORKS[sys.argv[1]]
    parameters = {name: int(value) for name, value in (a.split("=") for a in sys.argv[2:])}
    if parameters.get("workers", 0) > 64:
        sys.exit(77)  # a minute and gigabytes
    count = parameters.get("count", max(count // parameters.get("quick", 1), 1))
    print(sys.argv[1], kind.peer, measure(kind, count, parameters), unit)


if __name__ == "__main__":
    main()
