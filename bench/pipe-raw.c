/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The raw limit of a pipe: write() and read() of a process and its fork. The reader of long
 * messages knows their size, and reads into one buffer; where the work asks for memory of its own
 * for each message, it allocates that.
 *
 * pipe-shared is the other way that a long message could go: a new memfd for each, which the sender
 * fills and hands over through a Unix socket, and the receiver maps and reads.
 */
#include "config.h"

#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define WARM_UP (500)

static void
die (const char *what)
{
  g_printerr ("%s: %s\n", what, g_strerror (errno));
  exit (EXIT_FAILURE);
}

static void
write_all (int fd, const void *data, gsize size)
{
  for (gsize done = 0; done < size;)
    {
      gssize n = write (fd, (const guint8 *) data + done, size - done);

      if (n < 0 && errno != EINTR)
        die ("write");
      done += (gsize) MAX (n, 0);
    }
}

static void
read_all (int fd, void *data, gsize size)
{
  for (gsize done = 0; done < size;)
    {
      gssize n = read (fd, (guint8 *) data + done, size - done);

      if (n == 0 || (n < 0 && errno != EINTR))
        die ("read");
      done += (gsize) MAX (n, 0);
    }
}

static double
finish (pid_t pid, double figure, GError **error)
{
  int status;

  if (waitpid (pid, &status, 0) != pid)
    return bench_fail_errno (error, "waitpid") - 1.0;
  return status == 0 ? figure : bench_fail_check (error, "a process failed") - 1.0;
}

/* -- there and back ---------------------------------------------------------------------------- */

static void
answer (int in, int out, gint64 count)
{
  for (gint64 i = 0; i < count; i++)
    {
      gint64 number;

      read_all (in, &number, sizeof number);
      write_all (out, &number, sizeof number);
    }
  _exit (EXIT_SUCCESS);
}

static gboolean
travel (int in, int out, gint64 count, GError **error)
{
  for (gint64 i = 0; i < count; i++)
    {
      gint64 back;

      write_all (out, &i, sizeof i);
      read_all (in, &back, sizeof back);
      if (back != i)
        return bench_fail_check (error, "another number came back");
    }
  return TRUE;
}

static double
measure_round_trip (const BenchJob *job, GError **error)
{
  int there[2], back[2];
  gint64 begin, end;
  pid_t pid;

  if (pipe (there) < 0 || pipe (back) < 0)
    return bench_fail_errno (error, "pipe") - 1.0;
  pid = fork ();
  if (pid == 0)
    answer (there[0], back[1], WARM_UP + job->count);
  if (pid < 0 || !travel (back[0], there[1], WARM_UP, error))
    return -1;
  begin = bench_now_ns ();
  if (!travel (back[0], there[1], job->count, error))
    return -1;
  end = bench_now_ns ();
  return finish (pid, (double) (end - begin) / (double) job->count / 1000, error);
}

/* -- one way ----------------------------------------------------------------------------------- */

static void
mark (guint8 *buffer, gsize size, gint64 number)
{
  memcpy (buffer, &number, sizeof number);
  memcpy (buffer + size - sizeof number, &number, sizeof number);
}

static gboolean
is_marked (const guint8 *data, gsize size, gint64 number)
{
  return memcmp (data, &number, sizeof number) == 0
         && memcmp (data + size - sizeof number, &number, sizeof number) == 0;
}

static void
send_through_pipe (int fd, gint64 count, gsize size)
{
  guint8 *buffer = g_malloc0 (size);

  for (gint64 i = 0; i < count; i++)
    {
      mark (buffer, size, i);
      write_all (fd, buffer, size);
    }
  _exit (EXIT_SUCCESS);
}

static double
measure_one_way (const BenchJob *job, gboolean allocates, GError **error)
{
  gsize size = (gsize) MAX (bench_get (job, "size", 1 << 20), 8);
  guint8 *buffer = g_malloc0 (size);
  gint64 begin = 0, end;
  int fds[2];
  pid_t pid;

  if (pipe (fds) < 0)
    return bench_fail_errno (error, "pipe") - 1.0;
#ifdef F_SETPIPE_SZ
  /* As large as the library makes it, so that what is compared is the way and not the size. */
  if (size > 64 * 1024 && fcntl (fds[1], F_SETPIPE_SZ, 256 * 1024) < 0)
    return bench_fail_errno (error, "fcntl") - 1.0;
#endif
  pid = fork ();
  if (pid == 0)
    send_through_pipe (fds[1], job->count + 1, size);
  for (gint64 i = 0; i <= job->count; i++)
    {
      if (allocates)
        {
          g_free (buffer);
          buffer = g_malloc (size);
        }
      read_all (fds[0], buffer, size);
      if (!is_marked (buffer, size, i))
        return bench_fail_check (error, "another message came") - 1.0;
      if (i == 0)
        begin = bench_now_ns ();
    }
  end = bench_now_ns ();
  g_free (buffer);
  return finish (pid, (double) job->count * (double) size / (double) (end - begin), error);
}

static double
measure_fresh (const BenchJob *job, GError **error)
{
  return measure_one_way (job, TRUE, error);
}

static double
measure_buffer (const BenchJob *job, GError **error)
{
  return measure_one_way (job, FALSE, error);
}

/* -- a shared block for each message ----------------------------------------------------------- */

#ifdef HAVE_MEMFD_CREATE

typedef union
{
  struct cmsghdr header;
  char bytes[CMSG_SPACE (sizeof (int))];
} Control;

static void
send_fd (int socket, int fd)
{
  char byte = 0;
  struct iovec vector = { &byte, 1 };
  Control control = { { 0 } };
  struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
  struct cmsghdr *header;

  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  header = CMSG_FIRSTHDR (&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN (sizeof fd);
  memcpy (CMSG_DATA (header), &fd, sizeof fd);
  if (sendmsg (socket, &message, 0) != 1)
    die ("sendmsg");
}

static int
receive_fd (int socket)
{
  char byte;
  struct iovec vector = { &byte, 1 };
  Control control;
  struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
  int fd;

  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  if (recvmsg (socket, &message, MSG_CMSG_CLOEXEC) != 1 || CMSG_FIRSTHDR (&message) == NULL)
    die ("recvmsg");
  memcpy (&fd, CMSG_DATA (CMSG_FIRSTHDR (&message)), sizeof fd);
  return fd;
}

/* The message is made in memory of the caller's, as it is for a pipe, and copied once. */
static void
send_blocks (int socket, gint64 count, gsize size)
{
  guint8 *buffer = g_malloc0 (size);

  for (gint64 i = 0; i < count; i++)
    {
      int fd = memfd_create ("message", MFD_CLOEXEC);

      mark (buffer, size, i);
      write_all (fd, buffer, size);
      send_fd (socket, fd);
      close (fd);
    }
  _exit (EXIT_SUCCESS);
}

/* The whole block is mapped at once, as page faults would take longer. Its bytes are not read. */
static gboolean
look_at_block (int fd, gsize size, gint64 number)
{
  guint8 *data = mmap (NULL, size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
  gboolean is_good;

  if (data == MAP_FAILED)
    die ("mmap");
  is_good = is_marked (data, size, number);
  munmap (data, size);
  close (fd);
  return is_good;
}

static double
measure_shared (const BenchJob *job, GError **error)
{
  gsize size = (gsize) MAX (bench_get (job, "size", 1 << 20), 8);
  gint64 begin = 0, end;
  int sockets[2];
  pid_t pid;

  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
    return bench_fail_errno (error, "socketpair") - 1.0;
  pid = fork ();
  if (pid == 0)
    send_blocks (sockets[1], job->count + 1, size);
  for (gint64 i = 0; i <= job->count; i++)
    {
      if (!look_at_block (receive_fd (sockets[0]), size, i))
        return bench_fail_check (error, "another message came") - 1.0;
      if (i == 0)
        begin = bench_now_ns ();
    }
  end = bench_now_ns ();
  return finish (pid, (double) job->count * (double) size / (double) (end - begin), error);
}

#else

static double
measure_shared (G_GNUC_UNUSED const BenchJob *job, GError **error)
{
  return bench_fail_support (error, "no memfd_create() here") - 1.0;
}

#endif

int
main (int argc, char **argv)
{
  static const BenchWork works[] = {
    { "pipe-round-trip", "us", measure_round_trip, 20000 },
    { "pipe-round-trip-variant", "us", measure_round_trip, 20000 },
    { "pipe-bytes", "GB/s", measure_fresh, 500 },
    { "pipe-buffer", "GB/s", measure_buffer, 500 },
    { "pipe-variant", "GB/s", measure_fresh, 500 },
    { "pipe-shared", "GB/s", measure_shared, 500 },
    { NULL, NULL, NULL, 0 },
  };

  return bench_main (argc, argv, "raw", works);
}
