#include "engine/device/opencl/plan_text.h"

namespace vireo::device::opencl {

std::string_view plan_text_hopper() noexcept {
  return R"~~~(
// 256 items work, the warp behind them fetches, the last one keeps the passes. Local memory: slab, ring of weights, sums,
// parts; then the barriers of the ring and of passes, the addresses of tensors, the steps. SLOTS slots of VIREO_SLOT bytes.
#define VIREO_NVIDIA 1
#define VIREO_SLAB 65536
#define VIREO_SLOT 37376
#define VIREO_SLOTS 3
#define VIREO_SUMS 36864
#define VIREO_PARTS 8192
#define VIREO_RING_AT VIREO_SLAB
#define VIREO_SUMS_AT (VIREO_RING_AT + VIREO_SLOTS * VIREO_SLOT)
#define VIREO_PARTS_AT (VIREO_SUMS_AT + VIREO_SUMS)
#define VIREO_BARRIERS_AT (VIREO_PARTS_AT + VIREO_PARTS)
#define VIREO_TABLES_AT (VIREO_BARRIERS_AT + 64)
#define VIREO_PLAIN static inline __attribute__((always_inline))
#define VIREO_MARK 0x00010001u  // these bits of a word of 16 bytes are its mark

typedef struct {
  uint me, group, groups;            // item; number of the group for this step; how many there are
  uint slab, ring, sums, parts;      // places in local memory
  uint full, slot, phase;            // of the ring: barriers, and the slot that comes next
  uint tag, polls, marks;            // of this step, see the kernels that know marks
  uint first_mark, second_mark, own_mark;
  uint first;                        // this group's real number
  global uint4 *exchange;
  global uint *sync;
  ulong deadline;
} vireo_run;
#define VIREO_RUN vireo_run *run

VIREO_PLAIN void vireo_meet(uint id, uint items) { asm volatile("bar.sync %0,%1;" ::"r"(id), "r"(items) : "memory"); }
VIREO_PLAIN uint4 vireo_load(global const uint4 *p) {
  ulong a, b;
  asm volatile("{.reg .b128 q;ld.relaxed.gpu.global.b128 q,[%2];mov.b128 {%0,%1},q;}" : "=l"(a), "=l"(b) : "l"(p) : "memory");
  return (uint4)((uint)a, (uint)(a >> 32), (uint)b, (uint)(b >> 32));
}
VIREO_PLAIN void vireo_store(global uint4 *p, uint4 v) {
  const ulong a = (ulong)v.x | ((ulong)v.y << 32), b = (ulong)v.z | ((ulong)v.w << 32);
  asm volatile("{.reg .b128 q;mov.b128 q,{%1,%2};st.relaxed.gpu.global.b128 [%0],q;}" ::"l"(p), "l"(a), "l"(b) : "memory");
}
VIREO_PLAIN void vireo_local_store(uint at, uint4 v) {
  asm volatile("st.shared.v4.u32 [%0],{%1,%2,%3,%4};" ::"r"(at), "r"(v.x), "r"(v.y), "r"(v.z), "r"(v.w) : "memory");
}
VIREO_PLAIN void vireo_local_store2(uint at, float x, float y) {
  asm volatile("st.shared.v2.f32 [%0],{%1,%2};" ::"r"(at), "f"(x), "f"(y) : "memory");
}
VIREO_PLAIN uint4 vireo_local_load(uint at) {
  uint4 v;
  asm volatile("ld.shared.v4.u32 {%0,%1,%2,%3},[%4];" : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w) : "r"(at) : "memory");
  return v;
}
VIREO_PLAIN ulong vireo_now(void) {
  ulong v;
  asm volatile("mov.u64 %0,%%globaltimer;" : "=l"(v)::"memory");
  return v;
}
VIREO_PLAIN uint vireo_clock(void) {
  uint v;
  asm volatile("mov.u32 %0,%%clock;" : "=r"(v)::"memory");
  return v;
}
// Whoever waits counts. Beyond the deadline, or where somebody else is, nobody waits any more: the run ends soon with a
// wrong result and says so in sync[2].
VIREO_PLAIN int vireo_tired(vireo_run *run, uint *spins) {
  if (++*spins & 1023) return 0;
  uint given_up;
  asm volatile("ld.relaxed.gpu.global.u32 %0,[%1];" : "=r"(given_up) : "l"(run->sync + 2) : "memory");
  if (given_up) return 1;
  if (vireo_now() < run->deadline) return 0;
  asm volatile("st.relaxed.gpu.global.u32 [%0],%1;" ::"l"(run->sync + 2), "r"(1) : "memory");
  return 1;
}
VIREO_PLAIN void vireo_poll(vireo_run *run, global const uint4 *p, uint4 *v, uint mark) {
  uint spins = 0;
  while (((*v).x ^ mark) & VIREO_MARK) {
    *v = vireo_load(p);
    if (vireo_tired(run, &spins)) break;
  }
  (*v).x &= ~VIREO_MARK;
}
// The slot's weights are read: it may be filled again.
VIREO_PLAIN void vireo_next_slot(vireo_run *run) {
  asm volatile("bar.warp.sync 0xffffffff;" ::: "memory");
  if ((run->me & 31) == 0)
    asm volatile("mbarrier.arrive.shared::cta.b64 _,[%0];" ::"r"(run->full + 8 * (VIREO_SLOTS + run->slot)) : "memory");
  if (++run->slot == VIREO_SLOTS) {
    run->slot = 0;
    run->phase ^= 1;
  }
}
// All groups come here before one leaves; what they wrote is seen by all.
VIREO_PLAIN void vireo_meet_all(vireo_run *run, uint *met) {
  vireo_meet(1, 256);
  *met += run->groups;
  if (run->me == 0) {
    asm volatile("red.release.gpu.global.add.u32 [%0],1;" ::"l"(run->sync) : "memory");
    uint arrived, spins = 0;
    for (;;) {
      asm volatile("ld.acquire.gpu.global.u32 %0,[%1];" : "=r"(arrived) : "l"(run->sync) : "memory");
      if (arrived >= *met || vireo_tired(run, &spins)) break;
    }
  }
  vireo_meet(1, 256);
}
VIREO_PLAIN void vireo_wait_slot(uint at, uint parity) {
  asm volatile("{.reg .pred P;\nWAIT:\nmbarrier.try_wait.parity.shared::cta.b64 P,[%0],%1;\n@P bra DONE;\nbra WAIT;\nDONE:\n}" ::"r"(at), "r"(parity) : "memory");
}
#define VIREO_CAME 6    // numbers of barriers: a group has come to a pass,
#define VIREO_PASSED 7  // and all have
// Nobody leaves pass `number` before all have come to the pass before, the last time: what they did before that is done
// and seen. The keeper waits for them in the meantime.
VIREO_PLAIN void vireo_pass(vireo_run *run, uint number) {
  if (number > 0) vireo_wait_slot(run->full + 8 * VIREO_PASSED, number - 1 & 1);
  asm volatile("bar.warp.sync 0xffffffff;" ::: "memory");
  if ((run->me & 31) == 0)
    asm volatile("mbarrier.arrive.shared::cta.b64 _,[%0];" ::"r"(run->full + 8 * VIREO_CAME) : "memory");
}
VIREO_PLAIN void vireo_keep(vireo_run *run, local const uint *table, int steps) {
  uint number = 0, met = 0, spins = 0;
  for (int s = 0; s < steps; ++s) {
    if (!(table[s * 12] >> 16 & 16)) continue;
    vireo_wait_slot(run->full + 8 * VIREO_CAME, number & 1);
    met += run->groups;
    asm volatile("red.release.gpu.global.add.u32 [%0],1;" ::"l"(run->sync + 4) : "memory");
    uint arrived;
    for (;;) {
      asm volatile("ld.acquire.gpu.global.u32 %0,[%1];" : "=r"(arrived) : "l"(run->sync + 4) : "memory");
      if (arrived >= met || vireo_tired(run, &spins)) break;
      asm volatile("nanosleep.u32 100;");
    }
    asm volatile("mbarrier.arrive.shared::cta.b64 _,[%0];" ::"r"(run->full + 8 * VIREO_PASSED) : "memory");
    ++number;
  }
}
)~~~";
}

std::string_view plan_end_hopper() noexcept {
  return R"~~~(
#define VIREO_PLACE word.y
VIREO_PLAIN uint vireo_same(uint value) {
  uint first;
  asm volatile("shfl.sync.idx.b32 %0,%1,0,0x1f,0xffffffff;" : "=r"(first) : "r"(value));
  return first;
}
// The mark `number` of this run, for VIREO_MARK.
VIREO_PLAIN uint vireo_mark(uint number, uint turn) {
  return (number & 1) | ((number >> 1 ^ turn) & 1) << 16;
}
VIREO_PLAIN void vireo_fetch(local const uint *table, int steps, uint group, uint groups, uint ring, uint full) {
  ulong once;
  asm volatile("createpolicy.fractional.L2::evict_first.b64 %0,1.0;" : "=l"(once));
  uint slot = 0, phase = 1;
  for (int s = 0; s < steps; ++s) {
    local const uint *step = table + s * 12;
    const uint bytes = step[8], period = step[9], chunks = step[10], pieces = step[11];
    if (!bytes) continue;
    global const uchar *weights = (global const uchar *)((ulong)step[4] | ((ulong)step[5] << 32));
    for (uint piece = (group + groups - step[2]) % groups; piece < pieces; piece += groups)
      for (uint chunk = 0; chunk < chunks; ++chunk) {
        vireo_wait_slot(full + 8 * (VIREO_SLOTS + slot), phase);
        asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _,[%0],%1;" ::"r"(full + 8 * slot), "r"(bytes) : "memory");
        asm volatile(
            "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.L2::cache_hint [%0],[%1],%2,[%3],%4;" ::"r"(
                ring + slot * VIREO_SLOT),
            "l"(weights + (ulong)(piece % period * chunks + chunk) * bytes), "r"(bytes), "r"(full + 8 * slot), "l"(once)
            : "memory");
        if (++slot == VIREO_SLOTS) {
          slot = 0;
          phase ^= 1;
        }
      }
  }
}
// sync: arrivals at meetings, number of the run modulo 30, whether somebody gave up, groups that have finished, arrivals
// at passes.
__attribute__((reqd_work_group_size(320, 1, 1))) __kernel void vireo_plan(
    global uint *sync, global const ulong *places, const int place_count, global const uint *steps, const int step_count,
    const int uses, global uint *clocks) {
  local uchar pool[VIREO_TABLES_AT + VIREO_TABLE_BYTES] __attribute__((aligned(1024)));
  const uint base = (uint)(size_t)pool;
  local ulong *place = (local ulong *)(pool + VIREO_TABLES_AT);
  local uint *table = (local uint *)(place + (place_count + 1) / 2 * 2);
  uint item, group, groups, turn;
  asm volatile("mov.u32 %0,%%tid.x;" : "=r"(item));
  asm volatile("mov.u32 %0,%%ctaid.x;" : "=r"(group));
  asm volatile("mov.u32 %0,%%nctaid.x;" : "=r"(groups));
  const uint full = base + VIREO_BARRIERS_AT;
  for (int i = item; i < place_count; i += 320) place[i] = places[i];
  for (int i = item; i < step_count * 12; i += 320) table[i] = steps[i];
  if (item == 0) {
    for (uint i = 0; i < VIREO_SLOTS; ++i) {
      asm volatile("mbarrier.init.shared::cta.b64 [%0],1;" ::"r"(full + 8 * i) : "memory");
      asm volatile("mbarrier.init.shared::cta.b64 [%0],8;" ::"r"(full + 8 * (VIREO_SLOTS + i)) : "memory");
    }
    asm volatile("mbarrier.init.shared::cta.b64 [%0],8;" ::"r"(full + 8 * VIREO_CAME) : "memory");
    asm volatile("mbarrier.init.shared::cta.b64 [%0],1;" ::"r"(full + 8 * VIREO_PASSED) : "memory");
    asm volatile("fence.mbarrier_init.release.cluster;\nfence.proxy.async;" ::: "memory");
  }
  asm volatile("ld.relaxed.gpu.global.u32 %0,[%1];" : "=r"(turn) : "l"(sync + 1) : "memory");
  vireo_meet(0, 320);
  if (item >= 256 && item < 288) {
    if (item == 256) vireo_fetch(table, step_count, group, groups, base + VIREO_RING_AT, full);
    return;
  }
  vireo_run run;
  run.me = item;
  run.groups = groups;
  run.slab = base;
  run.ring = base + VIREO_RING_AT;
  run.sums = base + VIREO_SUMS_AT;
  run.parts = base + VIREO_PARTS_AT;
  run.full = full;
  run.slot = 0;
  run.phase = 0;
  run.first = group;
  run.sync = sync;
  run.deadline = vireo_now() + 2000000000UL;
  if (item >= 288) {
    if (item == 288) vireo_keep(&run, table, step_count);
    return;
  }
  uint met = 0, passed = 0;
  for (int s = 0; s < step_count; ++s) {
    local const uint *step = table + s * 12;
    const uint4 word = *(local const uint4 *)step;  // kind and flags, address, first group, use of the exchange
    const ulong exchange = *(local const ulong *)(step + 6);
    const uint kind = vireo_same(word.x & 0xffff), flags = vireo_same(word.x >> 16), first = vireo_same(word.z);
    run.group = group >= first ? group - first : group + groups - first;
    run.exchange = (global uint4 *)exchange;
    run.tag = 1 + (turn * uses + word.w) % 15;
    run.polls = flags >> 1 & 3;
    run.marks = flags & 8;
    run.first_mark = vireo_mark(flags >> 5, turn);
    run.second_mark = vireo_mark(flags >> 7, turn);
    run.own_mark = vireo_mark(flags >> 9, turn);
    if (flags & 1) vireo_meet_all(&run, &met);
    if (flags & 16) vireo_pass(&run, passed++);
    if (clocks && group == 0 && item == 0) clocks[s] = vireo_clock();
    switch (kind) {
      VIREO_CASES
      default: break;
    }
  }
  vireo_meet(1, 256);
  if (item == 0) {
    if (passed > 0) vireo_wait_slot(full + 8 * VIREO_PASSED, passed - 1 & 1);  // nobody counts passes any more
    if (clocks && group == 0) clocks[step_count] = vireo_clock();
    uint before;
    asm volatile("atom.acq_rel.gpu.global.add.u32 %0,[%1],1;" : "=r"(before) : "l"(sync + 3) : "memory");
    if (before == groups - 1) {
      sync[0] = 0;
      sync[3] = 0;
      sync[4] = 0;
      sync[1] = (turn + 1) % 30;
    }
  }
}
)~~~";
}

std::string_view plan_text_plain() noexcept {
  return R"~~~(
// One group: what it waits for is there, or never comes. Simulators (oclgrind) don't know what inlining makes of restrict.
#define restrict
#define VIREO_PLAIN static inline
#define VIREO_MARK 0x00010001u
typedef struct {
  uint me, group, groups;
  uint tag, polls, marks;
  uint first_mark, second_mark, own_mark;
  global uint4 *exchange;
  global uint *sync;
  local uchar *pool;
} vireo_run;
#define VIREO_RUN vireo_run *run
VIREO_PLAIN uint4 vireo_load(global const uint4 *p) { return *(volatile global const uint4 *)p; }
VIREO_PLAIN void vireo_store(global uint4 *p, uint4 v) { *p = v; }
VIREO_PLAIN int vireo_tired(vireo_run *run, uint *spins) {
  if (++*spins & 15) return 0;
  run->sync[2] = 1;
  return 1;
}
VIREO_PLAIN void vireo_poll(vireo_run *run, global const uint4 *p, uint4 *v, uint mark) {
  uint spins = 0;
  while (((*v).x ^ mark) & VIREO_MARK) {
    *v = vireo_load(p);
    if (vireo_tired(run, &spins)) break;
  }
  (*v).x &= ~VIREO_MARK;
}
)~~~";
}

std::string_view plan_end_plain() noexcept {
  return R"~~~(
#define VIREO_PLACE step[1]
static inline uint vireo_mark(uint number, uint turn) {
  return (number & 1) | ((number >> 1 ^ turn) & 1) << 16;
}
__attribute__((reqd_work_group_size(256, 1, 1))) __kernel void vireo_plan(
    global uint *sync, global const ulong *places, const int place_count, global const uint *steps, const int step_count,
    const int uses, global uint *clocks) {
  local uchar pool[VIREO_POOL_BYTES] __attribute__((aligned(64)));
  local ulong place[VIREO_TABLE_BYTES / 8];
  for (int i = get_local_id(0); i < place_count; i += 256) place[i] = places[i];
  vireo_run run;
  run.me = get_local_id(0);
  run.group = 0;
  run.groups = 1;
  const uint turn = sync[1];
  run.sync = sync;
  run.pool = pool;
  for (int s = 0; s < step_count; ++s) {
    global const uint *step = steps + s * 12;
    run.exchange = (global uint4 *)((ulong)step[6] | (ulong)step[7] << 32);
    run.tag = 1 + (turn * uses + step[3]) % 15;
    run.polls = step[0] >> 17 & 3;
    run.marks = step[0] >> 16 & 8;
    run.first_mark = vireo_mark(step[0] >> 21, turn);
    run.second_mark = vireo_mark(step[0] >> 23, turn);
    run.own_mark = vireo_mark(step[0] >> 25, turn);
    barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
    switch (step[0] & 0xffff) {
      VIREO_CASES
      default: break;
    }
  }
  barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
  if (get_local_id(0) == 0) sync[1] = (turn + 1) % 30;
}
)~~~";
}

}  // namespace vireo::device::opencl
