/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What the processes of a round write down, each for itself, so that it outlives them.
 *
 * The ledger is plain shared memory: no lock, no wait, only stores and atomic additions. So it
 * depends on nothing that is under test. Each process has a card, which nobody else writes; card 0
 * is the parent's. It crosses to a child like any object of the library.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define LEDGER_CARDS (128)
#define LEDGER_ITEMS (1 << 16) /* of one card: a round ends before a process would do more */

/* What the tests look for. */
typedef enum
{
  FINDING_HANG,
  FINDING_LOSS,
  FINDING_DUPLICATE,
  FINDING_TEAR,
  FINDING_ORDER,
  FINDING_STATE, /* any other state that cannot be */
  N_FINDINGS
} Finding;

typedef enum
{
  EXPECTED_EITHER,
  EXPECTED_ABSENT,
  EXPECTED_PRESENT
} Expected;

typedef struct
{
  guint32 is_running;     /* its first step comes next */
  guint32 paused_at;      /* the generation for which it paused */
  guint32 is_taking;      /* from before it asks for items until they are written down: how many */
  guint32 expected;       /* of a killed producer's last item: an Expected, written by the parent */
  guint64 n_begun;        /* steps: items that it began to put, … */
  guint64 n_done;         /* items whose put has returned; rounds crossed; … */
  guint64 n_finish_begun; /* items that it began to say of that they are finished, … */
  guint64 n_finish_done;  /* and had said so */
} Card;

/* In shared memory. Atomic, or written by the parent only while nobody else runs. */
typedef struct
{
  guint32 must_stop;
  guint32 generation; /* one more each time that the parent lets a role pause */
  guint32 is_exhausted;
  guint32 is_hungry; /* producers wait until the queue is empty */
  gint64 timeout;    /* of a barrier's parties */
  guint64 pair[2];   /* under the lock under test, and equal */
  guint32 inside;    /* under it too: the card of its owner, or 0 */
  guint32 n_abandoned;
  gint findings[N_FINDINGS];
  gint has_text;
  char text[256];                /* of the first finding */
  guint32 indexes[LEDGER_ITEMS]; /* a bit for each index that a barrier's crossing gave out */
  Card cards[LEDGER_CARDS];
  gint8 taken[LEDGER_CARDS][LEDGER_ITEMS]; /* how often each item was taken */
} LedgerPlace;

#define LEDGER_TYPE (ledger_get_type ())
G_DECLARE_FINAL_TYPE (Ledger, ledger, TEST, LEDGER, GObject)

Ledger *ledger_new (void);
LedgerPlace *ledger_get_place (Ledger *self);

void ledger_report (LedgerPlace *place, Finding finding, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
gboolean ledger_has_findings (LedgerPlace *place);
const char *ledger_name_finding (Finding finding);

/* An item was taken out of a queue. Reports one that comes twice, or from nowhere. */
void ledger_take (LedgerPlace *place, guint32 producer, guint32 number);

G_END_DECLS
