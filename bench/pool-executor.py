#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The libgmproc authors
"""The works of a pool, by CPython's concurrent.futures.ProcessPoolExecutor; see pool-cpython.py."""

import importlib.util
import pathlib
import sys


def load():
    """Under a name that workers can import as well: they load this file first."""
    path = pathlib.Path(__file__).with_name("pool-cpython.py")
    spec = importlib.util.spec_from_file_location("pool_cpython", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["pool_cpython"] = module
    spec.loader.exec_module(module)
    return module


WORKS = load()

if __name__ == "__main__":
    WORKS.main(WORKS.Executor)
