// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: 2026 The libgmproc authors
//
// The library from JavaScript: this script starts processes of itself. It prints TAP.

imports.gi.versions.Gmproc = '1';
imports.gi.versions.Squares = '1';

const { GLib, GObject, Gmproc, Squares } = imports.gi;
const System = imports.system;

const BOUND = 60 * GLib.USEC_PER_SEC; // only a hang takes that long

// --- what runs in children -----------------------------------------------------------------------

function square(item) {
  const number = item.get_int64();

  if (number < 0)
    throw new RangeError('a negative number');
  return new GLib.Variant('x', number * number);
}

// Sends each word back until there is none.
function echo(args) {
  const [words, answers] = args.deepUnpack().map(handle => Gmproc.Queue.from_handle(handle));

  for (;;) {
    const [word] = words.get(BOUND, null).get_string();
    if (word === '')
      return 3;
    answers.put(new GLib.Variant('s', `${word}!`), BOUND, null);
  }
}

function throwError() {
  throw new Error('from a target');
}

const Counter = GObject.registerClass({
  GTypeName: 'Counter',
  Properties: {
    'queue': GObject.ParamSpec.object('queue', '', '', GObject.ParamFlags.READWRITE, Gmproc.Queue),
    'n-numbers': GObject.ParamSpec.int('n-numbers', '', '', GObject.ParamFlags.READWRITE, 0, 99, 0),
  },
}, class Counter extends Gmproc.Process {
  vfunc_run() {
    for (let number = 0; number < this.n_numbers; number++)
      this.queue.put(new GLib.Variant('x', number), BOUND, null);
    return 9;
  }
});

const Thrower = GObject.registerClass({
  GTypeName: 'Thrower',
}, class Thrower extends Gmproc.Process {
  vfunc_run() {
    throw new Error('from a subclass');
  }
});

Squares.get(0); // a library is loaded, with the functions in it, when it is used first
Gmproc.register_function('square', 'x', 'x', square);
Gmproc.register_target('echo', echo);
Gmproc.register_target('throw', throwError);
Gmproc.register_process_type(Counter.$gtype);
Gmproc.register_process_type(Thrower.$gtype);

// --- the tests -----------------------------------------------------------------------------------

function assertEqual(value, expected) {
  const [is, shouldBe] = [JSON.stringify(value), JSON.stringify(expected)];

  if (is !== shouldBe)
    throw new Error(`${is} instead of ${shouldBe}`);
}

function run(process) {
  process.start();
  process.join(BOUND, null);
  return process.get_exit_code();
}

function errorOf(call) {
  try {
    call();
  } catch (error) {
    return error.message;
  }
  throw new Error('the call did not fail');
}

function mapNumbers(name) {
  const numbers = Array.from({ length: 100 }, (_, index) => index);
  const pool = Gmproc.Pool.new(2);
  const result = pool.map(name, new GLib.Variant('ax', numbers), null).deepUnpack();

  pool.close();
  pool.join(BOUND, null);
  assertEqual(result, numbers.map(number => number * number));
}

const tests = {
  messages() {
    const [words, answers] = [Gmproc.Queue.new(0), Gmproc.Queue.new(0)];
    const handles = new GLib.Variant('(hh)', [words.get_handle(), answers.get_handle()]);
    const process = Gmproc.Process.new('echo', handles);

    process.start();
    for (const word of ['one', 'two', ''])
      words.put(new GLib.Variant('s', word), BOUND, null);
    assertEqual(answers.get(BOUND, null).deepUnpack(), 'one!');
    assertEqual(answers.get(BOUND, null).deepUnpack(), 'two!');
    process.join(BOUND, null);
    assertEqual(process.get_exit_code(), 3);
  },

  subclass() {
    const counter = new Counter({ queue: Gmproc.Queue.new(0), n_numbers: 3 });

    assertEqual(run(counter), 9);
    for (let number = 0; number < 3; number++)
      assertEqual(counter.queue.get(0, null).get_int64(), number);
  },

  pool() {
    mapNumbers('square');
  },

  'pool with a function in C'() {
    assertEqual(Squares.get(3), 9);
    mapNumbers('square_in_c');
  },

  'error in a pool'() {
    const pool = Gmproc.Pool.new(1);
    const items = new GLib.Variant('ax', [1, -1]);
    const message = errorOf(() => pool.map('square', items, null));

    assertEqual(message.includes('item 1') && message.includes('a negative number'), true);
  },

  'exit codes of errors'() {
    assertEqual(run(Gmproc.Process.new('throw', null)), 1);
    assertEqual(run(new Thrower()), 1);
  },

  'unknown name'() {
    const process = Gmproc.Process.new('nobody', null);

    assertEqual(errorOf(() => process.start()).includes('nobody'), true);
  },
};

function main() {
  let nFailed = 0;

  print(`1..${Object.keys(tests).length}`);
  Object.entries(tests).forEach(([name, test], index) => {
    try {
      test();
      print(`ok ${index + 1} - /gjs/${name}`);
    } catch (error) {
      nFailed++;
      print(`not ok ${index + 1} - /gjs/${name}`);
      print(`# ${error.message}`.replaceAll('\n', '\n# '));
    }
  });
  return nFailed > 0 ? 1 : 0;
}

const status = Gmproc.init([System.programInvocationName, ...ARGV]);
System.exit(status >= 0 ? status : main());
