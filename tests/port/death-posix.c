/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "death.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#define LARGEST_FD 1000

G_NORETURN static void
end_by (int number)
{
  const struct rlimit no_core = { 0, 0 };

  g_assert_cmpint (setrlimit (RLIMIT_CORE, &no_core), ==, 0);
  if (number != SIGKILL)
    (void) signal (number, SIG_DFL);
  (void) raise (number);
  g_assert_not_reached ();
}

void
gmproc_test_kill_self (void)
{
  end_by (SIGKILL);
}

void
gmproc_test_abort (void)
{
  end_by (SIGABRT);
}

void
gmproc_test_prepare_for_fault (void)
{
  const struct rlimit no_core = { 0, 0 };

  g_assert_cmpint (setrlimit (RLIMIT_CORE, &no_core), ==, 0);
  (void) signal (SIGSEGV, SIG_DFL);
}

void
gmproc_test_fault (void)
{
  end_by (SIGSEGV);
}

gboolean
gmproc_test_can_append_at_once (void)
{
  return TRUE;
}

gboolean
gmproc_test_can_stop_a_name (void)
{
  return TRUE;
}

gboolean
gmproc_test_can_catch_termination (void)
{
  return TRUE;
}

/* Whether all threads of a process are stopped, says Linux. */
static gboolean
is_stopped (gint64 pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%" G_GINT64_FORMAT "/task", pid);
  g_autoptr (GDir) threads = g_dir_open (path, 0, NULL);
  const char *thread;

  while (threads != NULL && (thread = g_dir_read_name (threads)) != NULL)
    {
      g_autofree char *stat_path = g_build_filename (path, thread, "stat", NULL);
      g_autofree char *text = NULL;
      const char *end_of_name;

      if (!g_file_get_contents (stat_path, &text, NULL, NULL))
        continue; /* it has ended */
      end_of_name = strrchr (text, ')');
      g_assert_nonnull (end_of_name);
      if (!g_str_has_prefix (end_of_name, ") T"))
        return FALSE;
    }
  return threads != NULL;
}

/* The signal only asks for it: a process in a call of the system runs on until the end of that
 * call. Its parent is told when all its threads have stopped, and whoever waits for the process
 * next is told again. A process of the fork server has another parent than this one. */
gboolean
gmproc_test_stop (gint64 pid)
{
  siginfo_t info = { 0 };
  int result;

  if (kill ((pid_t) pid, SIGSTOP) != 0)
    return FALSE;
  do
    result = waitid (P_PID, (id_t) pid, &info, WSTOPPED | WEXITED | WNOWAIT);
  while (result != 0 && errno == EINTR);
  if (result == 0)
    return info.si_code == CLD_STOPPED;

  g_assert_cmpint (errno, ==, ECHILD);
  if (!g_file_test ("/proc/self/task", G_FILE_TEST_IS_DIR))
    return FALSE;
  while (!is_stopped (pid))
    {
      if (kill ((pid_t) pid, 0) != 0)
        return FALSE;
      g_thread_yield ();
    }
  return TRUE;
}

void
gmproc_test_continue (gint64 pid)
{
  g_assert_cmpint (kill ((pid_t) pid, SIGCONT), ==, 0);
}

int
gmproc_test_try_to_shrink (void)
{
  int n_tried = 0;

  if (!g_file_test ("/proc/self/fd", G_FILE_TEST_IS_DIR))
    return -1;
  for (int fd = 3; fd < LARGEST_FD; fd++)
    {
      g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
      g_autofree char *target = g_file_read_link (path, NULL);

      if (target == NULL || !g_str_has_prefix (target, "/memfd:"))
        continue;
      n_tried++;
      g_assert_cmpint (ftruncate (fd, 0), ==, -1);
      g_assert_cmpint (errno, ==, EPERM);
    }
  return n_tried;
}

gboolean
gmproc_test_forbid_pidfds (void)
{
#if defined(__linux__) && defined(SYS_pidfd_open)
  struct sock_filter code[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, G_STRUCT_OFFSET (struct seccomp_data, nr)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EMFILE),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = { G_N_ELEMENTS (code), code };

  return prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
         && prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
#else
  return FALSE;
#endif
}
