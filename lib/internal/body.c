/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "body.h"

#include <string.h>

#define PAGE (4096)

/* Between the start of a block and the body in it; the pointer before the body says where the block
 * begins. */
#define MOST_LEAD (sizeof (gpointer) + GMPROC_BODY_LINE - 1)

static gpointer *
get_block_place (gpointer body)
{
  return (gpointer *) body - 1;
}

static gsize
get_lead (const guint8 *block)
{
  guintptr first = (guintptr) block + sizeof (gpointer);

  return sizeof (gpointer) + -first % GMPROC_BODY_LINE;
}

guint64
gmproc_body_get_padded_size (guint64 body_size)
{
  guint64 size = GMPROC_BODY_LINE + body_size;

  size += -size % GMPROC_BODY_LINE;
  return size % PAGE == GMPROC_BODY_LINE ? size + GMPROC_BODY_LINE : size;
}

gpointer
gmproc_body_try_resize (gpointer body, gsize kept, gsize size)
{
  guint8 *old_block = body != NULL ? *get_block_place (body) : NULL;
  gsize old_lead = body != NULL ? (gsize) ((guint8 *) body - old_block) : 0;
  guint8 *block =
      size <= G_MAXSIZE - MOST_LEAD ? g_try_realloc (old_block, MOST_LEAD + size) : NULL;
  gsize lead;

  if (block == NULL)
    return NULL;

  lead = get_lead (block);
  if (kept > 0 && lead != old_lead)
    memmove (block + lead, block + old_lead, kept);
  *get_block_place (block + lead) = block;
  return block + lead;
}

void
gmproc_body_free (gpointer body)
{
  if (body != NULL)
    g_free (*get_block_place (body));
}
