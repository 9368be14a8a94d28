/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * posix_spawn(), where it can close every other descriptor and change the directory. It does not
 * copy the caller's page tables, so a start takes the same time from a process of any size.
 *
 * A descriptor is to get a number which another one has that is still to be moved. So the moves are
 * put in an order in which none overwrites what a later one needs; a ring of them is opened with a
 * number that nobody has.
 *
 * Elsewhere it is GLib, which forks.
 */
#include "config.h"

#include "spawn-posix.h"

#include "port-error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

GPtrArray *
gmproc_port_spawn_make_argv (const char *const *command, const char *path, const char *mark,
                             const char *label)
{
  GPtrArray *argv = g_ptr_array_new ();

  if (command == NULL)
    g_ptr_array_add (argv, (gpointer) path);
  else
    for (const char *const *word = command; *word != NULL; word++)
      g_ptr_array_add (argv, (gpointer) *word);
  g_ptr_array_add (argv, (gpointer) mark);
  g_ptr_array_add (argv, (gpointer) label);
  g_ptr_array_add (argv, NULL);
  return argv;
}

#if defined(HAVE_POSIX_SPAWN_FILE_ACTIONS_ADDCLOSEFROM_NP) \
    && defined(HAVE_POSIX_SPAWN_FILE_ACTIONS_ADDCHDIR_NP)
#include <spawn.h>

#define UNCHANGED (-1)

extern char **environ;

/* Which descriptor is to become which. A target's number is its place in the arrays. */
typedef struct
{
  int n_targets;
  int n_standing; /* targets whose move was not given out yet */
  int *sources;   /* or UNCHANGED; after its move was given out too */
  int *n_uses;    /* how many standing moves need the descriptor that has this number now */
  int *moved;     /* where the descriptor is that had this number */
  int spare;      /* nobody has this number, nor a higher one */
} Moves;

static gboolean
is_move (const Moves *moves, int target)
{
  return moves->sources[target] != UNCHANGED && moves->sources[target] != target;
}

static void
moves_init (Moves *moves, const GmprocSpawn *spawn)
{
  moves->n_targets = GMPROC_SPAWN_FIRST_DESCRIPTOR + (int) spawn->n_descriptors;
  moves->sources = g_new (int, moves->n_targets);
  moves->n_uses = g_new0 (int, moves->n_targets);
  moves->moved = g_new (int, moves->n_targets);
  moves->spare = moves->n_targets;
  moves->n_standing = 0;
  for (int i = 0; i < moves->n_targets; i++)
    {
      gintptr source = GMPROC_PORT_NO_HANDLE;

      if (i >= GMPROC_SPAWN_FIRST_DESCRIPTOR)
        source = spawn->descriptors[i - GMPROC_SPAWN_FIRST_DESCRIPTOR];
      else if (spawn->streams != NULL)
        source = spawn->streams[i];
      moves->sources[i] = source == GMPROC_PORT_NO_HANDLE ? UNCHANGED : (int) source;
      moves->moved[i] = i;
      moves->spare = MAX (moves->spare, moves->sources[i] + 1);
    }
  for (int i = 0; i < moves->n_targets; i++)
    if (is_move (moves, i))
      {
        moves->n_standing++;
        if (moves->sources[i] < moves->n_targets)
          moves->n_uses[moves->sources[i]]++;
      }
}

static void
moves_clear (Moves *moves)
{
  g_free (moves->sources);
  g_free (moves->n_uses);
  g_free (moves->moved);
}

/* Gives out the move to TARGET, which nobody needs any more, and then those that it stood in the
 * way of: what was needed for this one may be overwritten now. */
static int
add_chain (posix_spawn_file_actions_t *actions, Moves *moves, int target)
{
  int result = 0;

  while (result == 0)
    {
      int source = moves->sources[target];
      int present = source < moves->n_targets ? moves->moved[source] : source;

      result = posix_spawn_file_actions_adddup2 (actions, present, target);
      moves->sources[target] = UNCHANGED;
      moves->n_standing--;
      if (source >= moves->n_targets || --moves->n_uses[source] > 0 || !is_move (moves, source))
        break;
      target = source;
    }
  return result;
}

static int
add_moves (posix_spawn_file_actions_t *actions, Moves *moves)
{
  int result = 0;

  /* One that has its number already only loses the mark that it is closed by exec. */
  for (int i = 0; result == 0 && i < moves->n_targets; i++)
    if (moves->sources[i] == i)
      result = posix_spawn_file_actions_adddup2 (actions, i, i);
  for (int i = 0; result == 0 && i < moves->n_targets; i++)
    if (is_move (moves, i) && moves->n_uses[i] == 0)
      result = add_chain (actions, moves, i);
  /* What is left are rings. */
  for (int i = 0; result == 0 && moves->n_standing > 0 && i < moves->n_targets; i++)
    if (is_move (moves, i))
      {
        result = posix_spawn_file_actions_adddup2 (actions, i, moves->spare);
        moves->moved[i] = moves->spare++;
        moves->n_uses[i] = 0;
        if (result == 0)
          result = add_chain (actions, moves, i);
      }
  return result;
}

static int
add_all (posix_spawn_file_actions_t *actions, const GmprocSpawn *spawn)
{
  gboolean has_input = spawn->streams != NULL && spawn->streams[0] != GMPROC_PORT_NO_HANDLE;
  Moves moves;
  int result = 0;

  if (spawn->working_directory != NULL)
    result = posix_spawn_file_actions_addchdir_np (actions, spawn->working_directory);
  moves_init (&moves, spawn);
  if (result == 0)
    result = add_moves (actions, &moves);
  /* Last, as somebody's source may have been the number of the input. */
  if (result == 0 && !has_input)
    result = posix_spawn_file_actions_addopen (actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  if (result == 0)
    result = posix_spawn_file_actions_addclosefrom_np (actions, moves.n_targets);
  moves_clear (&moves);
  return result;
}

gboolean
gmproc_port_spawn (const GmprocSpawn *self, pid_t *ret_pid, GError **error)
{
  const char *const *environment =
      self->environment != NULL ? self->environment : (const char *const *) environ;
  posix_spawn_file_actions_t actions;
  int result = posix_spawn_file_actions_init (&actions);

  if (result == 0)
    {
      result = add_all (&actions, self);
      /* What is noted is only that the number is too high for the limit of this process. */
      if (result == EBADF)
        result = EMFILE;
      if (result == 0)
        result = posix_spawn (ret_pid, self->path, &actions, NULL, (char **) self->argv,
                              (char **) environment);
      (void) posix_spawn_file_actions_destroy (&actions);
    }
  if (result == 0)
    return TRUE;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (result), "posix_spawn(%s): %s", self->path,
               g_strerror (result));
  return FALSE;
}

#else /* no posix_spawn() that closes descriptors */

/* The errors of a spawn are of another domain than ours. */
static GIOErrorEnum
translate_spawn_error (const GError *error)
{
  if (g_error_matches (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT))
    return G_IO_ERROR_NOT_FOUND;
  if (g_error_matches (error, G_SPAWN_ERROR, G_SPAWN_ERROR_ACCES))
    return G_IO_ERROR_PERMISSION_DENIED;
  return G_IO_ERROR_FAILED;
}

static int
get_stream (const GmprocSpawn *self, int number)
{
  return self->streams != NULL ? (int) self->streams[number] : (int) GMPROC_PORT_NO_HANDLE;
}

/* Not LEAVE_DESCRIPTORS_OPEN: a descriptor that some other library forgot to mark must not reach
 * the child. */
gboolean
gmproc_port_spawn (const GmprocSpawn *self, pid_t *ret_pid, GError **error)
{
  g_autofree int *sources = g_new (int, self->n_descriptors);
  g_autofree int *targets = g_new (int, self->n_descriptors);
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GError) local_error = NULL;

  g_ptr_array_add (argv, (gpointer) self->path);
  for (const char *const *at = self->argv; *at != NULL; at++)
    g_ptr_array_add (argv, (gpointer) *at);
  g_ptr_array_add (argv, NULL);

  for (gsize i = 0; i < self->n_descriptors; i++)
    {
      sources[i] = (int) self->descriptors[i];
      targets[i] = GMPROC_SPAWN_FIRST_DESCRIPTOR + (int) i;
    }
  if (g_spawn_async_with_pipes_and_fds (
          self->working_directory, (const char *const *) argv->pdata, self->environment,
          G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_CLOEXEC_PIPES | G_SPAWN_FILE_AND_ARGV_ZERO, NULL,
          NULL, get_stream (self, 0), get_stream (self, 1), get_stream (self, 2), sources, targets,
          self->n_descriptors, ret_pid, NULL, NULL, NULL, &local_error))
    return TRUE;

  g_set_error (error, G_IO_ERROR, translate_spawn_error (local_error), "spawn: %s",
               local_error->message);
  return FALSE;
}
#endif
