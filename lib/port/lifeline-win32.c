/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A lifeline is a pipe into which nothing is ever written. The kernel closes the end that is kept
 * when its process is gone, however that happened, and then reading at the given end fails. A
 * handle of the process itself would tell the same, but the one who made the lifeline could not end
 * it before its own end.
 */
#include "config.h"

#include "port.h"
#include "ear-win32.h"
#include "overlapped-win32.h"
#include "pipe-win32.h"

gboolean
gmproc_port_lifeline_new (gintptr *ret_keep, gintptr *ret_give, GError **error)
{
  HANDLE keep, give;

  if (!gmproc_port_pipe_new (FALSE, &give, &keep, error))
    return FALSE;
  *ret_keep = (gintptr) keep;
  *ret_give = (gintptr) give;
  return TRUE;
}

void
gmproc_port_lifeline_wait (gintptr given)
{
  GmprocOverlappedResult result;

  /* A byte that somebody wrote by mistake is no end. */
  do
    {
      OVERLAPPED request = gmproc_port_overlapped_new ();
      DWORD count, code;
      gboolean started;
      char byte;

      started = ReadFile ((HANDLE) given, &byte, 1, NULL, &request);
      code = GetLastError ();
      result = gmproc_port_overlapped_finish ((HANDLE) given, &request, started,
                                              GMPROC_PORT_FOREVER, NULL, &count, &code);
    }
  while (result == GMPROC_OVERLAPPED_DONE);
}

gboolean
gmproc_port_lifeline_is_broken (gintptr given)
{
  return !PeekNamedPipe ((HANDLE) given, NULL, 0, NULL, NULL, NULL);
}

/* -- a source ---------------------------------------------------------------------------------- */

typedef struct
{
  GSource parent;

  GmprocEar *ear;
  gboolean is_over;
} LifelineSource;

/* A byte that somebody wrote by mistake is no end; prepare asks again. */
static gboolean
look (LifelineSource *self)
{
  if (gmproc_port_ear_is_met (self->ear))
    self->is_over = gmproc_port_ear_take (self->ear, NULL) < 0;
  return self->is_over;
}

static gboolean
lifeline_source_prepare (GSource *source, int *timeout)
{
  LifelineSource *self = (LifelineSource *) source;

  *timeout = -1;
  if (!self->is_over)
    gmproc_port_ear_ask (self->ear);
  return look (self);
}

static gboolean
lifeline_source_check (GSource *source)
{
  return look ((LifelineSource *) source);
}

static gboolean
lifeline_source_dispatch (G_GNUC_UNUSED GSource *source, GSourceFunc callback, gpointer user_data)
{
  return callback != NULL ? callback (user_data) : G_SOURCE_CONTINUE;
}

static void
lifeline_source_finalize (GSource *source)
{
  gmproc_port_ear_free (((LifelineSource *) source)->ear);
}

static gboolean
go_on (G_GNUC_UNUSED gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs lifeline_source_funcs = {
  .prepare = lifeline_source_prepare,
  .check = lifeline_source_check,
  .dispatch = lifeline_source_dispatch,
  .finalize = lifeline_source_finalize,
  .closure_callback = go_on,
};

GSource *
gmproc_port_lifeline_create_source (gintptr given)
{
  GSource *source = g_source_new (&lifeline_source_funcs, sizeof (LifelineSource));
  LifelineSource *self = (LifelineSource *) source;

  self->ear = gmproc_port_ear_new (source, (HANDLE) given, 1);
  if (self->ear == NULL)
    g_error ("CreateEvent: error %lu", GetLastError ());
  return source;
}
