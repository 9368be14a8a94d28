#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The libgmproc authors
"""What checksum_tree.c does, with CPython's pool: the SHA-256 of every file below a folder."""

import hashlib
import multiprocessing
import os
import signal
import sys

BLOCK = 256 * 1024


def leave_interrupts_alone():
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def checksum_file(path):
    checksum = hashlib.sha256()
    try:
        with open(path, "rb", buffering=0) as file:
            while block := file.read(BLOCK):
                checksum.update(block)
    except OSError as error:
        return path, None, str(error)
    return path, checksum.hexdigest(), None


def files_below(folder):
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            if os.path.isfile(path) and not os.path.islink(path):
                yield path


def main():
    if len(sys.argv) != 2:
        sys.exit(f"Usage: {sys.argv[0]} FOLDER")
    n_failed = 0
    with multiprocessing.Pool(initializer=leave_interrupts_alone) as pool:
        try:
            for path, digest, error in pool.imap_unordered(checksum_file, files_below(sys.argv[1])):
                if error is None:
                    print(f"{digest}  {path}")
                else:
                    n_failed += 1
                    print(error, file=sys.stderr)
        except KeyboardInterrupt:
            return 130
    return 1 if n_failed else 0


if __name__ == "__main__":
    sys.exit(main())
