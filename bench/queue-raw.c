/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The raw limit of a queue: one pipe, a write for each message, and reads of whatever is there. For
 * many messages with a call the writes are filled up to PIPE_BUF.
 */
#include "queue-crowd.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#define BATCH (64 * 1024)

static int fds[2];
static guint8 batch[BATCH];
static gsize batch_start, batch_end;

static void
open_pipe (gint64 n_producers, gint64 n_consumers, gsize size)
{
  /* A longer write may be cut by another one, and a reader cannot know where a message ends. */
  if (n_producers + n_consumers > 2 && (size > PIPE_BUF || BATCH % size != 0))
    crowd_die ("a raw pipe cannot share such messages");
  if (pipe (fds) < 0)
    crowd_die ("pipe");
}

static guint8 kept[PIPE_BUF];
static gsize n_kept;

static void
put (const void *message, gsize size)
{
  for (gsize done = 0; done < size;)
    {
      gssize n = write (fds[1], (const guint8 *) message + done, size - done);

      if (n < 0 && errno != EINTR)
        crowd_die ("write");
      done += (gsize) MAX (n, 0);
    }
}

static void
flush (void)
{
  put (kept, n_kept);
  n_kept = 0;
}

static void
keep (const void *message, gsize size)
{
  if (n_kept + size > sizeof kept)
    flush ();
  memcpy (kept + n_kept, message, size);
  n_kept += size;
}

static gsize
read_some (void *buffer, gsize size)
{
  gssize n;

  do
    n = read (fds[0], buffer, size);
  while (n < 0 && errno == EINTR);
  if (n <= 0)
    crowd_die ("read");
  return (gsize) n;
}

static void
get (void *message, gsize size)
{
  for (gsize done = 0; done < size;)
    {
      gsize n = MIN (batch_end - batch_start, size - done);

      memcpy ((guint8 *) message + done, batch + batch_start, n);
      batch_start += n;
      done += n;
      if (done == size)
        return;
      if (size - done >= BATCH)
        done += read_some ((guint8 *) message + done, size - done);
      else
        {
          batch_start = 0;
          batch_end = read_some (batch, BATCH);
        }
    }
}

int
main (int argc, char **argv)
{
  static CrowdPeer raw = { .name = "raw", .open = open_pipe, .put = put, .get = get };

  if (argc > 1 && g_str_equal (argv[1], "queue-many"))
    {
      raw.put = keep;
      raw.flush = flush;
    }
  return crowd_main (argc, argv, &raw);
}
