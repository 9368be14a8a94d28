/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#pragma once

#define GMPROC_H_INSIDE

#include "gmproc-array.h"
#include "gmproc-barrier.h"
#include "gmproc-condition.h"
#include "gmproc-connection.h"
#include "gmproc-descriptor.h"
#include "gmproc-dump.h"
#include "gmproc-error.h"
#include "gmproc-event.h"
#include "gmproc-init.h"
#include "gmproc-listener.h"
#include "gmproc-lock.h"
#include "gmproc-pool-iterator.h"
#include "gmproc-pool-options.h"
#include "gmproc-pool-source.h"
#include "gmproc-pool.h"
#include "gmproc-process-streams.h"
#include "gmproc-process.h"
#include "gmproc-queue.h"
#include "gmproc-semaphore.h"
#include "gmproc-shared-memory.h"
#include "gmproc-start-method.h"
#include "gmproc-target.h"
#include "gmproc-types.h"
#include "gmproc-value.h"
#include "gmproc-version.h"
#include "gmproc-visibility.h"
#include "gmproc-waitable.h"

#undef GMPROC_H_INSIDE
