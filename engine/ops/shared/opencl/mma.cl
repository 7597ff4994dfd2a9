// Tensor cores of NVIDIA's GPUs from sm_80 on, a warp at a time: products m16n8k16 of float16 with float32 sums, and
// the loads of their operands from local memory. Layouts of fragments: PTX ISA, "Matrix Fragments for mma.m16n8k16".
#define INLINE static inline __attribute__((always_inline))

INLINE uint place_of(const local void *at) { return (uint)(size_t)at; }
/// Four 8x8 matrices; item 8 i + r gives the address of row r of matrix i: 16 bytes, aligned to 16.
INLINE void load_matrices(uint at, uint *r) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3},[%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(at)
               : "memory");
}
INLINE void load_transposed(uint at, uint *r) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3},[%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(at)
               : "memory");
}
/// c[4] += a[4] b: rows lane / 4 and that + 8, columns 2 (lane % 4) and the next.
INLINE void multiply_add(float *c, const uint *a, uint b0, uint b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
INLINE uint pack(float low, float high) {
  uint v;
  asm("cvt.rn.f16x2.f32 %0,%1,%2;" : "=r"(v) : "f"(high), "f"(low));
  return v;
}
/// Of the item whose number differs in these bits.
INLINE float exchange(float value, uint bits) {
  float other;
  asm volatile("shfl.sync.bfly.b32 %0,%1,%2,0x1f,0xffffffff;" : "=f"(other) : "f"(value), "r"(bits));
  return other;
}
