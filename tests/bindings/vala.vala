// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: 2026 The libgmproc authors
//
// The library from Vala: this program starts processes of itself. It prints TAP.

const int64 BOUND = 60 * TimeSpan.SECOND; // only a hang takes that long

// Sends each word back until there is none.
int echo (Variant? args) throws Error {
  int32 words_handle, answers_handle;

  args.get ("(hh)", out words_handle, out answers_handle);
  var words = Gmproc.Queue.from_handle (words_handle);
  var answers = Gmproc.Queue.from_handle (answers_handle);

  for (;;) {
    var word = words.get (BOUND, null).get_string ();
    if (word == "")
      return 3;
    answers.put (new Variant.string (word + "!"), BOUND, null);
  }
}

Variant? square (Variant item) throws Error {
  var number = item.get_int64 ();

  if (number < 0)
    throw new IOError.INVALID_ARGUMENT ("a negative number");
  return new Variant.int64 (number * number);
}

class Counter : Gmproc.Process {
  public Gmproc.Queue queue { get; set; }
  public int n_numbers { get; set; }

  public override int run () throws Error {
    for (var number = 0; number < n_numbers; number++)
      queue.put (new Variant.int64 (number), BOUND, null);
    return 9;
  }
}

int run (Gmproc.Process process) throws Error {
  process.start ();
  process.join (BOUND, null);
  return process.get_exit_code ();
}

void test_messages () throws Error {
  var words = new Gmproc.Queue (0);
  var answers = new Gmproc.Queue (0);
  var handles = new Variant ("(hh)", words.get_handle (), answers.get_handle ());
  var process = new Gmproc.Process.by_name ("echo", handles);

  process.start ();
  foreach (var word in new string[] { "one", "two", "" })
    words.put (new Variant.string (word), BOUND, null);
  assert (answers.get (BOUND, null).get_string () == "one!");
  assert (answers.get (BOUND, null).get_string () == "two!");
  process.join (BOUND, null);
  assert (process.get_exit_code () == 3);
}

void test_subclass () throws Error {
  var counter = (Counter) Object.new (typeof (Counter), "n-numbers", 3);

  counter.queue = new Gmproc.Queue (0);
  assert (run (counter) == 9);
  for (var number = 0; number < 3; number++)
    assert (counter.queue.get (0, null).get_int64 () == number);
}

void test_pool () throws Error {
  var pool = new Gmproc.Pool (2);
  Variant[] numbers = { new Variant.int64 (3), new Variant.int64 (4) };
  var squares = pool.map_by_name ("square", new Variant.array (VariantType.INT64, numbers), null);

  assert (squares.print (false) == "[9, 16]");
  try {
    pool.apply_by_name ("square", new Variant.int64 (-1), null);
    assert_not_reached ();
  } catch (IOError error) {
    assert (error is IOError.INVALID_ARGUMENT && "a negative number" in error.message);
  }
  pool.close ();
  pool.join (BOUND, null);
}

int main (string[] args) {
  unowned string[] arguments = args;

  Gmproc.register_target_full ("echo", echo);
  Gmproc.register_function_full ("square", "x", "x", square);
  Gmproc.register_process_gtype (typeof (Counter));
  Gmproc.init (ref arguments);

  print ("1..3\n");
  try {
    test_messages ();
    print ("ok 1 - /vala/messages\n");
    test_subclass ();
    print ("ok 2 - /vala/subclass\n");
    test_pool ();
    print ("ok 3 - /vala/pool\n");
  } catch (Error error) {
    print ("Bail out! %s\n", error.message);
    return 1;
  }
  return 0;
}
