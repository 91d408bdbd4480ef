// SPDX-License-Identifier: Apache-2.0
/* Their arguments. */
#include "../../unit/matrix_fields.c"
