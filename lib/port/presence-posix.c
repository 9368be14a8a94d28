/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Whether a process lives. What the system tells about it is in /proc: its state, and when it was
 * started, which tells it from a later process with the same number. Where there is no /proc, the
 * number alone has to do.
 *
 * A process that keeps its presence has a thread that owns a lock as long as the process lives. The
 * kernel marks that lock when the thread is gone, before anybody can reap the process, so a look
 * at the lock answers the question.
 */
#include "config.h"

#include "port.h"
#include "port-error.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define STAT_SIZE (1024)

/* Counted from the state, the first field after the name. */
#define N_THREADS_FIELD (17)
#define BIRTH_FIELD (19)

typedef struct
{
  char state;
  gint64 n_threads;
  guint64 birth;
} Stat;

/* 0, or an errno. */
static int
read_stat (gint64 pid, Stat *ret_stat)
{
  char path[64], text[STAT_SIZE];
  const char *field;
  ssize_t length;
  int fd;

  (void) snprintf (path, sizeof path, "/proc/%" G_GINT64_FORMAT "/stat", pid);
  do
    fd = open (path, O_RDONLY | O_CLOEXEC);
  while (fd == -1 && errno == EINTR);
  if (fd == -1)
    return errno;
  do
    length = read (fd, text, sizeof text - 1);
  while (length == -1 && errno == EINTR);
  (void) close (fd);
  if (length <= 0)
    return length == 0 ? EIO : errno;
  text[length] = '\0';

  /* The name before it may have any character. */
  field = strrchr (text, ')');
  if (field == NULL || field[1] != ' ')
    return EIO;
  field += 2;
  *ret_stat = (Stat){ .state = *field };
  for (guint i = 0; i <= BIRTH_FIELD; i++)
    {
      if (i == N_THREADS_FIELD)
        ret_stat->n_threads = g_ascii_strtoll (field, NULL, 10);
      if (i == BIRTH_FIELD)
        ret_stat->birth = g_ascii_strtoull (field, NULL, 10);
      field = strchr (field, ' ');
      if (field == NULL)
        return i >= BIRTH_FIELD ? 0 : EIO;
      field++;
    }
  return 0;
}

void
gmproc_port_presence_announce (GmprocPortPresencePlace *place)
{
  gint64 pid = gmproc_port_self_get_pid ();
  Stat stat;

  place->is_kept = 0;
  place->has_ended = 0;
  place->birth = read_stat (pid, &stat) == 0 ? stat.birth : 0;
  __atomic_store_n (&place->pid, pid, __ATOMIC_RELEASE);
}

/* -- keeping ----------------------------------------------------------------------------------- */

static GMutex keep_mutex;
static GCond kept;

/* For the rest of the process's life: the lock is free when this thread is gone. */
static gpointer
hold_lock (gpointer data)
{
  GmprocPortPresencePlace *place = data;
  GmprocPortLock lock = { &place->lock, GMPROC_PORT_NO_HANDLE };

  (void) gmproc_port_lock_acquire (&lock, GMPROC_PORT_FOREVER, NULL);
  g_mutex_lock (&keep_mutex);
  __atomic_store_n (&place->is_kept, 1, __ATOMIC_RELEASE);
  g_cond_broadcast (&kept);
  g_mutex_unlock (&keep_mutex);

  for (;;)
    (void) pause ();
  return NULL;
}

gboolean
gmproc_port_presence_keep (GmprocPortPresencePlace *place, GError **error)
{
  GmprocPortLock lock;
  GThread *thread;

  memset (&place->lock, 0, sizeof place->lock);
  if (!gmproc_port_lock_create (&lock, &place->lock, error))
    return FALSE;
  thread = gmproc_port_thread_new ("gmproc-presence", hold_lock, place, error);
  if (thread == NULL)
    return FALSE;

  g_mutex_lock (&keep_mutex);
  while (place->is_kept == 0)
    g_cond_wait (&kept, &keep_mutex);
  g_mutex_unlock (&keep_mutex);
  g_thread_unref (thread);
  return TRUE;
}

/* -- asking ------------------------------------------------------------------------------------ */

/* The mark is the id of the process that has ended. A place may be given to another process while
 * somebody looks, and a mark that comes too late says nothing about that one. */
static gboolean
is_marked (const GmprocPortPresencePlace *place, gint64 pid)
{
  return __atomic_load_n (&place->has_ended, __ATOMIC_ACQUIRE) == (guint32) pid;
}

/* The one who notices holds the lock for a moment, in which others would see it held; so it leaves
 * a mark that is good for ever. */
static gboolean
is_lock_free (GmprocPortPresencePlace *place, gint64 pid)
{
  GmprocPortLock lock = { &place->lock, GMPROC_PORT_NO_HANDLE };
  GmprocPortLockResult result = gmproc_port_lock_try (&lock);

  if (result != GMPROC_PORT_LOCK_ACQUIRED && result != GMPROC_PORT_LOCK_ABANDONED)
    return is_marked (place, pid);
  __atomic_store_n (&place->has_ended, (guint32) pid, __ATOMIC_RELEASE);
  (void) gmproc_port_lock_release (&lock);
  return TRUE;
}

static gboolean
has_ended_by_system (const GmprocPortPresencePlace *place, gint64 pid)
{
  Stat stat;
  int result = read_stat (pid, &stat);

  if (result == 0)
    {
      if (place->birth != 0 && stat.birth != place->birth)
        return TRUE;
      /* Ended and not reaped. A process whose first thread has ended looks the same, but has more
       * of them. */
      return (stat.state == 'Z' || stat.state == 'X') && stat.n_threads <= 1;
    }
  return kill ((pid_t) pid, 0) == -1 && errno == ESRCH;
}

gboolean
gmproc_port_presence_has_ended (GmprocPortPresencePlace *place)
{
  gint64 pid = __atomic_load_n (&place->pid, __ATOMIC_ACQUIRE);

  if (pid == 0)
    return TRUE;
  if (is_marked (place, pid))
    return TRUE;
  if (__atomic_load_n (&place->is_kept, __ATOMIC_ACQUIRE) != 0)
    return is_lock_free (place, pid);
  return has_ended_by_system (place, pid);
}

gpointer
gmproc_port_presence_map (const GmprocPortPresencePlace *place, gintptr handle, gsize size,
                          GError **error)
{
  g_autofree char *path =
      g_strdup_printf ("/proc/%" G_GINT64_FORMAT "/fd/%d", place->pid, (int) handle);
  gpointer mapping = NULL;
  gintptr fd;
  gsize present;

  do
    fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  while (fd == -1 && errno == EINTR);
  if (fd == -1)
    {
      gmproc_port_set_error (error, errno, "open");
      return NULL;
    }
  /* Only a block that cannot shrink is safe to look into; the number may be another file's now. */
  if (gmproc_port_memory_get_size (fd, &present, error))
    mapping = gmproc_port_memory_map_to_read (fd, 0, size, error);
  gmproc_port_handle_close (&fd);
  return mapping;
}
