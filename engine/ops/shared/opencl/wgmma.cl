// Products and convolutions on Hopper's tensor cores: y = activation(a * w^T + bias + residual), float16 tensors, float32
// sums. Runs as many groups as there are multiprocessors; each takes tiles of ROWS x COLUMNS one after the other.
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
// only rows of `a` go through the ring: for products of little depth, whose tiles would read more of `w` than of anything
// else. A group then has tiles that follow each other down the columns. The loader asks for other columns when all slots
// have come back, for then all wgmma that read the old ones were waited for; `landed` says when they are there.
//
// Defines: ROWS, COLUMNS, STAGES, GROUPS, BUFFERS (of output), IM2COL, RESIDUAL (0 none, 1 before, 2 after the
// activation), ACTIVATION, SPLIT (1: none), KEPT (0: none), PAIR (absent: 0), IM2COL_B (as IM2COL, for `b`).
#ifndef PAIR
#define PAIR 0
#endif
#define THREADS (128 * (GROUPS + 1))
#define BLOCKS (ROWS / GROUPS / 64)  // of 64 rows, for each warpgroup
#define A_BYTES (ROWS * 128)
#define W_BYTES (COLUMNS * 128)
#if KEPT
#define SLOT A_BYTES
#else
#define SLOT (A_BYTES + W_BYTES)
#endif
#define OUT_BYTES (ROWS * COLUMNS * 2)

#if RESIDUAL == 1
#define FINISH(v, r) ACTIVATE((v) + (r))
#elif RESIDUAL == 2
#define FINISH(v, r) (ACTIVATE(v) + (r))
#else
#define FINISH(v, r) ACTIVATE(v)
#endif

// What was stored becomes a group; the buffer of the tile before it, once read, is free (BUFFERS 1: its own).
#define GIVE_BACK                                                                        \
  if ((me & 127) == 0) {                                                                 \
    asm volatile("cp.async.bulk.commit_group;" ::: "memory");                            \
    asm volatile("cp.async.bulk.wait_group.read %0;" ::"n"(BUFFERS - 1) : "memory");     \
    if (count + 1 >= BUFFERS) barrier_arrive(free + 8 * ((count + 1) % BUFFERS));        \
  }

// Where the slices of a tile lie in the pictures of `map`: the window's place for the tile's first pixel, and the slice
// `begin` of the depth as channels and place in the window.
#define IN_PICTURES(map, window, begin)                                              \
  const int map##_x = (pixel - row * out.x) * (window).s2 - (window).s4;             \
  const int map##_y = (row - image * out.y) * (window).s3 - (window).s5;             \
  int map##_chunk = (begin) % (window).s0;                                           \
  ushort map##_kw = (begin) / (window).s0 % (window).s1, map##_kh = (begin) / (window).s0 / (window).s1;
// Loads the slice there, and goes on to the next one.
#define LOAD_PIXELS(map, window)                                                                       \
  load_im2col(at, map, map##_chunk * 64, map##_x, map##_y, image, full + 8 * slot, map##_kw * (window).s6, \
              map##_kh * (window).s7);                                                                 \
  if (++map##_chunk == (window).s0) {                                                                  \
    map##_chunk = 0;                                                                                   \
    if (++map##_kw == (window).s1) {                                                                   \
      map##_kw = 0;                                                                                    \
      ++map##_kh;                                                                                      \
    }                                                                                                  \
  }

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
  local uchar memory[KEPT * W_BYTES + STAGES * SLOT + BUFFERS * OUT_BYTES + 256] __attribute__((aligned(1024)));
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
  const uint landed = free + 8 * BUFFERS;
  const uint me = item(), group = me >> 7;
  const int tiles_m = tiles.x, tiles_n = tiles.y, depth = tiles.z, together = tiles.w;
  const int total = tiles_m * tiles_n * SPLIT, band = together * tiles_n;
#if SPLIT > 1
  local int arrived[GROUPS];
#endif
  if (me == 0) {
    for (int i = 0; i < STAGES; ++i) {
      barrier_init(full + 8 * i, 1);
      barrier_init(empty + 8 * i, GROUPS);
    }
    for (int i = 0; i < BUFFERS; ++i) {
      barrier_init(filled + 8 * i, 1);
      barrier_init(free + 8 * i, GROUPS);
    }
    barrier_init(landed, 1);
    asm volatile("fence.mbarrier_init.release.cluster;\nfence.proxy.async;" ::: "memory");
  }
  meet(0, THREADS);
#if KEPT
#define ALL_TILES                                            \
  const int all_first = (int)((long)total * get_group_id(0) / get_num_groups(0)); \
  const int all_last = (int)((long)total * (get_group_id(0) + 1) / get_num_groups(0)); \
  for (int tile = all_first; tile < all_last; ++tile)
#define TILE const int begin = 0, end = depth, m = tile % tiles_m, n = tile / tiles_m;
  int kept_n = -1;
#else
#define ALL_TILES for (int number = get_group_id(0); number < total; number += get_num_groups(0))
  // Tiles in bands of `together` rows of tiles, so that what is read at a time stays in the second-level cache.
#define TILE                                                             \
  const int tile = number / SPLIT, part = number % SPLIT;                \
  const int begin = depth * part / SPLIT, end = depth * (part + 1) / SPLIT; \
  const int in_band = tile % band, first_m = tile / band * together;     \
  const int band_m = min(tiles_m - first_m, together);                   \
  const int m = first_m + in_band % band_m, n = in_band / band_m;
#endif
  if (group == GROUPS) {
    if (me != GROUPS * 128) return;
    uint slot = 0, parity = 1, count = 0;
    ALL_TILES {
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
      const int pixel = m * ROWS, row = pixel / out.x, image = row / out.y;
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
  uint slot = 0, parity = 0, count = 0;
#if KEPT
  uint landed_parity = 0;
#endif
  const uint lane = me & 31, warp = (me >> 5) & 3, row = warp * 16 + ((lane >> 3) & 1) * 8 + (lane & 7);
  float sums[BLOCKS][COLUMNS / 2];
  ALL_TILES {
    TILE
#if KEPT
    if (n != kept_n) {
      barrier_wait(landed, landed_parity);
      landed_parity ^= 1;
      kept_n = n;
    }
#endif
    uint before = 0;
    for (int k = begin; k < end; ++k) {
      barrier_wait(full + 8 * slot, parity);
      const ulong da = descriptor(base + slot * SLOT + group * (BLOCKS * 8192));
#if KEPT
      const ulong dw = descriptor(kept + k * W_BYTES);
#else
      const ulong dw = descriptor(base + slot * SLOT + A_BYTES);
#endif
      asm volatile("//@ wgmma.fence.sync.aligned;\n" ::: "memory");
#pragma unroll
      for (int s = 0; s < 4; ++s) {
#pragma unroll
        for (int i = 0; i < BLOCKS; ++i) multiply(sums[i], da + i * 512 + s * 2, dw + s * 2, k != begin || s != 0);
      }
      asm volatile("//@ wgmma.commit_group.sync.aligned;\n//@ wgmma.wait_group.sync.aligned 1;\n" ::: "memory");
      if (k != begin && (me & 127) == 0) barrier_arrive(empty + 8 * before);
      before = slot;
      if (++slot == STAGES) {
        slot = 0;
        parity ^= 1;
      }
    }
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
    if ((me & 127) == 0) asm volatile("cp.async.bulk.wait_group.read %0;" ::"n"(BUFFERS - 1) : "memory");
#endif
    meet(1 + group, 128);
#pragma unroll
    for (int i = 0; i < BLOCKS; ++i) {
#pragma unroll
      for (int c = 0; c < COLUMNS / 64; ++c) {
        const uint block = to + c * (ROWS * 128) + (group * BLOCKS + i) * 8192;
#pragma unroll
        for (int j = 0; j < 4; ++j) {
          const uint at = block + row * 128 + (((2 * j + (lane >> 4)) ^ (row & 7)) << 4);
          const int q = (c * 4 + j) * 8;
          global const float2 *shift = (global const float2 *)(bias + n * COLUMNS + c * 64 + j * 16 + (lane & 3) * 2);
          const float2 b0 = shift[0], b1 = shift[4];
          uint r0 = 0, r1 = 0, r2 = 0, r3 = 0;
#if RESIDUAL
          asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3},[%4];"
                       : "=r"(r0), "=r"(r1), "=r"(r2), "=r"(r3)
                       : "r"(at)
                       : "memory");
#endif
          const uint p0 = pack(FINISH(sums[i][q] + b0.x, low_of(r0)), FINISH(sums[i][q + 1] + b0.y, high_of(r0)));
          const uint p1 = pack(FINISH(sums[i][q + 2] + b0.x, low_of(r1)), FINISH(sums[i][q + 3] + b0.y, high_of(r1)));
          const uint p2 = pack(FINISH(sums[i][q + 4] + b1.x, low_of(r2)), FINISH(sums[i][q + 5] + b1.y, high_of(r2)));
          const uint p3 = pack(FINISH(sums[i][q + 6] + b1.x, low_of(r3)), FINISH(sums[i][q + 7] + b1.y, high_of(r3)));
          asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0],{%1,%2,%3,%4};" ::"r"(at), "r"(p0), "r"(p1),
                       "r"(p2), "r"(p3)
                       : "memory");
        }
      }
    }
    fence_proxy();
    meet(1 + group, 128);
    if ((me & 127) == 0) {
#pragma unroll
      for (int i = 0; i < BLOCKS; ++i)
#pragma unroll
        for (int c = 0; c < COLUMNS / 64; ++c)
          store_2d(map_y, n * COLUMNS + c * 64, m * ROWS + (group * BLOCKS + i) * 64,
                   to + c * (ROWS * 128) + (group * BLOCKS + i) * 8192);
#if !RESIDUAL
      asm volatile("cp.async.bulk.commit_group;" ::: "memory");
#endif
    }
#if RESIDUAL
    GIVE_BACK
#endif
    ++count;
  }
  if ((me & 127) == 0) asm volatile("cp.async.bulk.wait_group 0;" ::: "memory");
}
