// SPDX-License-Identifier: Apache-2.0
/* The rows, as the hypervisor has them. */
#include "../../unit/matrix_rows.c"
