/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A channel is a pipe. A call that may wait for ever is a plain system call that waits. One that a
 * deadline or a cancellable bounds waits in a ppoll(), which also watches the cancellable, and asks
 * the pipe without waiting: another process may have emptied it in between. Linux can be asked that
 * way call by call since 6.5. Elsewhere the descriptors themselves do not block, and every wait is
 * a ppoll(); all processes of a system do it the same way, since they share what the flag is about.
 *
 * A pipe holds 64 KiB on Linux, which for a message of a MiB means sixteen turns of writer and
 * reader. It is enlarged when the first message comes that is longer than that; bench/pipe.works
 * has what it is worth.
 *
 * Writing to a pipe without a reader raises SIGPIPE unless the call itself forbids it, which it can
 * since Linux 6.18. Elsewhere the signal is held back in the calling thread alone, as the
 * disposition belongs to the program.
 */
#include "config.h"

#include "port.h"
#include "handle-posix.h"
#include "port-error.h"
#include "wait-posix.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <glib-unix.h>

#ifndef IOV_MAX
#define IOV_MAX 1024
#endif
#ifndef RWF_NOWAIT
#define RWF_NOWAIT 0x00000008
#endif
#ifndef RWF_NOSIGNAL
#define RWF_NOSIGNAL 0x00000100
#endif

/* Vectors go to the kernel as they come. */
G_STATIC_ASSERT (sizeof (GOutputVector) == sizeof (struct iovec));
G_STATIC_ASSERT (offsetof (GOutputVector, buffer) == offsetof (struct iovec, iov_base));
G_STATIC_ASSERT (offsetof (GOutputVector, size) == offsetof (struct iovec, iov_len));

/* Whether a pipe of this system can be asked not to wait, call by call: found out with the first
 * channel. What the system says does not change any more. */
static enum { UNKNOWN, CAN, CANNOT } nowait; /* atomic */

/* A user's pipes share a budget, 64 MiB as a rule, beyond which new ones hold next to nothing. A
 * process takes no more than a quarter of it for long messages. */
#define USUAL_SIZE (64 * 1024)
#define LARGE_SIZE (256 * 1024)
#define MAX_LARGE (64)

static int n_large; /* atomic: pipes that were enlarged through a channel that is attached */

/* In channel->system: whether this was tried, and done. */
#define TRIED GINT_TO_POINTER (1)
#define ENLARGED GINT_TO_POINTER (2)

static gboolean
can_ask_without_waiting (void)
{
  return g_atomic_int_get ((int *) &nowait) == CAN;
}

/* FD is an empty pipe's end to read from. */
static void
ask_pipe (int fd)
{
  int answer = CANNOT;
#ifdef HAVE_PWRITEV2
  char byte;
  struct iovec vector = { &byte, 1 };

  if (preadv2 (fd, &vector, 1, -1, RWF_NOWAIT) == -1 && errno == EAGAIN)
    answer = CAN;
#else
  (void) fd;
#endif
  g_atomic_int_set ((int *) &nowait, answer);
}

static gboolean
make_pipe (int *fds, GError **error)
{
  if (!gmproc_port_pipe (fds, error))
    return FALSE;
  if (g_atomic_int_get ((int *) &nowait) == UNKNOWN)
    ask_pipe (fds[0]);
  return TRUE;
}

/* For a channel that comes from elsewhere and may hold data. */
static gboolean
find_out (GError **error)
{
  int fds[2];

  if (g_atomic_int_get ((int *) &nowait) != UNKNOWN)
    return TRUE;
  if (!make_pipe (fds, error))
    return FALSE;
  (void) close (fds[0]);
  (void) close (fds[1]);
  return TRUE;
}

static gboolean
set_flags (int fd, GError **error)
{
  int flags = fcntl (fd, F_GETFL);
  int wanted = can_ask_without_waiting () ? flags & ~O_NONBLOCK : flags | O_NONBLOCK;

  if (flags != -1 && (flags == wanted || fcntl (fd, F_SETFL, wanted) != -1)
      && fcntl (fd, F_SETFD, FD_CLOEXEC) != -1)
    return TRUE;
  gmproc_port_set_error (error, errno, "fcntl(F_SETFL)");
  return FALSE;
}

gboolean
gmproc_port_channel_new_pipe (gintptr *ret_reader, gintptr *ret_writer, GError **error)
{
  gintptr reader = GMPROC_PORT_NO_HANDLE, writer = GMPROC_PORT_NO_HANDLE;
  int fds[2];

  if (!make_pipe (fds, error))
    return FALSE;
  if (!gmproc_port_handle_take (fds[0], &reader, error))
    {
      (void) close (fds[1]);
      return FALSE;
    }
  if (gmproc_port_handle_take (fds[1], &writer, error) && set_flags ((int) reader, error)
      && set_flags ((int) writer, error))
    {
      *ret_reader = reader;
      *ret_writer = writer;
      return TRUE;
    }

  gmproc_port_handle_close (&reader);
  gmproc_port_handle_close (&writer);
  return FALSE;
}

gsize
gmproc_port_channel_get_atomic_size (void)
{
#ifdef PIPE_BUF
  return PIPE_BUF;
#else
  return _POSIX_PIPE_BUF;
#endif
}

gboolean
gmproc_port_channel_attach (GmprocPortChannel *channel, gintptr handle, GError **error)
{
  struct stat status;

  if (fstat ((int) handle, &status) == -1)
    {
      gmproc_port_set_error (error, errno, "fstat");
      return FALSE;
    }
  if (!S_ISFIFO (status.st_mode))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "fstat: descriptor %d is no pipe",
                   (int) handle);
      return FALSE;
    }
  /* It may come from a process that uses it in another way. */
  if (!find_out (error) || !set_flags ((int) handle, error))
    return FALSE;

  *channel = (GmprocPortChannel){ .handle = handle };
  return TRUE;
}

void
gmproc_port_channel_detach (GmprocPortChannel *channel)
{
  if (channel->system == ENLARGED)
    (void) g_atomic_int_add (&n_large, -1);
  channel->system = NULL;
  gmproc_port_handle_close (&channel->handle);
  channel->expect_wait = FALSE;
}

gboolean
gmproc_port_channel_poll (GmprocPortChannel *channel, gint64 deadline, GCancellable *cancellable,
                          GError **error)
{
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  return gmproc_port_wait_for_fd ((int) channel->handle, POLLIN, deadline, cancellable, error);
}

/* Whether a call may simply wait in the system. */
static gboolean
may_block (gint64 deadline, GCancellable *cancellable)
{
  return deadline == GMPROC_PORT_FOREVER && cancellable == NULL && can_ask_without_waiting ();
}

static gssize
read_at_once (int fd, gpointer buffer, gsize size)
{
#ifdef HAVE_PWRITEV2
  if (can_ask_without_waiting ())
    {
      struct iovec vector = { buffer, size };

      return preadv2 (fd, &vector, 1, -1, RWF_NOWAIT);
    }
#endif
  return read (fd, buffer, size);
}

gssize
gmproc_port_channel_read (GmprocPortChannel *channel, gpointer buffer, gsize size, gint64 deadline,
                          GCancellable *cancellable, GError **error)
{
  gboolean blocks = may_block (deadline, cancellable);
  gboolean wait_first = channel->expect_wait && !blocks;
  int fd = (int) channel->handle;

  g_return_val_if_fail (size > 0, -1);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return -1;
  for (;;)
    {
      gssize n_read;

      if (wait_first
          && !gmproc_port_wait_for_fd ((int) channel->handle, POLLIN, deadline, cancellable, error))
        return -1;
      n_read = blocks ? read (fd, buffer, size) : read_at_once (fd, buffer, size);
      if (n_read >= 0)
        {
          channel->expect_wait = wait_first;
          return n_read;
        }
      if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK)
        {
          gmproc_port_set_error (error, errno, "read");
          return -1;
        }
      wait_first = errno != EINTR;
    }
}

/* Writes with SIGPIPE held back in this thread. A signal that was pending before is somebody
 * else's and stays. */
static gssize
write_masked (int fd, const struct iovec *vectors, int n_vectors, int flags)
{
  const struct timespec at_once = { 0, 0 };
  sigset_t pipe_signal, pending, old_mask;
  gboolean was_pending;
  gssize n_written;
  int saved_errno;

  (void) sigemptyset (&pipe_signal);
  (void) sigaddset (&pipe_signal, SIGPIPE);
  (void) sigemptyset (&pending);
  (void) sigpending (&pending);
  was_pending = sigismember (&pending, SIGPIPE) == 1;

  (void) pthread_sigmask (SIG_BLOCK, &pipe_signal, &old_mask);
#ifdef HAVE_PWRITEV2
  n_written =
      flags != 0 ? pwritev2 (fd, vectors, n_vectors, -1, flags) : writev (fd, vectors, n_vectors);
#else
  (void) flags;
  n_written = writev (fd, vectors, n_vectors);
#endif
  saved_errno = errno;
  if (n_written == -1 && saved_errno == EPIPE && !was_pending)
    while (sigtimedwait (&pipe_signal, NULL, &at_once) == -1 && errno == EINTR)
      ;
  (void) pthread_sigmask (SIG_SETMASK, &old_mask, NULL);
  errno = saved_errno;
  return n_written;
}

static gssize
write_some (int fd, const struct iovec *vectors, int n_vectors, gboolean blocks)
{
  int flags = !blocks && can_ask_without_waiting () ? RWF_NOWAIT : 0;
#ifdef HAVE_PWRITEV2
  static gboolean flag_unknown; /* atomic; what the kernel can do does not change any more */

  if (!g_atomic_int_get (&flag_unknown))
    {
      gssize n_written = pwritev2 (fd, vectors, n_vectors, -1, flags | RWF_NOSIGNAL);

      if (n_written != -1 || (errno != EOPNOTSUPP && errno != EINVAL && errno != ENOSYS))
        return n_written;
      g_atomic_int_set (&flag_unknown, TRUE);
    }
#endif
  return write_masked (fd, vectors, n_vectors, flags);
}

/* Whoever gets no larger pipe goes on with what there is. */
static gboolean
enlarge (int fd)
{
#ifdef F_SETPIPE_SZ
  if (g_atomic_int_add (&n_large, 1) < MAX_LARGE && fcntl (fd, F_GETPIPE_SZ) < LARGE_SIZE
      && fcntl (fd, F_SETPIPE_SZ, LARGE_SIZE) != -1)
    return TRUE;
  (void) g_atomic_int_add (&n_large, -1);
#else
  (void) fd;
#endif
  return FALSE;
}

static void
make_room (GmprocPortChannel *channel, const GOutputVector *vectors, gsize n_vectors)
{
  gsize size = 0;

  for (gsize i = 0; i < n_vectors && size <= USUAL_SIZE; i++)
    size += MIN (vectors[i].size, (gsize) LARGE_SIZE);
  if (size > USUAL_SIZE)
    channel->system = enlarge ((int) channel->handle) ? ENLARGED : TRIED;
}

gssize
gmproc_port_channel_write (GmprocPortChannel *channel, const GOutputVector *vectors,
                           gsize n_vectors, gint64 deadline, GCancellable *cancellable,
                           GError **error)
{
  gboolean blocks = may_block (deadline, cancellable);
  int fd = (int) channel->handle;

  /* Empty vectors in front could fill the whole call, which would then write nothing. */
  while (n_vectors > 0 && vectors->size == 0)
    vectors++, n_vectors--;
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return -1;
  if (n_vectors == 0)
    return 0;
  if (channel->system == NULL)
    make_room (channel, vectors, n_vectors);

  for (;;)
    {
      const struct iovec *system_vectors = (const struct iovec *) vectors;
      int n = (int) MIN (n_vectors, (gsize) IOV_MAX);
      gssize n_written = write_some (fd, system_vectors, n, blocks);

      if (n_written >= 0)
        return n_written;
      if (errno == EPIPE)
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                               "write: nobody is left to read");
          return -1;
        }
      if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK)
        {
          gmproc_port_set_error (error, errno, "write");
          return -1;
        }
      if (errno != EINTR
          && !gmproc_port_wait_for_fd ((int) channel->handle, POLLOUT, deadline, cancellable,
                                       error))
        return -1;
    }
}

GSource *
gmproc_port_channel_create_source (GmprocPortChannel *channel, GIOCondition condition)
{
  return g_unix_fd_source_new ((int) channel->handle, condition);
}
