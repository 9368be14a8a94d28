# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The libgmproc authors
"""What PyGObject cannot know about Gmproc by itself.

An exception that leaves a function which C has called is printed by PyGObject, and C gets a 0, which
for a target is success. Here it becomes the exit status that Python's own processes have, and for a
function of a pool an error with the name of the exception. And init() ends a child in Python's way.
"""

import functools
import sys
import traceback

from gi.repository import GLib

from ..module import get_introspection_module
from ..overrides import override

Gmproc = get_introspection_module('Gmproc')

__all__ = []


def _as_target(function):
    """Returns function with the exit status that Python's multiprocessing would give."""
    @functools.wraps(function)
    def run(*args):
        try:
            status = function(*args)
        except GLib.Error:
            raise  # C prints the message, as for a target in C
        except SystemExit as end:
            status = end.code
        except BaseException:
            traceback.print_exc()
            return 1
        if status is None or isinstance(status, int):
            return status or 0
        print(status, file=sys.stderr)
        return 1
    return run


def _as_function(function):
    """Returns function with its exceptions as errors of the pool's call."""
    @functools.wraps(function)
    def run(*args):
        try:
            return function(*args)
        except GLib.Error:
            raise
        except Exception as problem:
            text = ''.join(traceback.format_exception_only(type(problem), problem)).strip()
            frame = traceback.extract_tb(problem.__traceback__)[-1]
            raise GLib.Error(f'{text} ({frame.filename}, line {frame.lineno})',
                             GLib.quark_to_string(Gmproc.error_quark()),
                             Gmproc.Error.FAILED) from None
    return run


def init(arguments=None):
    """Must come first in the main program; in a child it runs the target, and does not return."""
    status = Gmproc.init(sys.argv if arguments is None else arguments)
    if status >= 0:
        sys.exit(status)
    return status


def register_target(name, target, *data):
    """Makes the function known to children by this name."""
    Gmproc.register_target(name, _as_target(target), *data)


def register_function(name, in_type, out_type, function, *data):
    """Makes the function known to the workers of pools by this name."""
    Gmproc.register_function(name, in_type, out_type, _as_function(function), *data)


class Process(Gmproc.Process):
    """A process; a subclass overrides do_run()."""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if 'do_run' in cls.__dict__:
            cls.do_run = _as_target(cls.__dict__['do_run'])


Process = override(Process)

for _function in (init, register_target, register_function):
    globals()[_function.__name__] = _function
    __all__.append(_function.__name__)
__all__.append('Process')
