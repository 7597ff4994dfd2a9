// Products and convolutions on Hopper's tensor cores: y = activation(a * w^T + bias + residual), float16 tensors,
// float32 sums. Runs as many groups as there are multiprocessors; each takes tiles of ROWS x COLUMNS one after the
// other.
//
// A group is GROUPS warpgroups that multiply and one that loads. The loader's first item asks the copy engine for the
// slices of a tile, 64 deep, into a ring of STAGES slots in local memory: rows of `a` by a tensor map (IM2COL: the copy
// engine finds the pixels of a convolution's window itself; outside of the picture they are zero), columns of `w` by
// another. Slots pass back and forth by two mbarriers each, `full` (bytes have landed) and `empty` (all warpgroups have
// read). The sums leave through local memory, where the residual was loaded meanwhile, by bulk stores that leave out
// what lies outside of y. Layout in local memory: rows of 128 bytes, swizzled as wgmma wants them.
//
// Races are excluded so: a slot is written only after `empty` has flipped, which every warpgroup does after the wgmma
// that read it was waited for; it is read only after `full`. An output buffer is written again only after its bulk
// store has read it: the item that stored waits for that (wait_group.read) and then either lets its warpgroup through
// a named barrier or, with a residual, tells the loader by `free`. Tensors of different steps are ordered by the queue.
// wgmma, bulk copies and their order rules: PTX ISA 8.x, sm_90a. Instructions of sm_90a stand after "//@ ": see
// device/opencl/ptx.h.
//
// With SPLIT the depth of a tile is cut in parts, each a piece of work of its own, for products of few tiles. A part
// leaves its sums in `parts`, one float after the other for each item, and counts itself; who counts last adds them all
// up, in the order of the parts whoever came when, so that results don't depend on it. Its reads are ordered after the
// others' writes by their fence, the barrier of the warpgroup and the counting (acq_rel); it leaves the counter 0.
//
// With PAIR rows of a second tensor, `b`, follow those of `a` in the depth: y = activation(a * u^T + b * v^T + bias),
// the rows of `w` being those of u and v one behind the other. A part of a split depth may begin in `a` and end in `b`.
//
// With KEPT the columns of `w` that a tile needs stay in local memory for all tiles below it, KEPT slices of them, and
// only rows of `a` go through the ring: for products of little depth, whose tiles would read more of `w` than of
// anything else. A group then has tiles that follow each other down the columns. The loader asks for other columns
// when all slots have come back, for then all wgmma that read the old ones were waited for; `landed` says when they
// are there.
//
// With TURNS each of the two warpgroups has tiles of its own, every second one of the group's, and a buffer of output:
// one writes while the other multiplies. Slots and buffers pass as above, but only one warpgroup reads each. `turn`
// says that a warpgroup has seen all slots of its tile filled, which the other one waits for: so no wait for a slot is
// more than one round ahead of what fills it, and parities are enough.
//
// Tiles take long against what a launch costs only for large batches: where a group has one tile, the time until the
// first copy is asked for and that behind the last product count. So there are no divisions of ints before the former,
// and the bias comes into local memory meanwhile, not from global memory, line after line, at the end of a tile.
//
// Defines: ROWS, COLUMNS, STAGES, GROUPS, BUFFERS (of output), IM2COL, RESIDUAL (0 none, 1 before, 2 after the
// activation), ACTIVATION, SPLIT (1: none), KEPT (0: none), PAIR (absent: 0), IM2COL_B (as IM2COL, for `b`), TURNS.

// chunks: 64-deep slices of a pixel's channels; depth: chunks x window. out: width and height of a picture's output;
// window: width of the window, stride, padding left and above. border: depth of `a`.
__attribute__((reqd_work_group_size(THREADS, 1, 1))) kernel void wgmma_product(
    VIREO_ADDRESS(a), VIREO_ADDRESS(w), VIREO_ADDRESS(y), VIREO_ADDRESS(residual), VIREO_ADDRESS(bias), VIREO_ADDRESS(parts),
    VIREO_ADDRESS(counters), const int4 tiles, const int2 out, const int8 window
#if PAIR
    ,
    VIREO_ADDRESS(b), const int border, const int8 window_b
#endif
) {
  local uchar memory[KEPT * W_BYTES + STAGES * SLOT + BUFFERS * OUT_BYTES + 256 + GROUPS * COLUMNS * 4]
      __attribute__((aligned(1024)));
  global const uchar *map_a = (global const uchar *)a_address;
  global const uchar *map_w = (global const uchar *)w_address;
  global const uchar *map_y = (global const uchar *)y_address;
  global const uchar *map_r = (global const uchar *)residual_address;
#if PAIR
  global const uchar *map_b = (global const uchar *)b_address;
#endif
  global const float *bias = (global const float *)bias_address;
  const uint kept = (uint)(size_t)memory, base = kept + KEPT * W_BYTES;
  const uint outputs = base + STAGES * SLOT, full = outputs + BUFFERS * OUT_BYTES;
  const uint empty = full + 8 * STAGES, filled = empty + 8 * STAGES, free = filled + 8 * BUFFERS;
  const uint landed = free + 8 * BUFFERS, turn = landed + 8;
  const uint shifts = full + 256;
  const uint me = item(), group = me >> 7;
  const int tiles_m = tiles.x, tiles_n = tiles.y, depth = tiles.z, together = tiles.w;
  const int total = tiles_m * tiles_n * SPLIT, band = together * tiles_n;
#if SPLIT > 1
  local int arrived[GROUPS];
#endif
  if (me == GROUPS * 128) {
    for (int i = 0; i < STAGES; ++i) {
      barrier_init(full + 8 * i, 1);
      barrier_init(empty + 8 * i, READERS);
    }
    for (int i = 0; i < BUFFERS; ++i) {
      barrier_init(filled + 8 * i, 1);
      barrier_init(free + 8 * i, READERS);
    }
    barrier_init(landed, 1);
    barrier_init(turn, 1);
    barrier_init(turn + 8, 1);
    asm volatile("fence.mbarrier_init.release.cluster;\nfence.proxy.async;" ::: "memory");
  }
#if KEPT
  const int all_first = (int)((long)total * get_group_id(0) / get_num_groups(0));
  const int all_last = (int)((long)total * (get_group_id(0) + 1) / get_num_groups(0));
  const int first_n = all_first / tiles_m;
#define TILES(first, step) for (int tile = all_first + (first); tile < all_last; tile += (step))
#define TILE                                   \
  const int begin = 0, end = depth;            \
  const int n = floor_quotient(tile, tiles_m), m = tile - n * tiles_m;
  int kept_n = -1;
#else
#define TILES(first, step)                                                                        \
  for (int number = get_group_id(0) + (first) * get_num_groups(0); number < total; number += (step) * get_num_groups(0))
  // Tiles in bands of `together` rows of tiles, so that what is read at a time stays in the second-level cache.
#define TILE                                                                \
  const int tile = number / SPLIT, part = number % SPLIT;                   \
  const int begin = depth * part / SPLIT, end = depth * (part + 1) / SPLIT; \
  const int of_band = floor_quotient(tile, band), first_m = of_band * together;   \
  const int in_band = tile - of_band * band;                                \
  const int band_m = min(tiles_m - first_m, together);                      \
  const int n = floor_quotient(in_band, band_m), m = first_m + in_band - n * band_m;
#endif
  if (group == GROUPS) {
    if (me >= GROUPS * 128 + 32) {
      meet(0, THREADS);
      return;
    }
    arrive(0, THREADS);  // whoever loads waits for nobody
    if (me != GROUPS * 128) return;
    uint slot = 0, parity = 1, count = 0;
    TILES(0, 1) {
      TILE
#if KEPT
      if (n != kept_n) {
        uint s = slot, p = parity;
        for (int i = 0; i < STAGES; ++i) {
          barrier_wait(empty + 8 * s, p);
          if (++s == STAGES) {
            s = 0;
            p ^= 1;
          }
        }
        barrier_expect(landed, KEPT * W_BYTES);
        for (int k = 0; k < KEPT; ++k) load_2d(kept + k * W_BYTES, map_w, k * 64, n * COLUMNS, landed);
        kept_n = n;
      }
#endif
#if IM2COL || (PAIR && IM2COL_B)
      const int pixel = m * ROWS, row = floor_quotient(pixel, out.x), image = floor_quotient(row, out.y);
#endif
#if IM2COL
      IN_PICTURES(map_a, window, begin)
#endif
#if PAIR && IM2COL_B
      const int begin_b = max(begin - border, 0);
      IN_PICTURES(map_b, window_b, begin_b)
#endif
      for (int k = begin; k < end; ++k) {
        barrier_wait(empty + 8 * slot, parity);
        const uint at = base + slot * SLOT;
        barrier_expect(full + 8 * slot, SLOT);
#if PAIR
        if (k >= border) {
#if IM2COL_B
          LOAD_PIXELS(map_b, window_b)
#else
          load_2d(at, map_b, (k - border) * 64, m * ROWS, full + 8 * slot);
#endif
        } else
#endif
        {
#if IM2COL
          LOAD_PIXELS(map_a, window)
#else
          load_2d(at, map_a, k * 64, m * ROWS, full + 8 * slot);
#endif
        }
#if !KEPT
        load_2d(at + A_BYTES, map_w, k * 64, n * COLUMNS, full + 8 * slot);
#endif
        if (++slot == STAGES) {
          slot = 0;
          parity ^= 1;
        }
      }
#if RESIDUAL
      const uint buffer = count % BUFFERS;
      barrier_wait(free + 8 * buffer, ((count / BUFFERS) & 1) ^ 1);
      barrier_expect(filled + 8 * buffer, OUT_BYTES);
      for (int c = 0; c < COLUMNS / 64; ++c)
        for (int r = 0; r < ROWS / 64; ++r)
          load_2d(outputs + buffer * OUT_BYTES + c * (ROWS * 128) + r * 8192, map_r, n * COLUMNS + c * 64,
                  m * ROWS + r * 64, filled + 8 * buffer);
      ++count;
#endif
    }
    return;
  }
  if (me == 0) asm volatile("prefetch.tensormap [%0];" ::"l"(map_y) : "memory");
  meet(0, THREADS);
#if TURNS
  uint slice = group * depth, count = group;
#else
  uint slot = 0, parity = 0, count = 0;
#endif
  int bias_n = -1;
  const uint lane = me & 31, warp = (me >> 5) & 3, row = warp * 16 + ((lane >> 3) & 1) * 8 + (lane & 7);
  float sums[BLOCKS][COLUMNS / 2];
#if TURNS
  TILES(group, 2) {
    uint slot = slice % STAGES, parity = slice / STAGES & 1;
    slice += 2 * depth;
#else
  TILES(0, 1) {
#endif
    TILE
    if (n != bias_n) {  // all have met since they read the one before
      asm volatile("cp.async.wait_all;" ::: "memory");
      if ((me & 127) < COLUMNS / 4)
        asm volatile("cp.async.cg.shared.global [%0],[%1],16;" ::"r"(shifts + group * (COLUMNS * 4) + (me & 127) * 16),
                     "l"(bias + n * COLUMNS + (me & 127) * 4)
                     : "memory");
      bias_n = n;
    }
#if KEPT
    if (n != kept_n) {
      barrier_wait(landed, (n - first_n) & 1);
      kept_n = n;
    }
#endif
#if TURNS
    if (count > 0) barrier_wait(turn + 8 * (1 - group), (count - 1) / 2 & 1);
#endif
    uint before = 0;
#pragma unroll
    for (int i = 0; i < BLOCKS; ++i)
#pragma unroll
      for (int q = 0; q < COLUMNS / 2; ++q) sums[i][q] = 0.0f;  // else ptxas puts a wait behind each wgmma (C7515)
    for (int k = begin; k < end; ++k) {
      barrier_wait(full + 8 * slot, parity);
      const ulong da = descriptor(base + slot * SLOT + FIRST_BLOCK * 8192);
#if KEPT
      const ulong dw = descriptor(kept + k * W_BYTES);
#else
      const ulong dw = descriptor(base + slot * SLOT + A_BYTES);
#endif
      asm volatile("//@ wgmma.fence.sync.aligned;\n" ::: "memory");
#pragma unroll
      for (int s = 0; s < 4; ++s) {
#pragma unroll
        for (int i = 0; i < BLOCKS; ++i) multiply(sums[i], da + i * 512 + s * 2, dw + s * 2, 1);
      }
      asm volatile("//@ wgmma.commit_group.sync.aligned;\n//@ wgmma.wait_group.sync.aligned 1;\n" ::: "memory");
      if (k != begin && (me & 127) == 0) barrier_arrive(empty + 8 * before);
      before = slot;
      if (++slot == STAGES) {
        slot = 0;
        parity ^= 1;
      }
    }
#if TURNS
    if ((me & 127) == 0) barrier_arrive(turn + 8 * group);
#endif
    asm volatile("//@ wgmma.wait_group.sync.aligned 0;\n" ::: "memory");
    if ((me & 127) == 0) barrier_arrive(empty + 8 * before);
#if SPLIT > 1
    {
      // [tile][part][four sums of each item of the group, block after block]
      const size_t of_part = (size_t)GROUPS * 128 * BLOCKS * (COLUMNS / 2);
      global float4 *all = (global float4 *)parts_address + (size_t)tile * SPLIT * (of_part / 4);
      const uint own = me & (GROUPS * 128 - 1);
      global float4 *mine = all + part * (of_part / 4) + own;
#pragma unroll
      for (int i = 0; i < BLOCKS; ++i)
#pragma unroll
        for (int q = 0; q < COLUMNS / 8; ++q)
          mine[(i * (COLUMNS / 8) + q) * (GROUPS * 128)] =
              (float4)(sums[i][4 * q], sums[i][4 * q + 1], sums[i][4 * q + 2], sums[i][4 * q + 3]);
      asm volatile("fence.acq_rel.gpu;" ::: "memory");
      meet(1 + group, 128);
      if ((me & 127) == 0) {
        uint before_me;
        asm volatile("atom.acq_rel.gpu.global.add.u32 %0,[%1],1;"
                     : "=r"(before_me)
                     : "l"((global uint *)counters_address + tile * GROUPS + group)
                     : "memory");
        arrived[group] = before_me;
      }
      meet(1 + group, 128);
      const int last = same_for_warp(arrived[group] == SPLIT - 1);
      meet(1 + group, 128);  // all have read before the next tile writes
      if (!last) {
#if RESIDUAL
        // The residual came for nothing: its buffer goes back the way that it would after a store.
        barrier_wait(filled + 8 * (count % BUFFERS), (count / BUFFERS) & 1);
        GIVE_BACK
        ++count;
#endif
        continue;
      }
      asm volatile("fence.acq_rel.gpu;" ::: "memory");
      if ((me & 127) == 0) ((volatile global uint *)counters_address)[tile * GROUPS + group] = 0;
#pragma unroll
      for (int i = 0; i < BLOCKS; ++i)
#pragma unroll
        for (int q = 0; q < COLUMNS / 8; ++q) {
          float4 sum = (float4)(0.0f);
          for (int s = 0; s < SPLIT; ++s) {
            float4 term;
            asm volatile("ld.global.cg.v4.f32 {%0,%1,%2,%3},[%4];"
                         : "=f"(term.x), "=f"(term.y), "=f"(term.z), "=f"(term.w)
                         : "l"(all + s * (of_part / 4) + own + (i * (COLUMNS / 8) + q) * (GROUPS * 128))
                         : "memory");
            sum += term;
          }
          sums[i][4 * q] = sum.x;
          sums[i][4 * q + 1] = sum.y;
          sums[i][4 * q + 2] = sum.z;
          sums[i][4 * q + 3] = sum.w;
        }
    }
#endif
    const uint buffer = count % BUFFERS, to = outputs + buffer * OUT_BYTES;
#if RESIDUAL
    barrier_wait(filled + 8 * buffer, (count / BUFFERS) & 1);
#else
    if ((me & 127) == 0) asm volatile("cp.async.bulk.wait_group.read %0;" ::"n"(LEFT_STORES) : "memory");
#endif
    asm volatile("cp.async.wait_all;" ::: "memory");
    meet(1 + group, 128);
    // Sixteen columns at a time; the bias of the next ones is on its way meanwhile.
    const uint shift = shifts + group * (COLUMNS * 4) + (lane & 3) * 8;
    float2 b0 = local_pair(shift), b1 = local_pair(shift + 32);
#pragma unroll
    for (int j = 0; j < COLUMNS / 16; ++j) {
      const float2 c0 = b0, c1 = b1;
      if (j + 1 < COLUMNS / 16) {
        b0 = local_pair(shift + (j + 1) * 64);
        b1 = local_pair(shift + (j + 1) * 64 + 32);
      }
      const uint of_columns = to + j / 4 * (ROWS * 128) + row * 128 + (((2 * (j % 4) + (lane >> 4)) ^ (row & 7)) << 4);
#pragma unroll
      for (int i = 0; i < BLOCKS; ++i) {
        const uint at = of_columns + (FIRST_BLOCK + i) * 8192;
        const float *v = sums[i] + j * 8;
        uint r0 = 0, r1 = 0, r2 = 0, r3 = 0;
#if RESIDUAL
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3},[%4];"
                     : "=r"(r0), "=r"(r1), "=r"(r2), "=r"(r3)
                     : "r"(at));
#endif
        const uint p0 = pack(FINISH(v[0] + c0.x, low_of(r0)), FINISH(v[1] + c0.y, high_of(r0)));
        const uint p1 = pack(FINISH(v[2] + c0.x, low_of(r1)), FINISH(v[3] + c0.y, high_of(r1)));
        const uint p2 = pack(FINISH(v[4] + c1.x, low_of(r2)), FINISH(v[5] + c1.y, high_of(r2)));
        const uint p3 = pack(FINISH(v[6] + c1.x, low_of(r3)), FINISH(v[7] + c1.y, high_of(r3)));
        asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0],{%1,%2,%3,%4};" ::"r"(at), "r"(p0), "r"(p1),
                     "r"(p2), "r"(p3));
      }
    }
    fence_proxy();
    meet(1 + group, 128);
    if ((me & 127) == 0) {
#pragma unroll
      for (int i = 0; i < BLOCKS; ++i)
#pragma unroll
        for (int c = 0; c < COLUMNS / 64; ++c)
          store_2d(map_y, n * COLUMNS + c * 64, m * ROWS + (FIRST_BLOCK + i) * 64,
                   to + c * (ROWS * 128) + (FIRST_BLOCK + i) * 8192);
#if !RESIDUAL
      asm volatile("cp.async.bulk.commit_group;" ::: "memory");
#endif
    }
#if RESIDUAL
    GIVE_BACK
#endif
    count += TURNS ? 2 : 1;
  }
  if ((me & 127) == 0) asm volatile("cp.async.bulk.wait_group.read 0;" ::: "memory");
}
