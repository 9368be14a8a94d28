/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The raw limit: the same work by bare system calls.
 */
#include "measure.h"

#include <errno.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static gboolean
read_fully (int fd, void *buffer, gsize size)
{
  for (gsize done = 0; done < size;)
    {
      gssize n = read (fd, (char *) buffer + done, size - done);

      if (n == 0)
        errno = EPIPE;
      if (n == 0 || (n < 0 && errno != EINTR))
        return FALSE;
      done += MAX (n, 0);
    }
  return TRUE;
}

static gboolean
write_fully (int fd, const void *buffer, gsize size)
{
  for (gsize done = 0; done < size;)
    {
      gssize n = write (fd, (const char *) buffer + done, size - done);

      if (n < 0 && errno != EINTR)
        return FALSE;
      done += MAX (n, 0);
    }
  return TRUE;
}

static gboolean
wait_for (pid_t pid, GError **error)
{
  int status;

  while (waitpid (pid, &status, 0) < 0)
    if (errno != EINTR)
      return fail_errno (error, "waitpid");
  return status == 0 || fail_check (error, "a child failed");
}

static gboolean
raw_start (const Job *job, gint64 starts, GError **error)
{
  char *argv[] = { (char *) job->self, (char *) EXIT_AT_ONCE, NULL };

  for (gint64 i = 0; i < starts; i++)
    {
      pid_t pid;

      errno = posix_spawn (&pid, job->self, NULL, NULL, argv, environ);
      if (errno != 0)
        return fail_errno (error, "posix_spawn");
      if (!wait_for (pid, error))
        return FALSE;
    }
  return TRUE;
}

double
raw_start_join (const Job *job, GError **error)
{
  gint64 begin;

  if (!raw_start (job, WARM_UP_STARTS, error))
    return -1;
  begin = g_get_monotonic_time ();
  return raw_start (job, job->count, error) ? seconds_since (begin) : -1;
}

static gboolean
raw_trips (int out_fd, int in_fd, gint64 trips, GError **error)
{
  for (gint64 i = 0; i < trips; i++)
    {
      gint64 answer;

      if (!write_fully (out_fd, &i, sizeof i) || !read_fully (in_fd, &answer, sizeof answer))
        return fail_errno (error, "ping-pong");
      if (answer != i)
        return fail_check (error, "an echo differs from what was sent");
    }
  return TRUE;
}

static int
raw_echo (int in_fd, int out_fd, gint64 trips)
{
  gint64 number;

  for (gint64 i = 0; i < trips; i++)
    if (!read_fully (in_fd, &number, sizeof number)
        || !write_fully (out_fd, &number, sizeof number))
      return 1;
  return 0;
}

/* Two one-way pipes, 8 bytes a message. */
double
raw_pipe (const Job *job, GError **error)
{
  int there[2], back[2];
  gint64 begin;
  double seconds;
  pid_t pid;

  if (pipe (there) < 0 || pipe (back) < 0 || (pid = fork ()) < 0)
    {
      fail_errno (error, "pipe and fork");
      return -1;
    }
  if (pid == 0)
    {
      /* With these open the child would not notice that its parent is gone. */
      close (there[1]);
      close (back[0]);
      _exit (raw_echo (there[0], back[1], WARM_UP_TRIPS + job->count));
    }
  close (there[0]);
  close (back[1]);
  if (!raw_trips (there[1], back[0], WARM_UP_TRIPS, error))
    return -1;
  begin = g_get_monotonic_time ();
  if (!raw_trips (there[1], back[0], job->count, error))
    return -1;
  seconds = seconds_since (begin);
  return wait_for (pid, error) ? seconds : -1;
}
