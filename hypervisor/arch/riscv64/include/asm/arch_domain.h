/* SPDX-License-Identifier: Apache-2.0 */
/* riscv64's part of a domain: no guest runs yet. */
#pragma once

struct arch_domain {};
