/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#pragma once

#if !defined(GMPROC_H_INSIDE) && !defined(GMPROC_COMPILATION)
#error "Only <gmproc.h> can be included directly."
#endif

#include <glib.h>

/* Everything is hidden (-fvisibility=hidden) but what carries GMPROC_API. */
#if (defined(_WIN32) || defined(__CYGWIN__)) && !defined(GMPROC_STATIC_COMPILATION)
#define GMPROC_EXPORT __declspec(dllexport)
#define GMPROC_IMPORT __declspec(dllimport)
#elif defined(__GNUC__) && __GNUC__ >= 4
#define GMPROC_EXPORT __attribute__ ((visibility ("default")))
#define GMPROC_IMPORT
#else
#define GMPROC_EXPORT
#define GMPROC_IMPORT
#endif

#ifdef GMPROC_COMPILATION
#define GMPROC_API GMPROC_EXPORT extern
#else
#define GMPROC_API GMPROC_IMPORT extern
#endif

/* One macro a stable series, so that a later one can warn programs that asked for an older. */
#define GMPROC_AVAILABLE_IN_1_0 GMPROC_API
