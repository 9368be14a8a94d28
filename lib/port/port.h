/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The contract between the library and an operating system.
 *
 * Everything that GLib does not offer and that differs between systems is declared here, once,
 * and defined in pairs of files: <subject>-posix.c and <subject>-win32.c. Nothing above lib/port
 * knows which of the two it runs on.
 *
 * Words that hold for every subject
 *
 *   handle    An operating-system object: a file descriptor, or a HANDLE. It fits a gintptr, and
 *             GMPROC_PORT_NO_HANDLE stands for none. No handle is inherited by a child unless it
 *             is named in gmproc_port_child_start().
 *   deadline  A point of g_get_monotonic_time(), in microseconds. GMPROC_PORT_FOREVER never
 *             comes; a point in the past makes a call try once and not wait.
 *   place     Memory inside a shared mapping, zeroed before its first use, seen by several
 *             processes, possibly at different addresses. It holds no pointer.
 *   create    Gives a place its first contents; exactly one process does it, before any other
 *             attaches. attach makes a process-local view of a place that was created elsewhere.
 *             detach ends the view and leaves the place alone.
 *
 * Errors: a function with a GError fills it if and only if it returns FALSE, NULL or -1, in
 * G_IO_ERROR, and the message names the call that failed. A function that destroys accepts the
 * empty value and leaves the empty value behind.
 *
 * Threads: calls on different objects may run at once. What a subject adds to this stands there.
 * Nothing here may run between fork() and exec().
 *
 * Nothing here changes what the process as a whole does with a signal, a descriptor or a locale.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define GMPROC_PORT_NO_HANDLE ((gintptr) -1)
#define GMPROC_PORT_FOREVER G_MAXINT64

/* -- handle ------------------------------------------------------------------------------------
 * duplicate: a second handle for the same object, of the same process. The caller owns it.
 * is_valid:  whether the number names an open handle of this process now.
 * close:     ends *handle and makes it GMPROC_PORT_NO_HANDLE. Never fails, never retries.
 * new_context: a GMainContext. Where it takes a handle and none is left GLib ends the program, so
 *            this looks first: G_IO_ERROR_TOO_MANY_OPEN_FILES. Another thread can still take the
 *            last one.
 */
gboolean gmproc_port_handle_duplicate (gintptr handle, gintptr *ret_copy, GError **error);
gboolean gmproc_port_handle_is_valid (gintptr handle);
void gmproc_port_handle_close (gintptr *handle);
GMainContext *gmproc_port_new_context (GError **error);

/* -- channel -----------------------------------------------------------------------------------
 * A stream of bytes from one process to another, in order, with an end. new_pipe makes the reading
 * and the writing handle; the caller owns both.
 *
 * A GmprocPortChannel is this process's view of one end. attach takes the handle over, unless it
 * fails; detach closes it (the last close of a write end is the end of the stream at the reader).
 * One thread may read while another writes; the caller keeps two readers, or two writers, apart.
 *
 * read:  at least one byte, as many as are there up to SIZE, or 0 at the end of the stream.
 * write: at least one byte of the vectors' contents, in order; the count may be smaller than
 *        asked. G_IO_ERROR_CLOSED when nobody is left to read; no signal is raised.
 * poll:  TRUE as soon as a read would not wait, so also at the end of the stream.
 * All three: G_IO_ERROR_TIMED_OUT when the deadline passes first, G_IO_ERROR_CANCELLED.
 * create_source: a GSource that is ready as long as a read (G_IO_IN) would not wait, or there may
 * be room for a write (G_IO_OUT). It is a child of another source, and needs no callback. After a
 * detach it says anything, and does no harm. An end that several processes hold may be read by
 * another between poll and read: read then waits again, it does not return 0.
 *
 * get_atomic_size: a write of at most that many bytes arrives whole or not at all, and in one
 * piece, however many write to the same pipe and whenever they are killed.
 */
typedef struct
{
  gintptr handle;
  gboolean expect_wait; /* a hint: the next read waits first; after a read, whether it waited */
  gpointer system;      /* what the system needs beside the handle */
} GmprocPortChannel;

#define GMPROC_PORT_CHANNEL_INIT       \
  {                                    \
    GMPROC_PORT_NO_HANDLE, FALSE, NULL \
  }

gboolean gmproc_port_channel_new_pipe (gintptr *ret_reader, gintptr *ret_writer, GError **error);
gsize gmproc_port_channel_get_atomic_size (void);
gboolean gmproc_port_channel_attach (GmprocPortChannel *channel, gintptr handle, GError **error);
void gmproc_port_channel_detach (GmprocPortChannel *channel);
gssize gmproc_port_channel_read (GmprocPortChannel *channel, gpointer buffer, gsize size,
                                 gint64 deadline, GCancellable *cancellable, GError **error);
gssize gmproc_port_channel_write (GmprocPortChannel *channel, const GOutputVector *vectors,
                                  gsize n_vectors, gint64 deadline, GCancellable *cancellable,
                                  GError **error);
gboolean gmproc_port_channel_poll (GmprocPortChannel *channel, gint64 deadline,
                                   GCancellable *cancellable, GError **error);
GSource *gmproc_port_channel_create_source (GmprocPortChannel *channel, GIOCondition condition);

/* -- courier -----------------------------------------------------------------------------------
 * Takes handles from one process to another, beside channels of bytes between the two.
 *
 * new_pair: the two ends; the caller owns both.
 * attach takes the handle over; detach closes it, and what arrived and was not asked for.
 * send:     copies of HANDLES, at most GMPROC_PORT_COURIER_MAX, leave as a whole or not at all. The
 *           caller keeps its own. *ret_ticket are the bytes that the receiver gets them for; it is
 *           sent after this. May wait, if many were sent and not received. G_IO_ERROR_CLOSED,
 *           G_IO_ERROR_TIMED_OUT, G_IO_ERROR_CANCELLED; G_IO_ERROR_TOO_MANY_OPEN_FILES when no
 *           more may be on their way.
 * create_source: a GSource that is ready as long as a send would not wait.
 * receive:  the handles that TICKET stands for; the caller owns them and the array (g_free()).
 *           TICKET comes from another process and is not trusted. Never waits, because the handles
 *           left before their ticket did. G_IO_ERROR_NOT_FOUND when they did not come;
 *           G_IO_ERROR_TOO_MANY_OPEN_FILES when this process has no room for them; they are lost.
 *
 * A sender that is killed between the two leaves handles for which no ticket comes. They are closed
 * when a later ticket is looked for, and at the latest when both ends are. Where a system keeps
 * what was sent in the sender until it is received, the end of the sender closes it.
 *
 * Several processes may send through one end. Of those that hold the other, one receives.
 */
#define GMPROC_PORT_COURIER_MAX 250

typedef struct
{
  gintptr handle;
  gpointer system; /* what arrived and was not asked for, where the system needs that */
} GmprocPortCourier;

#define GMPROC_PORT_COURIER_INIT \
  {                              \
    GMPROC_PORT_NO_HANDLE, NULL  \
  }

gboolean gmproc_port_courier_new_pair (gintptr *ret_first, gintptr *ret_second, GError **error);
gboolean gmproc_port_courier_attach (GmprocPortCourier *courier, gintptr handle, GError **error);
void gmproc_port_courier_detach (GmprocPortCourier *courier);
gboolean gmproc_port_courier_send (GmprocPortCourier *courier, const gintptr *handles,
                                   guint n_handles, GBytes **ret_ticket, gint64 deadline,
                                   GCancellable *cancellable, GError **error);
GSource *gmproc_port_courier_create_source (GmprocPortCourier *courier);
gboolean gmproc_port_courier_receive (GmprocPortCourier *courier, GBytes *ticket,
                                      gintptr **ret_handles, guint *ret_n_handles, GError **error);

/* -- socket ------------------------------------------------------------------------------------
 * Handles beside the bytes of a stream between two programs that are no relatives.
 *
 * find_file: what tells the file of a socket from all others that are there at the same time;
 *          FALSE when PATH is none.
 * carries_handles: whether this socket can: a Unix socket, where the system has SCM_RIGHTS.
 * send:    as much of the vectors' contents as there is room for; copies of HANDLES, at most
 *          GMPROC_PORT_COURIER_MAX, leave with the first byte. The caller keeps its own.
 * receive: at least one byte, as many as are there up to SIZE, or 0 at the end of the stream.
 * Handles that came with these bytes are added to ARRIVALS. The peer is not trusted: of more than
 *          GMPROC_PORT_COURIER_MAX the rest is closed.
 * Neither waits: G_IO_ERROR_WOULD_BLOCK. G_IO_ERROR_CONNECTION_CLOSED when the peer is gone; no
 * signal is raised.
 *
 * arrivals_clear closes what arrived, and leaves it empty.
 */
typedef struct
{
  gintptr *handles; /* NULL as long as there are none */
  guint n_handles;
  gboolean is_cut; /* some were lost: too many, or no room for them in this process */
} GmprocPortArrivals;

typedef struct
{
  guint64 volume;
  guint64 number;
} GmprocPortFileId;

gboolean gmproc_port_socket_find_file (const char *path, GmprocPortFileId *ret);
gboolean gmproc_port_socket_carries_handles (GSocket *socket);
gssize gmproc_port_socket_send (GSocket *socket, const GOutputVector *vectors, gsize n_vectors,
                                const gintptr *handles, guint n_handles, GError **error);
gssize gmproc_port_socket_receive (GSocket *socket, gpointer buffer, gsize size,
                                   GmprocPortArrivals *arrivals, GError **error);
void gmproc_port_arrivals_clear (GmprocPortArrivals *arrivals);

/* -- memory ------------------------------------------------------------------------------------
 * An anonymous block that several processes map. It has no name anywhere, starts as zeros, takes
 * real memory only where it is touched, and ends with its last handle and mapping. It never
 * shrinks, so a process that maps it cannot be made to fault by another one.
 *
 * new:      SIZE bytes now; the block may later grow to MAXIMUM. Both are rounded up to pages.
 *           With MAXIMUM equal to SIZE no process can grow it.
 * grow:     makes it at least SIZE bytes; existing contents and mappings stay. Growing to a size
 *           that it has already is no error, so two processes may race.
 * get_size: the size now; also what a received handle is checked with (an error says that the
 *           handle is no such block, or one that could shrink).
 * map:      a view of [OFFSET, OFFSET + SIZE), OFFSET a multiple of get_granularity().
 * map_to_read: the same, but a write to the view faults, where the system can.
 * restrict: a second handle for the block, of the same process; the caller owns it. map and grow
 *           with it are errors. Where the system cannot do that, it is a duplicate.
 * unmap:    ends a view; *mapping becomes NULL.
 * discard:  gives the whole pages inside [OFFSET, OFFSET + SIZE) of a mapping back to the
 *           system; they read as zeros, or as before where the system cannot.
 * get_total: the memory of this system, in bytes, with what it can move to a disk. A block may be
 *           larger, but not all of it can be used.
 */
gboolean gmproc_port_memory_new (gsize size, gsize maximum, gintptr *ret_handle, GError **error);
gboolean gmproc_port_memory_grow (gintptr handle, gsize size, GError **error);
gboolean gmproc_port_memory_get_size (gintptr handle, gsize *ret_size, GError **error);
gpointer gmproc_port_memory_map (gintptr handle, gsize offset, gsize size, GError **error);
gpointer gmproc_port_memory_map_to_read (gintptr handle, gsize offset, gsize size, GError **error);
gboolean gmproc_port_memory_restrict (gintptr handle, gintptr *ret_handle, GError **error);
void gmproc_port_memory_unmap (gpointer *mapping, gsize size);
void gmproc_port_memory_discard (gpointer mapping, gsize offset, gsize size);
gsize gmproc_port_memory_get_granularity (void);
guint64 gmproc_port_memory_get_total (void);

/* -- name --------------------------------------------------------------------------------------
 * A name by which other processes of the same user find a block of memory. It lives in the kernel,
 * in no file system: it is gone with the process that published it, however that process ends.
 *
 * publish:  from now on NAME stands for HANDLE, of which the caller keeps its own, and for NOTE, a
 *           number of the caller's. The caller owns the result. NAME has 1 to GMPROC_PORT_NAME_MAX
 *           bytes of UTF-8, and no slash or backslash; any other character is as good as a letter.
 *           G_IO_ERROR_EXISTS while the name is somebody's, G_IO_ERROR_NOT_SUPPORTED where the
 *           system has no such names.
 * withdraw: the name is free when it returns. Who found the block keeps it.
 * look_up:  a handle of the block, which the caller owns, and the note. G_IO_ERROR_NOT_FOUND;
 *           G_IO_ERROR_PERMISSION_DENIED when another user has taken the name; G_IO_ERROR_TIMED_OUT
 *           when the process that has it does not answer until the deadline, because it is stopped.
 *
 * Users who are logged in apart, or have other namespaces of the network, have other names. A copy
 * of the publisher that a fork() of the program made keeps the name taken as long as it lives, and
 * does not answer.
 */
#define GMPROC_PORT_NAME_MAX 64

typedef struct GmprocPortName GmprocPortName;

GmprocPortName *gmproc_port_name_publish (const char *name, gintptr handle, guint64 note,
                                          GError **error);
void gmproc_port_name_withdraw (GmprocPortName **name);
gboolean gmproc_port_name_look_up (const char *name, gint64 deadline, gintptr *ret_handle,
                                   guint64 *ret_note, GError **error);

/* -- lock --------------------------------------------------------------------------------------
 * Mutual exclusion between threads and processes that knows its owner: when the owner's thread
 * or process ends, however it ends, the next one that asks gets the lock and is told.
 *
 * The place lies in shared memory. Where the system's lock is a kernel object, LOCK->handle is
 * that object, and whoever passes the place to another process passes the handle beside it;
 * elsewhere it is GMPROC_PORT_NO_HANDLE. attach takes over the handle that it is given.
 *
 * acquire: ACQUIRED   the caller owns it.
 *          ABANDONED  the caller owns it; the owner before ended without releasing. The lock
 *                     works on as usual; what it protects may be in the middle of a change.
 *          HELD       the calling thread owns it already; nothing changed.
 *          TIMED_OUT, CANCELLED  not acquired. A deadline in the past only tries.
 * try:     ACQUIRED, ABANDONED, or TIMED_OUT for a lock that anybody holds, the caller or another
 *          one. Costs no system call, and nothing to the one who holds the lock.
 * release: by the owning thread. FALSE when the caller is not the owner; nothing changed.
 *
 * A cancel may be seen up to 20 ms late, where the system cannot wake a waiter for a mutex.
 */
typedef struct
{
  guint64 opaque[8];
} GmprocPortLockPlace;

typedef struct
{
  GmprocPortLockPlace *place;
  gintptr handle;
} GmprocPortLock;

typedef enum
{
  GMPROC_PORT_LOCK_ACQUIRED,
  GMPROC_PORT_LOCK_ABANDONED,
  GMPROC_PORT_LOCK_HELD,
  GMPROC_PORT_LOCK_TIMED_OUT,
  GMPROC_PORT_LOCK_CANCELLED
} GmprocPortLockResult;

gboolean gmproc_port_lock_create (GmprocPortLock *lock, GmprocPortLockPlace *place, GError **error);
gboolean gmproc_port_lock_attach (GmprocPortLock *lock, GmprocPortLockPlace *place, gintptr handle,
                                  GError **error);
void gmproc_port_lock_detach (GmprocPortLock *lock);
GmprocPortLockResult gmproc_port_lock_acquire (GmprocPortLock *lock, gint64 deadline,
                                               GCancellable *cancellable);
GmprocPortLockResult gmproc_port_lock_try (GmprocPortLock *lock);
gboolean gmproc_port_lock_release (GmprocPortLock *lock);

/* -- word --------------------------------------------------------------------------------------
 * A counter in shared memory that processes wait on. It is the only way in which anything here
 * sleeps for another process's memory.
 *
 * load:    the count now (acquire).
 * wait:    sleeps while the count is EXPECTED. FALSE if and only if the deadline passed; TRUE
 *          may also come early, so the caller looks at its condition again.
 * advance: adds one (release) and wakes every waiter; costs no system call when there is none.
 *          Whoever loaded the count before advance and waits after it does not sleep.
 *
 * advance_and_add: advance, and adds DELTA (at most GMPROC_PORT_WORD_LARGEST_DELTA) to STATE, which
 *          lies in shared memory.
 *          Killed in the middle of it, a process leaves STATE as it was, and who sleeps may sleep
 * on; or STATE is changed, and nobody sleeps. Who is woken may find STATE as it was, and sees the
 * change a moment later; where the system can do both in one step, it finds it changed.
 *
 * wait_state: the same for a counter STATE of the caller's, of which it knows by one load that it
 * has gone on. add_state: adds DELTA (as above) to STATE and wakes all who sleep in wait_state.
 * Killed in the middle of it, a process leaves STATE as it was, and who sleeps sleeps on; or it is
 *          changed, and nobody sleeps. Where the system cannot do both in one step, somebody may
 *          then sleep until the own deadline although STATE is changed.
 *
 * A waiter that is killed costs the others nothing but a needless wake-up call.
 * The handle is as for the lock.
 */
typedef struct
{
  guint32 count;
  guint32 waiters;
  guint32 opaque[2];
} GmprocPortWordPlace;

#define GMPROC_PORT_WORD_LARGEST_DELTA (2047)

typedef struct
{
  GmprocPortWordPlace *place;
  gintptr handle;
} GmprocPortWord;

gboolean gmproc_port_word_create (GmprocPortWord *word, GmprocPortWordPlace *place, GError **error);
gboolean gmproc_port_word_attach (GmprocPortWord *word, GmprocPortWordPlace *place, gintptr handle,
                                  GError **error);
void gmproc_port_word_detach (GmprocPortWord *word);
guint32 gmproc_port_word_load (const GmprocPortWord *word);
gboolean gmproc_port_word_wait (GmprocPortWord *word, guint32 expected, gint64 deadline);
void gmproc_port_word_advance (GmprocPortWord *word);
void gmproc_port_word_advance_and_add (GmprocPortWord *word, guint32 *state, guint32 delta);
gboolean gmproc_port_word_wait_state (GmprocPortWord *word, guint32 *state, guint32 expected,
                                      gint64 deadline);
void gmproc_port_word_add_state (GmprocPortWord *word, guint32 *state, guint32 delta);

/* -- child -------------------------------------------------------------------------------------
 * A process that runs a program with the library in it, given a block of bytes and handles.
 *
 * start:   runs a program as OPTIONS say. The child has the standard streams of the options, the
 *          handles in them (copies; the caller keeps its own), and nothing else. start does not
 *          wait for the child to come to its main, and a bootstrap may be of any size. The caller
 *          owns the child. Starting is safe from any thread at any time. After an error nothing
 *          was started and nothing is left open. G_IO_ERROR_NOT_SUPPORTED for a method or an option
 *          that the system has not; G_IO_ERROR_CANCELLED for a cancel that it saw.
 * watch:   calls EXITED once, in the context that was the thread's default when watch was
 *          called, after the child has ended and was reaped. Exactly one watch per child. The
 *          child may be freed before; EXITED still comes.
 * signal:  asks the child to end. Never hits another process that got the same id; on a child
 *          that has ended it does nothing.
 * is_copied: whether receive will not return in this process, but in copies that are made of it; so
 *          what each of them needs is better done before.
 * receive: in the child, at the start of main: if this process was started by start, takes what
 *          start was given and removes the mark from the argument vector; TRUE with *ret_handles
 *          (owned, as are the handles in it; g_free()) and *ret_bootstrap. FALSE without an error:
 *          this is an ordinary start, or a privileged (set-user-ID) one, which never takes a
 *          bootstrap. FALSE with an error: the bootstrap is damaged.
 *
 * release: ends what start keeps for later starts. Before the process ends, and not while another
 *          thread starts a child.
 * has_method: whether start can do it on this system, in this program.
 *
 * FORKSERVER changes how long start takes and not what the child is: it has of the caller what a
 * spawned one has, as it is at the time of the start. What happens in a program before receive was
 * done once, in the process that is copied. A child that runs another program is spawned.
 *
 * The exit status is the child's, or -N when signal N ended it. Where the system knows no
 * signals, TERMINATE gives -15, KILL -9 and INTERRUPT -2 when signal was what ended it. When
 * somebody else has reaped the child the status is lost, and 255 is given.
 */
typedef struct GmprocPortChild GmprocPortChild;

typedef enum
{
  GMPROC_PORT_SIGNAL_INTERRUPT,
  GMPROC_PORT_SIGNAL_TERMINATE,
  GMPROC_PORT_SIGNAL_KILL,
  GMPROC_PORT_SIGNAL_CONTINUE /* lets one that was stopped go on; nothing where there is no such */
} GmprocPortSignal;

typedef enum
{
  GMPROC_PORT_METHOD_SPAWN,     /* the program is run anew */
  GMPROC_PORT_METHOD_FORKSERVER /* a copy of a process that has come to receive before */
} GmprocPortMethod;

/* Whatever is zero has the default that stands there. All is borrowed for the call. */
typedef struct
{
  GmprocPortMethod method;
  const char *executable;

  /* The words of the child's argument vector before the mark, from argv[0] on; for an interpreter
   * that has to read its script again. NULL: the executable alone. */
  const char *const *command;
  const char *label; /* shows in ps; any text */
  GBytes *bootstrap;
  const gintptr *handles;
  guint n_handles;
  const char *const *environment; /* "NAME=value", ended by NULL; NULL: this process's own, now */
  const char *working_directory;  /* NULL: this process's own, now */
  gboolean ends_with_parent;      /* a system that can ends the child after this process, however
                                   * either of them fares; elsewhere the child has to look itself */

  /* NULL, or the child's standard input, output and error. GMPROC_PORT_NO_HANDLE, and NULL for all
   * three, is an input that is empty, and this process's own output and error. */
  const gintptr *streams;

  GCancellable *cancellable; /* or NULL; looked at where start may have to wait for long */
} GmprocPortChildOptions;

#define GMPROC_PORT_N_STREAMS 3

typedef void (*GmprocPortChildExited) (GmprocPortChild *child, int exit_status, gpointer user_data);

gboolean gmproc_port_child_has_method (GmprocPortMethod method);
GmprocPortChild *gmproc_port_child_start (const GmprocPortChildOptions *options, GError **error);
gint64 gmproc_port_child_get_pid (GmprocPortChild *child);
void gmproc_port_child_watch (GmprocPortChild *child, GmprocPortChildExited exited,
                              gpointer user_data);
void gmproc_port_child_signal (GmprocPortChild *child, GmprocPortSignal signal);
void gmproc_port_child_free (GmprocPortChild *child);
void gmproc_port_child_release (void);
gboolean gmproc_port_child_is_copied (int argc, char **argv);
gboolean gmproc_port_child_receive (int *argc, char ***argv, GBytes **ret_bootstrap,
                                    gintptr **ret_handles, guint *ret_n_handles, GError **error);

/* -- stream ------------------------------------------------------------------------------------
 * Handles to give to a child as standard streams.
 *
 * new_pipe:      a pipe between this process and the standard stream NUMBER (0 to 2) of a child:
 *                *ret_given is for the child, *ret_kept for this process. The caller owns both.
 * wrap:          a GOutputStream for number 0, else a GInputStream, that owns KEPT. It may need a
 *                descriptor for a moment, and GLib ends the program if there is none; so this is no
 *                part of a start.
 * open_empty:    nothing can be read from it, and what is written is lost.
 * get_own_input: this process's standard input, borrowed; GMPROC_PORT_NO_HANDLE if it has none.
 */
gboolean gmproc_port_stream_new_pipe (int number, gintptr *ret_given, gintptr *ret_kept,
                                      GError **error);
gpointer gmproc_port_stream_wrap (int number, gintptr kept);
gboolean gmproc_port_stream_open_empty (gintptr *ret_handle, GError **error);
gintptr gmproc_port_stream_get_own_input (void);

/* -- presence ----------------------------------------------------------------------------------
 * Whether a process lives, asked by another one that is not its parent. The place lies in shared
 * memory, and has what tells the process from a later one with the same id.
 *
 * announce:  writes this process into the place.
 * keep:      makes has_ended exact and quick for this place for the rest of the process's life:
 *            well under a microsecond where the system can, with no system call. Costs a thread.
 * has_ended: whether the process that announced itself is gone. One that is stopped (SIGSTOP, a
 *            debugger) is not. Without keep it asks the system, which takes some microseconds. A
 *            process that cannot be asked about counts as living.
 * map:       a view, to read only, of the block of memory that is HANDLE in that process. It needs
 *            nothing of the process but that it exists, so it may be stopped. An error where the
 *            system has no such thing, or does not allow it.
 */
typedef struct
{
  gint64 pid; /* atomic; 0 for nobody */
  guint64 birth;
  guint32 is_kept;
  guint32 has_ended;
  GmprocPortLockPlace lock;
} GmprocPortPresencePlace;

void gmproc_port_presence_announce (GmprocPortPresencePlace *place);
gboolean gmproc_port_presence_keep (GmprocPortPresencePlace *place, GError **error);
gboolean gmproc_port_presence_has_ended (GmprocPortPresencePlace *place);
gpointer gmproc_port_presence_map (const GmprocPortPresencePlace *place, gintptr handle, gsize size,
                                   GError **error);

/* -- thread ------------------------------------------------------------------------------------
 * new:    a thread of the library's own, in which no signal handler of the program runs: a signal
 *         that the program waits for in a thread of its own must not be taken by one of ours.
 * get_id: the number by which a debugger names the calling thread.
 */
GThread *gmproc_port_thread_new (const char *name, GThreadFunc function, gpointer user_data,
                                 GError **error);
guint32 gmproc_port_thread_get_id (void);

/* -- lifeline ----------------------------------------------------------------------------------
 * Tells a process that another one is gone, however that one ended and whichever of its threads
 * made the lifeline.
 *
 * new:       *ret_keep stays with the caller for its whole life and is given to nobody;
 *            *ret_give goes to those who want to know.
 * wait:      returns when the process that keeps the other end has ended.
 * is_broken: the same question, without waiting.
 * create_source: a source without a callback for a main loop, dispatched when a wait would end. The
 *            caller keeps the handle open as long as the source lives.
 */
gboolean gmproc_port_lifeline_new (gintptr *ret_keep, gintptr *ret_give, GError **error);
void gmproc_port_lifeline_wait (gintptr given);
GSource *gmproc_port_lifeline_create_source (gintptr given);
gboolean gmproc_port_lifeline_is_broken (gintptr given);

/* -- leash -------------------------------------------------------------------------------------
 * What a lifeline cannot do: end a process that is stopped and runs nothing. It is a help beside a
 * lifeline and no replacement, because a copy of the keeper that a fork() of the program made keeps
 * it whole, and because not every system has it.
 *
 * new:  *ret_keep stays with the caller for its whole life and is given to nobody; *ret_give goes
 *       to those who are to end. Both are GMPROC_PORT_NO_HANDLE where the system has none.
 * wear: from now on the system kills this process when the one that keeps the other end has ended.
 *       At most once in a process. GIVEN may be closed afterwards. Does nothing where the system
 *       refuses.
 */
gboolean gmproc_port_leash_new (gintptr *ret_keep, gintptr *ret_give, GError **error);
void gmproc_port_leash_wear (gintptr given);

/* -- gate --------------------------------------------------------------------------------------
 * enter: one at a time of all threads and processes of this system that enter for files in PATH's
 *        folder, or for PATH, and nothing is left behind there. The caller owns the handle; closing
 *        it leaves, and so does the end of the process. To be held for a moment only.
 *        G_IO_ERROR_TIMED_OUT, G_IO_ERROR_NOT_FOUND for a folder that does not exist.
 */
gboolean gmproc_port_gate_enter (const char *path, gint64 deadline, gintptr *ret_handle,
                                 GError **error);

/* -- quota -------------------------------------------------------------------------------------
 * get: how many processors' time the system gives to this process and those that it is grouped
 *      with, rounded up; 0 when there is no bound. ROOT is put in front of the paths of the system,
 *      for a test; NULL for none.
 */
guint gmproc_port_quota_get (const char *root);

/* -- random ------------------------------------------------------------------------------------
 * fill: SIZE bytes that nobody can guess, 256 at most.
 */
gboolean gmproc_port_random_fill (gpointer buffer, gsize size, GError **error);

/* -- journal -----------------------------------------------------------------------------------
 * A file that several processes append to.
 *
 * open:   the caller owns *ret_handle. IS_NEW empties the file, or makes it.
 * append: one record, whole and behind everything that others have appended. Where the system fails
 *         (a full disk) the record is lost.
 */
gboolean gmproc_port_journal_open (const char *path, gboolean is_new, gintptr *ret_handle,
                                   GError **error);
void gmproc_port_journal_append (gintptr handle, gconstpointer record, gsize size);

/* -- self --------------------------------------------------------------------------------------
 * get_path:      the program file that this process runs, in a form that start can use even
 *                after the file was replaced or removed. Free with g_free().
 * get_arguments: all words of the command line that this process was started with, from argv[0]
 *                on. Free with g_strfreev().
 * get_pid:       this process. Costs no system call.
 * count_forks:   how often the program has made a copy of this process by fork(). The copy has the
 *                same number as the process, and counts its own from there. Always 0 where there is
 *                no fork().
 * get_thread_mark: a number, never 0, that stands for the calling thread and is given to no other
 *                one, of no process, also later. Its lower half is the process's id, the upper one
 *                is random. After fork() it is another one. Costs no call as a rule.
 * get_rough_time: g_get_monotonic_time(), but up to 20 ms late, for a few nanoseconds.
 * get_n_processors: how many this process may run on, at least 1.
 * get_memory:    the bytes of memory that the process PID, this one or a child, has in use now; 0
 *                where the system does not tell.
 * is_privileged: the program runs with more rights than the user who started it.
 * set_title:     what ps, top and a debugger show for this process and its main thread; any text.
 *                The system may cut it. "" changes nothing.
 * at_exit:       has FUNCTION run by exit(), in the order of atexit(), while the other threads
 *                still run: which atexit() does not give a shared library on every system.
 * end:           ends the process at once, with nothing run and nothing flushed.
 * kill:          the same, in the way in which another process would kill this one; for tests of
 *                what a killed process leaves behind.
 */
char *gmproc_port_self_get_path (GError **error);
char **gmproc_port_self_get_arguments (GError **error);
gint64 gmproc_port_self_get_pid (void);
guint gmproc_port_self_count_forks (void);
guint64 gmproc_port_self_get_memory (gint64 pid);
gint64 gmproc_port_self_get_rough_time (void);
guint gmproc_port_self_get_n_processors (void);
gboolean gmproc_port_self_is_privileged (void);
void gmproc_port_self_set_title (const char *title);
gboolean gmproc_port_self_at_exit (void (*function) (void), GError **error);
G_NORETURN void gmproc_port_self_end (int exit_status);
G_NORETURN void gmproc_port_self_kill (void);

extern __thread guint64 gmproc_port_self_thread_mark GMPROC_NEAR_THREAD; /* 0: not made yet */
guint64 gmproc_port_self_make_thread_mark (void);

static inline guint64
gmproc_port_self_get_thread_mark (void)
{
  return G_LIKELY (gmproc_port_self_thread_mark != 0) ? gmproc_port_self_thread_mark
                                                      : gmproc_port_self_make_thread_mark ();
}

G_END_DECLS
