#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The libgmproc authors
"""The works of a queue, by CPython's multiprocessing (bench.h says how they are asked for).

A message is 8 bytes, or with queue-variant a number. Processes are up before the clock starts.
"""

import multiprocessing
import statistics
import sys
import time

CONTEXT = multiprocessing.get_context("spawn")
NUMBER_BITS = 40
LATENCY_PAUSE = 0.0004  # seconds, after which the other side sleeps for sure
BYTES_OF_SIZES = 1 << 27


def encode(number, size):
    return number if size == 0 else number.to_bytes(8, "little") + bytes(size - 8)


def decode(item, size):
    return item if size == 0 else int.from_bytes(item[:8], "little")


def produce(queue, barrier, index, count, size):
    barrier.wait()
    for i in range(count):
        queue.put(encode(index << NUMBER_BITS | i, size))


def consume(queue, barrier, results, size):
    barrier.wait()
    last, taken = {}, 0
    while (item := queue.get()) is not None:
        number = decode(item, size)
        producer = number >> NUMBER_BITS
        if number <= last.get(producer, -1):
            sys.exit("a message is out of order")
        last[producer] = number
        taken += 1
    results.put(taken)


def run(n_producers, n_consumers, count, size):
    """Seconds."""
    queue, results = CONTEXT.Queue(), CONTEXT.SimpleQueue()
    barrier = CONTEXT.Barrier(n_producers + n_consumers + 1)
    producers = [
        CONTEXT.Process(target=produce, args=(queue, barrier, i, count, size), daemon=True)
        for i in range(n_producers)
    ]
    consumers = [
        CONTEXT.Process(target=consume, args=(queue, barrier, results, size), daemon=True)
        for _ in range(n_consumers)
    ]
    for process in producers + consumers:
        process.start()
    barrier.wait()
    begin = time.perf_counter()
    for process in producers:
        process.join()
    for _ in consumers:
        queue.put(None)
    taken = sum(results.get() for _ in consumers)
    seconds = time.perf_counter() - begin
    if taken != n_producers * count:
        sys.exit("a message is missing")
    return seconds


def measure_bytes(count, parameters, size=8):
    n_producers = parameters.get("producers", 1)
    per_producer = max(count // n_producers, 1)
    seconds = run(n_producers, parameters.get("consumers", 1), per_producer, size)
    return n_producers * per_producer / seconds / 1e6


def measure_variant(count, parameters):
    return measure_bytes(count, parameters, 0)


def measure_size(count, parameters):
    size = parameters.get("size", 8)
    count = min(max(BYTES_OF_SIZES // size, 4), count)
    return count * size / run(1, 1, count, size) / 1e9


def stamp(queue, barrier, count):
    barrier.wait()
    for _ in range(count):
        time.sleep(LATENCY_PAUSE)
        queue.put(time.monotonic_ns().to_bytes(8, "little"))


def measure_latency(count, _):
    queue, barrier = CONTEXT.Queue(), CONTEXT.Barrier(2)
    process = CONTEXT.Process(target=stamp, args=(queue, barrier, count), daemon=True)
    process.start()
    barrier.wait()
    samples = []
    for _ in range(count):
        sent = int.from_bytes(queue.get(), "little")
        samples.append(time.monotonic_ns() - sent)
    process.join()
    return statistics.median(samples) / 1000


WORKS = {
    "queue-variant": (measure_variant, "M/s", 50000),
    "queue-bytes": (measure_bytes, "M/s", 50000),
    "queue-size": (measure_size, "GB/s", 50000),
    "queue-latency": (measure_latency, "us", 500),
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
