/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <hearth/compiler.h>

extern bool xsm_silo;
