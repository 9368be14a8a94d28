# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The libgmproc authors
"""The library from Python: this script starts processes of itself. It prints TAP.

With arguments it is a program that a test starts: `python.py MODE`.
"""

import os
import subprocess
import sys

import gi

gi.require_version('Gmproc', '1')
gi.require_version('Squares', '1')
from gi.repository import GLib, GObject, Gmproc, Squares  # noqa: E402

BOUND = 60 * GLib.USEC_PER_SEC  # only a hang takes that long


# --- what runs in children ------------------------------------------------------------------------

def square(item):
    number = item.get_int64()
    if number < 0:
        raise ValueError('unlucky number')
    return GLib.Variant('x', number * number)


def echo(args):
    """Sends each word back until there is none."""
    words, answers = (Gmproc.Queue.from_handle(handle) for handle in args)
    word = words.get(BOUND, None).get_string()
    while word:
        answers.put(GLib.Variant('s', word + '!'), BOUND, None)
        word = words.get(BOUND, None).get_string()
    return 3


def describe(args):
    answers = Gmproc.Queue.from_handle(args[0])
    answers.put(GLib.Variant('(sbas)', (Gmproc.Process.get_current().get_name(),
                                        sys.flags.dont_write_bytecode == 1, sys.argv[3:])),
                BOUND, None)


def start_another(args):
    child = Gmproc.Process.new('describe', args)
    child.start()
    child.join(BOUND, None)
    return child.get_exit_code()


def end(args):
    """In the way that the argument names."""
    way = args.get_string()
    if way == 'nothing':
        return None
    if way == 'exit':
        sys.exit(8)
    if way == 'exit with a message':
        sys.exit('no more')
    if way == 'error':
        raise GLib.Error('a message for people', 'a-domain', 1)
    raise KeyError(way)


def print_much(args):
    print('line\n' * args.get_int32(), end='')


def wait_for_ever(args):
    Gmproc.Queue.from_handle(args[0]).put(GLib.Variant('x', os.getpid()), BOUND, None)
    Gmproc.Event.new().wait(Gmproc.FOREVER, None)


class Counter(Gmproc.Process):
    __gtype_name__ = 'Counter'

    queue = GObject.Property(type=Gmproc.Queue)
    n_numbers = GObject.Property(type=int)

    def do_run(self):
        for number in range(self.n_numbers):
            self.queue.put(GLib.Variant('x', number), BOUND, None)
        return 9


class Thrower(Gmproc.Process):
    __gtype_name__ = 'Thrower'

    def do_run(self):
        raise KeyError('from a subclass')


Squares.get(0)  # a library is loaded, with the functions in it, when it is used first
Gmproc.register_function('square', 'x', 'x', square)
for target in (echo, describe, start_another, end, print_much, wait_for_ever):
    Gmproc.register_target(target.__name__, target)
for process_type in (Counter, Thrower):
    Gmproc.register_process_type(process_type)


# --- the tests ------------------------------------------------------------------------------------

def run(process):
    """Starts it, and returns its exit code."""
    process.start()
    process.join(BOUND, None)
    return process.get_exit_code()


def handles(*objects):
    return GLib.Variant('(' + 'h' * len(objects) + ')', [one.get_handle() for one in objects])


def error_of(function, *args):
    """The message of the error with which a call fails."""
    try:
        function(*args)
    except GLib.Error as error:
        return error.message
    raise AssertionError(f'{function} did not fail')


def run_script(arguments, **options):
    return subprocess.run([sys.executable, *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60, check=False, **options)


def test_messages():
    words, answers = Gmproc.Queue.new(0), Gmproc.Queue.new(0)
    process = Gmproc.Process.new('echo', handles(words, answers))
    process.start()
    for word in ('one', 'two', ''):
        words.put(GLib.Variant('s', word), BOUND, None)
    assert [answers.get(BOUND, None).get_string() for _ in range(2)] == ['one!', 'two!']
    process.join(BOUND, None)
    assert process.get_exit_code() == 3


def test_subclass():
    counter = Counter(queue=Gmproc.Queue.new(0), n_numbers=3)
    assert run(counter) == 9
    assert [counter.queue.get(0, None).get_int64() for _ in range(3)] == [0, 1, 2]
    assert counter.queue.is_empty()


def map_numbers(name):
    pool = Gmproc.Pool.new(2)
    result = pool.map(name, GLib.Variant('ax', range(100)), None).unpack()
    pool.close()
    pool.join(BOUND, None)
    return result


def test_pool():
    assert map_numbers('square') == [number * number for number in range(100)]


def test_pool_with_function_in_c():
    assert Squares.get(3) == 9
    assert map_numbers('square_in_c') == [number * number for number in range(100)]


def test_error_in_pool():
    pool = Gmproc.Pool.new(1)
    message = error_of(pool.map, 'square', GLib.Variant('ax', [1, -1]), None)
    assert 'item 1' in message and 'ValueError: unlucky number' in message, message
    assert __file__.rsplit('/', maxsplit=1)[-1] in message, message
    assert pool.apply('square', GLib.Variant('x', 4), None).unpack() == 16


def test_exit_codes():
    def code(way):
        return run(Gmproc.Process.new('end', GLib.Variant('s', way)))

    assert code('nothing') == 0
    assert code('exit') == 8
    assert code('exit with a message') == 1
    assert code('error') == 1
    assert code('an exception') == 1
    assert run(Thrower()) == 1


def test_messages_of_errors():
    text = run_script([__file__, 'end']).stderr
    assert 'no more' in text, text
    assert 'a message for people' in text, text
    assert 'KeyError' in text and 'an exception' in text, text


def test_unknown_names():
    pool = Gmproc.Pool.new(1)
    assert 'nobody' in error_of(Gmproc.Process.new('nobody', None).start)
    assert 'nobody' in error_of(pool.map, 'nobody', GLib.Variant('ax', []), None)
    assert 'nobody' in error_of(pool.apply, 'nobody', GLib.Variant('x', 1), None)


def test_output_is_whole():
    """What a child printed into Python's buffer is written when it ends."""
    result = run_script([__file__, 'print'])
    assert result.returncode == 0, result.stderr
    assert result.stdout == 'line\n' * 10000


def test_same_interpreter_and_script():
    """PR-38: with the options of the interpreter, a relative name, and another current folder."""
    folder, name = os.path.split(os.path.abspath(__file__))
    result = run_script(['-B', name, 'describe', 'argument'], cwd=folder)
    assert result.stdout == "('Process-1', True, [])\n", result.stdout + result.stderr


def test_child_of_child():
    answers = Gmproc.Queue.new(0)
    process = Gmproc.Process.new('start_another', handles(answers))
    process.set_name('Parent')
    assert run(process) == 0
    name, _, arguments = answers.get(BOUND, None).unpack()
    assert name.startswith('Process-') and name.endswith(':1') and arguments == [], name


def test_module():
    """`python -m` and `python -c` find their way back too."""
    folder, name = os.path.split(os.path.abspath(__file__))
    result = run_script(['-B', '-m', name.removesuffix('.py'), 'describe', 'argument'], cwd=folder,
                        env=dict(os.environ, GMPROC_TEST_STAY='yes'))
    assert result.stdout == "('Process-1', True, [])\n", result.stdout + result.stderr

    with open(__file__, encoding='utf-8') as script:
        text = f'__file__ = {__file__!r}\n{script.read()}'
    result = run_script(['-B', '-c', text, 'describe', 'argument'])
    assert result.stdout == "('Process-1', True, [])\n", result.stdout + result.stderr


def test_script_from_standard_input():
    """There is nothing that a child could read again, and start says so."""
    text = """
import sys, gi
gi.require_version('Gmproc', '1')
from gi.repository import Gmproc
Gmproc.register_target('target', print)
Gmproc.init(sys.argv)
Gmproc.Process.new('target', None).start()
"""
    for arguments in ([], ['-'], ['-', 'argument']):
        result = run_script(arguments, input=text)
        assert result.returncode != 0, arguments
        assert 'names no script' in result.stderr, result.stderr


def test_ends_with_its_daemons():
    """At the end of the script its daemons are ended; a join would never return."""
    result = run_script([__file__, 'daemon'])
    assert result.returncode == 0, result.stderr
    pid = int(result.stdout)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return
    raise AssertionError(f'process {pid} still runs')


# --- programs that tests start --------------------------------------------------------------------

def mode_end():
    for way in ('exit with a message', 'error', 'an exception'):
        run(Gmproc.Process.new('end', GLib.Variant('s', way)))


def mode_print():
    sys.exit(run(Gmproc.Process.new('print_much', GLib.Variant('i', 10000))))


def mode_describe():
    if 'GMPROC_TEST_STAY' not in os.environ:
        os.chdir('/')
    answers = Gmproc.Queue.new(0)
    run(Gmproc.Process.new('describe', handles(answers)))
    print(answers.get(BOUND, None).unpack())


def mode_daemon():
    answers = Gmproc.Queue.new(0)
    process = Gmproc.Process.new('wait_for_ever', handles(answers))
    process.set_daemon(True)
    process.start()
    print(answers.get(BOUND, None).unpack())


def main():
    if sys.argv[1:] and sys.argv[1].isalpha():
        return globals()['mode_' + sys.argv[1]]()

    tests = [(name, test) for name, test in globals().items() if name.startswith('test_')]
    n_failed = 0
    print(f'1..{len(tests)}')
    for number, (name, test) in enumerate(tests, 1):
        try:
            test()
        except Exception as problem:  # a failure of any kind is a failed case
            n_failed += 1
            print(f'not ok {number} - /python/{name[5:]}')
            print(f'# {type(problem).__name__}: {problem}'.replace('\n', '\n# '))
        else:
            print(f'ok {number} - /python/{name[5:]}')
        sys.stdout.flush()
    return n_failed > 0


if __name__ == '__main__':
    Gmproc.init(sys.argv)
    sys.exit(main())
