/* SPDX-License-Identifier: Apache-2.0 */
/*
 * STATE_P2M: what stands where in a guest-physical address space, as runs of frames. Machine frames
 * are this host's: the records serve whoever keeps its memory (live update of the hypervisor);
 * who carries pages to another host replaces them. What is mapped through grants is left to
 * STATE_MAPTRACK. The domain is paused and nobody else changes its p2m.
 */
#pragma once

#include <hearth/p2m.h>
#include <hearth/state.h>

/*
 * One record with the runs from *next on; *next is then where it ended. Begin with 0; it was the
 * last one when *next is beyond p2m->highest_gfn. Each call is short: check for preemption between.
 */
void p2m_state_save(struct p2m *p2m, uint64_t *next, struct state_stream *s);
/*
 * Maps one record's runs. RAM must be the domain's own; the owners of foreign frames must be there.
 * -EINVAL, -ENODATA, -ENOMEM: the runs before the bad one are mapped.
 */
int p2m_state_load(struct p2m *p2m, struct state_stream *s) must_check;
