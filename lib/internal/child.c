/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "child.h"

#include "deadline.h"
#include "gmproc-error.h"
#include "port/port.h"

/* How long a daemon may take over its SIGTERM handler when this process ends. */
#define TIME_TO_TERMINATE (2 * G_TIME_SPAN_SECOND)

struct GmprocChild
{
  gatomicrefcount references;
  GmprocPortChild *port;
  gboolean is_daemon;
  GmprocInbox *inbox;
  GmprocChildExited exited; /* NULL for one that was given up on trial */
  gpointer user_data;

  /* Under the mutex. */
  GObject *owner;       /* until the child has left the list */
  gboolean is_on_trial; /* from the start to end_trial: nobody is told of the end */
  gboolean has_exited;
  int exit_status;
  gboolean is_reported; /* the owner was told; from here on it may be gone */
  GHashTable *sources;  /* what to make ready then; not referenced; NULL when there is none */
};

/* The process that the children below are of: 0 before the first. A program that calls fork()
 * itself has a copy of all this in the new process, where no reaper runs and nobody's children are.
 */
static gint64 family_pid; /* atomic */

static GMutex mutex;
static GCond changed;                 /* a child exited, a waiter was cancelled, a start is over */
static GQueue running = G_QUEUE_INIT; /* references; also ended ones that nobody swept yet */
static guint n_unswept;               /* how many of them are reported */
static guint n_starting;              /* starts that have begun and have nothing in the list yet */
static gboolean is_ending;
static GMainContext *reaper_context; /* with the first child */
static gintptr lifeline_keep = GMPROC_PORT_NO_HANDLE;
static gintptr leash_keep = GMPROC_PORT_NO_HANDLE;
static GmprocTies ties = { GMPROC_PORT_NO_HANDLE, GMPROC_PORT_NO_HANDLE, GMPROC_PORT_NO_HANDLE };

/* -- the reaper ------------------------------------------------------------------------------ */

static gpointer
run_reaper (gpointer data)
{
  GMainContext *context = data;
  g_autoptr (GMainLoop) loop = g_main_loop_new (context, FALSE);

  g_main_context_push_thread_default (context);
  g_main_loop_run (loop);
  return NULL;
}

/* The reaper and its context live as long as the process. */
static gboolean
ensure_reaper (GError **error)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);
  g_autoptr (GMainContext) context = NULL;
  GThread *thread;

  if (reaper_context != NULL)
    return TRUE;

  context = gmproc_port_new_context (error);
  if (context == NULL)
    return FALSE;
  thread = gmproc_port_thread_new ("gmproc-reaper", run_reaper, context, error);
  if (thread == NULL)
    return FALSE;

  g_thread_unref (thread);
  reaper_context = g_steal_pointer (&context);
  return TRUE;
}

static GmprocChild *
gmproc_child_ref (GmprocChild *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
gmproc_child_unref (GmprocChild *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;

  gmproc_port_child_free (self->port);
  gmproc_inbox_free (self->inbox);
  g_clear_pointer (&self->sources, g_hash_table_unref);
  g_free (self);
}

static void
make_ready (gpointer source, G_GNUC_UNUSED gpointer value, G_GNUC_UNUSED gpointer user_data)
{
  g_source_set_ready_time (source, 0);
}

/* Tells of the end; in the reaper, once, after the exit and the end of the trial. */
static gboolean
report (gpointer user_data)
{
  GmprocChild *self = user_data;

  if (self->exited != NULL)
    self->exited (self->user_data);

  g_mutex_lock (&mutex);
  self->is_reported = TRUE;
  n_unswept++;
  if (self->sources != NULL)
    g_hash_table_foreach (self->sources, make_ready, NULL);
  g_clear_pointer (&self->sources, g_hash_table_unref);
  g_mutex_unlock (&mutex);
  /* Without the mutex, which who wakes up would only have to wait for. */
  g_cond_broadcast (&changed);
  return G_SOURCE_REMOVE;
}

static void
on_exited (G_GNUC_UNUSED GmprocPortChild *port, int exit_status, gpointer user_data)
{
  GmprocChild *self = user_data;
  gboolean is_on_trial;

  /* Before anybody can know of the end: what the child said comes first. */
  gmproc_inbox_finish (self->inbox);

  g_mutex_lock (&mutex);
  self->exit_status = exit_status;
  self->has_exited = TRUE;
  is_on_trial = self->is_on_trial;
  g_mutex_unlock (&mutex);

  /* The owner of one that is on trial may not know it yet; end_trial sees to the rest. */
  if (!is_on_trial)
    (void) report (self);
  gmproc_child_unref (self); /* the reference of start_watch */
}

static gboolean
start_watch (gpointer user_data)
{
  GmprocChild *self = user_data;

  gmproc_port_child_watch (self->port, on_exited, self);
  return G_SOURCE_REMOVE;
}

/* -- the list -------------------------------------------------------------------------------- */

/* Takes the ended children from the list, which it does not look through when there is none. The
 * owners' references are dropped outside the mutex. */
static void
sweep (void)
{
  g_autolist (GObject) owners = NULL;
  GList *next;

  g_mutex_lock (&mutex);
  for (GList *link = running.head; link != NULL && n_unswept > 0; link = next)
    {
      GmprocChild *child = link->data;

      next = link->next;
      if (!child->is_reported)
        continue;
      owners = g_list_prepend (owners, g_steal_pointer (&child->owner));
      n_unswept--;
      g_queue_delete_link (&running, link);
      gmproc_child_unref (child);
    }
  g_mutex_unlock (&mutex);
}

static gboolean
is_ours (void)
{
  return __atomic_load_n (&family_pid, __ATOMIC_ACQUIRE) == gmproc_port_self_get_pid ();
}

/* FALSE in a process that was forked from the one that started children. */
static gboolean
claim_family (GError **error)
{
  gint64 nobody = 0;

  if (__atomic_compare_exchange_n (&family_pid, &nobody, gmproc_port_self_get_pid (), FALSE,
                                   __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)
      || is_ours ())
    return TRUE;

  g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE,
               "This process was forked from process %" G_GINT64_FORMAT
               ", which had started others; it cannot start any itself",
               nobody);
  return FALSE;
}

/* What was made stays when the next one cannot be. */
static gboolean
make_ties_locked (GError **error)
{
  if (ties.lifeline == GMPROC_PORT_NO_HANDLE
      && !gmproc_port_lifeline_new (&lifeline_keep, &ties.lifeline, error))
    return FALSE;
  if (leash_keep == GMPROC_PORT_NO_HANDLE
      && !gmproc_port_leash_new (&leash_keep, &ties.leash, error))
    return FALSE;
  return gmproc_inbox_get_pipe (&ties.reports, error);
}

gboolean
gmproc_child_get_ties (GmprocTies *ret_ties, GError **error)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = NULL;

  /* Before the mutex, which in a forked copy may be held by a thread that is not there. */
  if (!claim_family (error))
    return FALSE;

  locker = g_mutex_locker_new (&mutex);
  if (!make_ties_locked (error))
    return FALSE;

  *ret_ties = ties;
  return TRUE;
}

/* FALSE once the exit rule has begun. It waits for those that have begun before, and so sees every
 * child. */
static gboolean
begin_start (GError **error)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);

  if (is_ending)
    {
      g_set_error_literal (error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE,
                           "This process is ending and cannot start another one");
      return FALSE;
    }
  n_starting++;
  return TRUE;
}

/* With what came of it: CHILD may be NULL. */
static void
end_start (GmprocChild *child)
{
  gboolean is_awaited;

  g_mutex_lock (&mutex);
  if (child != NULL)
    g_queue_push_tail (&running, gmproc_child_ref (child));
  n_starting--;
  is_awaited = is_ending;
  g_mutex_unlock (&mutex);
  if (is_awaited)
    g_cond_broadcast (&changed);
}

static GmprocChild *
child_new (GmprocPortChild *port, const GmprocChildOptions *options)
{
  GmprocChild *self = g_new0 (GmprocChild, 1);

  g_atomic_ref_count_init (&self->references);
  self->port = port;
  self->is_daemon = options->is_daemon;
  self->is_on_trial = TRUE;
  self->inbox = options->inbox;
  self->exited = options->exited;
  self->user_data = options->user_data;
  self->owner = g_object_ref (options->owner);
  return self;
}

/* Not under the mutex, which every question about another child needs: this takes the time that the
 * system takes, and with a fork server that does not answer more than that. */
GmprocChild *
gmproc_child_start (const GmprocChildOptions *options, GError **error)
{
  GmprocPortChild *port;
  GmprocChild *self;

  if (!claim_family (error) || !ensure_reaper (error))
    return NULL;
  sweep ();

  if (!begin_start (error))
    return NULL;
  port = gmproc_port_child_start (&options->port, error);
  self = port != NULL ? child_new (port, options) : NULL;
  end_start (self);
  if (self == NULL)
    return NULL;

  g_main_context_invoke_full (reaper_context, G_PRIORITY_HIGH, start_watch, gmproc_child_ref (self),
                              NULL);
  return self;
}

void
gmproc_child_end_trial (GmprocChild *self)
{
  gboolean was_missed;

  g_mutex_lock (&mutex);
  was_missed = self->has_exited;
  self->is_on_trial = FALSE;
  g_mutex_unlock (&mutex);

  if (was_missed)
    g_main_context_invoke_full (reaper_context, G_PRIORITY_DEFAULT, report, gmproc_child_ref (self),
                                (GDestroyNotify) gmproc_child_unref);
}

void
gmproc_child_give_up (GmprocChild *self)
{
  self->exited = NULL; /* which nobody looks at before the trial ends */
  gmproc_child_kill (self);
  gmproc_child_end_trial (self);
  (void) gmproc_child_wait (self, GMPROC_PORT_FOREVER, NULL, NULL);
}

/* -- questions and waiting ------------------------------------------------------------------- */

const GError *
gmproc_child_get_error (GmprocChild *self)
{
  return gmproc_inbox_get_error (self->inbox);
}

void
gmproc_child_end_pledges (GmprocChild *self)
{
  int exit_status = 0;

  (void) gmproc_child_has_exited (self, &exit_status);
  gmproc_inbox_end_pledges (self->inbox, exit_status < 0);
}

gint64
gmproc_child_get_pid (GmprocChild *self)
{
  return gmproc_port_child_get_pid (self->port);
}

gboolean
gmproc_child_has_exited (GmprocChild *self, int *ret_exit_status)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);

  if (self->has_exited && ret_exit_status != NULL)
    *ret_exit_status = self->exit_status;
  return self->has_exited;
}

static void
wake_for_cancel (G_GNUC_UNUSED GCancellable *cancellable, G_GNUC_UNUSED gpointer user_data)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);

  g_cond_broadcast (&changed);
}

/* FALSE when the deadline or a cancel came first. */
static gboolean
wait_locked (GmprocChild *self, gint64 deadline, GCancellable *cancellable)
{
  while (!self->is_reported && !g_cancellable_is_cancelled (cancellable))
    {
      if (deadline == GMPROC_PORT_FOREVER)
        g_cond_wait (&changed, &mutex);
      else if (!g_cond_wait_until (&changed, &mutex, deadline))
        break;
    }
  return self->is_reported;
}

gboolean
gmproc_child_wait (GmprocChild *self, gint64 deadline, GCancellable *cancellable, GError **error)
{
  gulong connection = 0;
  gboolean has_exited;

  if (cancellable != NULL)
    connection = g_cancellable_connect (cancellable, G_CALLBACK (wake_for_cancel), NULL, NULL);
  g_mutex_lock (&mutex);
  has_exited = wait_locked (self, deadline, cancellable);
  g_mutex_unlock (&mutex);
  g_cancellable_disconnect (cancellable, connection);

  if (has_exited)
    {
      sweep ();
      return TRUE;
    }

  if (!g_cancellable_set_error_if_cancelled (cancellable, error))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                 "Timed out waiting for process %" G_GINT64_FORMAT " to end",
                 gmproc_child_get_pid (self));
  return FALSE;
}

gboolean
gmproc_child_is_over (GmprocChild *self)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);

  return self->is_reported;
}

gboolean
gmproc_child_watch (GmprocChild *self, GSource *source)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);

  if (self->is_reported)
    return FALSE;
  if (self->sources == NULL)
    self->sources = g_hash_table_new (NULL, NULL);
  g_hash_table_add (self->sources, source);
  return TRUE;
}

void
gmproc_child_unwatch (GmprocChild *self, GSource *source)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);

  if (self->sources != NULL)
    g_hash_table_remove (self->sources, source);
}

void
gmproc_child_interrupt (GmprocChild *self)
{
  gmproc_port_child_signal (self->port, GMPROC_PORT_SIGNAL_INTERRUPT);
}

void
gmproc_child_terminate (GmprocChild *self)
{
  gmproc_port_child_signal (self->port, GMPROC_PORT_SIGNAL_TERMINATE);
}

void
gmproc_child_kill (GmprocChild *self)
{
  gmproc_port_child_signal (self->port, GMPROC_PORT_SIGNAL_KILL);
}

GList *
gmproc_child_list_owners (void)
{
  GList *owners = NULL;

  sweep ();

  g_mutex_lock (&mutex);
  for (GList *link = running.head; link != NULL; link = link->next)
    {
      GmprocChild *child = link->data;

      if (!child->has_exited && !child->is_on_trial)
        owners = g_list_prepend (owners, g_object_ref (child->owner));
    }
  g_mutex_unlock (&mutex);

  return g_list_reverse (owners);
}

/* -- the rule at exit ------------------------------------------------------------------------ */

static void
signal_daemons_locked (GmprocPortSignal signal)
{
  for (GList *link = running.head; link != NULL; link = link->next)
    {
      GmprocChild *child = link->data;

      if (child->is_daemon && !child->has_exited)
        gmproc_port_child_signal (child->port, signal);
    }
}

/* Looks from the start each time: others may sweep the list while this thread waits. */
static GmprocChild *
find_running_locked (gboolean only_daemons)
{
  for (GList *link = running.head; link != NULL; link = link->next)
    {
      GmprocChild *child = link->data;

      if (!child->is_reported && (child->is_daemon || !only_daemons))
        return gmproc_child_ref (child);
    }
  return NULL;
}

static void
wait_for_all_locked (gboolean only_daemons, gint64 deadline)
{
  GmprocChild *child;
  gboolean has_exited = TRUE;

  while (has_exited && (child = find_running_locked (only_daemons)) != NULL)
    {
      has_exited = wait_locked (child, deadline, NULL);
      gmproc_child_unref (child);
    }
}

void
gmproc_child_end_all (void)
{
  if (!is_ours ())
    return;

  g_mutex_lock (&mutex);
  is_ending = TRUE;
  while (n_starting > 0)
    g_cond_wait (&changed, &mutex);

  /* One that is stopped could not obey. */
  signal_daemons_locked (GMPROC_PORT_SIGNAL_TERMINATE);
  signal_daemons_locked (GMPROC_PORT_SIGNAL_CONTINUE);
  wait_for_all_locked (TRUE, g_get_monotonic_time () + TIME_TO_TERMINATE);
  signal_daemons_locked (GMPROC_PORT_SIGNAL_KILL);
  wait_for_all_locked (FALSE, GMPROC_PORT_FOREVER);
  gmproc_port_child_release ();
  g_mutex_unlock (&mutex);
}
