/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Windows, for orientation: what a start costs beside a bare CreateProcess() of the same program,
 * in turns, and what an idle family uses.
 */
#include <gmproc.h>

#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include <tlhelp32.h>

#define N_ROUNDS 15
#define N_WORKERS 4
#define N_WAITERS 2 /* one for an event, one for an item */
#define IDLE_SECONDS 30
#define BARE "--bare"

GMPROC_DEFINE_TARGET (do_nothing)
{
  return EXIT_SUCCESS;
}

/* Waits for an event or an item for as long as the parent lives. */
GMPROC_DEFINE_TARGET (wait_for_ever)
{
  g_autoptr (GError) error = NULL;
  gint32 event_handle, queue_handle, up_handle;
  guint32 kind;

  g_variant_get (args, "(uhhh)", &kind, &event_handle, &queue_handle, &up_handle);
  g_autoptr (GmprocEvent) event = gmproc_event_from_handle (event_handle, &error);
  g_autoptr (GmprocQueue) queue = gmproc_queue_from_handle (queue_handle, &error);
  g_autoptr (GmprocSemaphore) up = gmproc_semaphore_from_handle (up_handle, &error);

  if (event == NULL || queue == NULL || up == NULL || !gmproc_semaphore_release (up, &error))
    g_error ("%s", error->message);
  if (kind % 2 == 0)
    return gmproc_event_wait (event, GMPROC_FOREVER, NULL, &error);
  return gmproc_queue_get (queue, GMPROC_FOREVER, NULL, &error) != NULL;
}

static void
check (gboolean success, GError *error)
{
  if (!success)
    g_error ("%s", error != NULL ? error->message : "a call of the system failed");
}

static double
measure_bare (const wchar_t *path)
{
  gint64 begin = g_get_monotonic_time ();
  wchar_t line[] = L"bare " TEXT (BARE);
  STARTUPINFOW startup = { .cb = sizeof startup };
  PROCESS_INFORMATION process;
  DWORD member;
  /* As the library does, or a console would be made for it. */
  DWORD flags = GetConsoleProcessList (&member, 1) == 0 ? DETACHED_PROCESS : 0;

  check (CreateProcessW (path, line, NULL, NULL, FALSE, flags, NULL, NULL, &startup, &process),
         NULL);
  (void) WaitForSingleObject (process.hProcess, INFINITE);
  (void) CloseHandle (process.hThread);
  (void) CloseHandle (process.hProcess);
  return (double) (g_get_monotonic_time () - begin) / 1000;
}

static double
measure_ours (void)
{
  gint64 begin = g_get_monotonic_time ();
  g_autoptr (GmprocProcess) process = gmproc_process_new (do_nothing, NULL);
  g_autoptr (GError) error = NULL;

  check (gmproc_process_start (process, &error)
             && gmproc_process_join (process, GMPROC_FOREVER, NULL, &error),
         error);
  return (double) (g_get_monotonic_time () - begin) / 1000;
}

static int
compare (gconstpointer first, gconstpointer second)
{
  const double *a = first, *b = second;

  return (*a > *b) - (*a < *b);
}

static double
get_median (double *numbers, gsize n)
{
  qsort (numbers, n, sizeof *numbers, compare);
  return numbers[n / 2];
}

static void
measure_starts (void)
{
  wchar_t path[32768];
  double bare[N_ROUNDS], ours[N_ROUNDS], of_bare, of_ours;

  check (GetModuleFileNameW (NULL, path, G_N_ELEMENTS (path)) > 0, NULL);
  (void) measure_bare (path);
  (void) measure_ours ();
  for (int i = 0; i < N_ROUNDS; i++)
    {
      bare[i] = measure_bare (path);
      ours[i] = measure_ours ();
    }
  of_bare = get_median (bare, N_ROUNDS);
  of_ours = get_median (ours, N_ROUNDS);
  g_print ("start and join: %.1f ms; CreateProcess and wait: %.1f ms; ratio %.2f (at most 1.5)\n",
           of_ours, of_bare, of_ours / of_bare);
}

/* Of kernel and user, in milliseconds. */
static double
get_cpu_time (gint64 pid)
{
  HANDLE process = OpenProcess (PROCESS_QUERY_LIMITED_INFORMATION, FALSE, (DWORD) pid);
  FILETIME begin, end, kernel, user;

  check (process != NULL && GetProcessTimes (process, &begin, &end, &kernel, &user), NULL);
  (void) CloseHandle (process);
  return (double) (((guint64) kernel.dwHighDateTime + user.dwHighDateTime) << 32) / 1e4
         + ((double) kernel.dwLowDateTime + user.dwLowDateTime) / 1e4;
}

static double
get_cpu_time_of_children (int *ret_n_children)
{
  HANDLE list = CreateToolhelp32Snapshot (TH32CS_SNAPPROCESS, 0);
  PROCESSENTRY32 entry = { .dwSize = sizeof entry };
  double time = 0;

  check (list != INVALID_HANDLE_VALUE, NULL);
  *ret_n_children = 0;
  for (BOOL is_one = Process32First (list, &entry); is_one; is_one = Process32Next (list, &entry))
    if (entry.th32ParentProcessID == GetCurrentProcessId ())
      {
        time += get_cpu_time (entry.th32ProcessID);
        (*ret_n_children)++;
      }
  (void) CloseHandle (list);
  return time;
}

/* With daemons that wait. */
static GList *
start_waiters (GmprocEvent *event, GmprocQueue *queue)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocSemaphore) up = gmproc_semaphore_new (0, &error);
  GList *processes = NULL;

  check (up != NULL, error);
  for (guint i = 0; i < N_WAITERS; i++)
    {
      GmprocProcess *process = gmproc_process_new (
          wait_for_ever,
          g_variant_new ("(uhhh)", i, gmproc_event_get_handle (event),
                         gmproc_queue_get_handle (queue), gmproc_semaphore_get_handle (up)));

      gmproc_process_set_daemon (process, TRUE);
      check (gmproc_process_start (process, &error), error);
      processes = g_list_prepend (processes, process);
    }
  for (guint i = 0; i < N_WAITERS; i++)
    check (gmproc_semaphore_acquire (up, GMPROC_FOREVER, NULL, &error), error);
  return processes;
}

static void
on_sent (G_GNUC_UNUSED GObject *object, G_GNUC_UNUSED GAsyncResult *result,
         G_GNUC_UNUSED gpointer user_data)
{
}

/* Sends more than the pipe holds, so a message waits for room. */
static void
fill_pipe (GmprocConnection *out, GCancellable *cancellable)
{
  g_autofree char *body = g_malloc0 (1024 * 1024);
  g_autoptr (GBytes) message = g_bytes_new (body, 1024 * 1024);

  gmproc_connection_send_bytes_async (out, message, cancellable, on_sent, NULL);
}

static gboolean
quit (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

static void
run_for (double seconds)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);

  g_timeout_add ((guint) (seconds * 1000), quit, loop);
  g_main_loop_run (loop);
}

static void
measure_idle (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GmprocEvent) event = gmproc_event_new (&error);
  g_autoptr (GmprocQueue) queue = gmproc_queue_new (0, &error);
  g_autoptr (GmprocPool) pool = gmproc_pool_new (N_WORKERS, &error);
  g_autoptr (GmprocConnection) in = NULL;
  g_autoptr (GmprocConnection) out = NULL;
  g_autolist (GmprocProcess) processes = NULL;
  double own, children;
  int n_children;

  check (event != NULL && queue != NULL && pool != NULL
             && gmproc_pipe_new (FALSE, &in, &out, &error),
         error);
  processes = start_waiters (event, queue);
  fill_pipe (out, cancellable);
  run_for (3); /* until they wait */

  own = get_cpu_time (GetCurrentProcessId ());
  children = get_cpu_time_of_children (&n_children);
  run_for (IDLE_SECONDS);
  own = get_cpu_time (GetCurrentProcessId ()) - own;
  children = get_cpu_time_of_children (&n_children) - children;
  g_print ("an idle family used in %d s: the parent, in which a message waits for room, %.1f ms of "
           "processor time; its %d children (%d workers of a pool, and who waits for an event or a "
           "queue) %.1f ms\n",
           IDLE_SECONDS, own, n_children, N_WORKERS, children);

  g_cancellable_cancel (cancellable);
  run_for (0.1);
  gmproc_pool_terminate (pool);
  check (gmproc_pool_join (pool, GMPROC_FOREVER, NULL, &error), error);
}

int
main (int argc, char **argv)
{
  if (argc == 2 && g_str_equal (argv[1], BARE))
    return EXIT_SUCCESS;
  gmproc_init (&argc, &argv);
  measure_starts ();
  measure_idle ();
  return EXIT_SUCCESS;
}
