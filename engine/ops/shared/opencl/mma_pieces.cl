// What mma_product.cl does with pieces of its operands: brings them to local memory, reads them from there and multiplies.
// By cp.async, ldmatrix and mma.sync (mma.cl before this); with STAND_IN, for tests on other devices, by copies, and each
// item sums its own share from what ldmatrix would have given to the items of its warp. Macros name what is in the kernel.
#ifdef STAND_IN
#define UNROLL _Pragma("nounroll")
#define INLINE static inline
#else
#define UNROLL _Pragma("unroll")
#endif

#ifdef STAND_IN
INLINE void copy_piece(local uchar *to, const global ushort *from, int bytes) {
  uint4 raw = (uint4)(0);
  if (bytes == 16) {
    raw = *(const global uint4 *)from;
    *(local uint4 *)to = raw;
  } else {
    *(local uint4 *)to = raw;
    for (int i = 0; i < bytes / 2; ++i) ((local ushort *)to)[i] = from[i];
  }
}
INLINE float2 halves_of(uint pair) { return vload_half2(0, (const half *)&pair); }
INLINE uint pack(float low, float high) {
  uint pair;
  vstore_half2_rte((float2)(low, high), 0, (half *)&pair);
  return pair;
}
#define FETCH(to, from, bytes) copy_piece(memory + (to), from, bytes)
#define COMMIT
#define WAIT(count)
#define FENCE mem_fence(CLK_GLOBAL_MEM_FENCE)
#define COUNT(at) atomic_inc(at)
#define PARTIAL(at) (*(const volatile global float4 *)(at))
// Word w of what item l gets.
#define A_WORD(slot, i, step, l, w) \
  (*(const local uint *)(memory + A_AT(slot, i, step, 8 * (w) + ((l) >> 2)) + ((l) & 3) * 4))
#if B_ROWS
#define W_HALF(slot, j, step, l, w, h) \
  ((uint)*(const local ushort *)(memory + W_AT(slot, j, step, 8 * (w) + 2 * ((l) & 3) + (h)) + ((l) >> 2) * 2))
#define W_WORD(slot, j, step, l, w) (W_HALF(slot, j, step, l, w, 0) | W_HALF(slot, j, step, l, w, 1) << 16)
#else
#define W_WORD(slot, j, step, l, w) \
  (*(const local uint *)(memory + W_AT(slot, j, step, 8 * (w) + ((l) >> 2)) + ((l) & 3) * 4))
#endif
// Sums at once what is read, for later the slot may hold something else; two terms at a time. Blocks that are no output
// are left out.
#define READ(slot, step, to)                                                                      \
  for (int t = 0; t < 8; ++t) {                                                                   \
    float2 left[WM / 16][2];                                                                      \
    for (int i = 0; i < blocks_m; ++i)                                                            \
      for (int h = 0; h < 2; ++h)                                                                 \
        left[i][h] = halves_of(A_WORD(slot, i, step, (lane & 28) | (t & 3), (t >> 2) * 2 + h));   \
    for (int j = 0; j < blocks_n; ++j)                                                            \
      for (int c = 0; c < 2; ++c) {                                                               \
        const int column = ((lane & 3) * 2 + c) * 4 + (t & 3);                                    \
        const float2 right = halves_of(W_WORD(slot, j / 2, step, column, (j & 1) * 2 + (t >> 2))); \
        for (int i = 0; i < blocks_m; ++i)                                                        \
          for (int h = 0; h < 2; ++h)                                                             \
            sums[i][j][2 * h + c] += left[i][h].x * right.x + left[i][h].y * right.y;             \
      }                                                                                           \
  }
#define MULTIPLY(from)
#else
// 16 bytes of local memory from global memory, of which the last 16 - bytes are zeros instead. All or none of them cost
// a predicate, other numbers three instructions more: the assembler must see that there is no other.
INLINE void fetch(uint to, const global ushort *from, int bytes) {
#if TAIL
  asm volatile("cp.async.cg.shared.global [%0],[%1],16,%2;" ::"r"(to), "l"(from), "r"(bytes) : "memory");
#else
  asm volatile(
      "{.reg .pred p;.reg .b32 n;setp.ne.s32 p,%2,0;selp.b32 n,16,0,p;cp.async.cg.shared.global [%0],[%1],16,n;}" ::"r"(
          to),
      "l"(from), "r"(bytes)
      : "memory");
#endif
}
INLINE float2 halves_of(uint pair) {
  float2 v;
  asm("{.reg .b16 l,h;mov.b32 {l,h},%2;cvt.f32.f16 %0,l;cvt.f32.f16 %1,h;}" : "=f"(v.x), "=f"(v.y) : "r"(pair));
  return v;
}
INLINE uint count_one(global uint *at) {
  uint before;
  asm volatile("atom.acq_rel.gpu.global.add.u32 %0,[%1],1;" : "=r"(before) : "l"(at) : "memory");
  return before;
}
INLINE float4 partial(const global float4 *at) {
  float4 v;
  asm volatile("ld.global.cg.v4.f32 {%0,%1,%2,%3},[%4];"
               : "=f"(v.x), "=f"(v.y), "=f"(v.z), "=f"(v.w)
               : "l"(at)
               : "memory");
  return v;
}
#define FETCH(to, from, bytes) fetch(base + (to), from, bytes)
#define COMMIT asm volatile("cp.async.commit_group;" ::: "memory")
#define WAIT(count) asm volatile("cp.async.wait_group %0;" ::"n"(count) : "memory")
#define FENCE asm volatile("fence.acq_rel.gpu;" ::: "memory")
#define COUNT(at) count_one(at)
#define PARTIAL(at) partial(at)
#if B_ROWS
#define LOAD_W load_transposed
#else
#define LOAD_W load_matrices
#endif
#define READ(slot, step, to)                                                                                    \
  {                                                                                                             \
    UNROLL for (int i = 0; i < WM / 16; ++i) load_matrices(base + A_AT(slot, i, step, lane), a_part[to][i]);    \
    UNROLL for (int j = 0; j < WN / 16; ++j) LOAD_W(base + W_AT(slot, j, step, lane), w_part[to][j]);           \
  }
#define MULTIPLY(from)                                                                                          \
  {                                                                                                             \
    UNROLL for (int i = 0; i < WM / 16; ++i) UNROLL for (int j = 0; j < WN / 8; ++j) multiply_add(              \
        sums[i][j], a_part[from][i], w_part[from][j / 2][(j & 1) * 2], w_part[from][j / 2][(j & 1) * 2 + 1]);   \
  }
#endif
