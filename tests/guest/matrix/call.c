// SPDX-License-Identifier: Apache-2.0
/* Calls of them. */
#include "../../unit/matrix_call.c"
