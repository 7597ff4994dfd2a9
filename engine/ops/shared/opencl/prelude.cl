// Before every kernel. Tensors come as a memory object and an offset in bytes, elements are read and written through
// macros that know how each type is kept: half is a storage type here, computed in float, since not every device has
// arithmetic of it.
#define VIREO_PASTE2(a, b) a##b
#define VIREO_PASTE(a, b) VIREO_PASTE2(a, b)

// kernel void f(VIREO_TENSOR(x), …) { VIREO_AT(T, x); … x[i] … }
#define VIREO_TENSOR(name) global char *restrict name##_block, const ulong name##_offset
// What a kernel finds wrong with the run's data, the first of it: an index beyond an axis of so many entries. `fault` is
// the tensor of KernelCall::fault().
#define VIREO_FAULT(found, extent)                                     \
  do {                                                                 \
    global int *fault = (global int *)(fault_block + fault_offset);    \
    if (atomic_cmpxchg((volatile global int *)fault, 0, 1) == 0) {     \
      fault[1] = (int)clamp((long)(found), -0x7fffffffL, 0x7fffffffL); \
      fault[2] = (extent);                                             \
    }                                                                  \
  } while (0)
#define VIREO_AT(type, name) global type *name = (global type *)(name##_block + name##_offset)
// The same as an address alone, for kernels that are OpenclKernel::by_address.
#define VIREO_ADDRESS(name) const ulong name##_address

// Local memory of a group: room for `count` of a type, at a multiple of 16 bytes. Plan kernels, where several kernels
// share one block, have another one (device/opencl/plan_kernel.cpp).
#ifndef VIREO_LOCAL
#define VIREO_LOCAL(type, name, count) local type name[count] __attribute__((aligned(16)))
#endif

// GET(T, p, i): element i as a number to compute with; PUT stores one. GET4, PUT4: four neighbours as a float4.
#define GET(type, p, i) VIREO_PASTE(VIREO_GET_, type)(p, i)
#define PUT(type, p, i, v) VIREO_PASTE(VIREO_PUT_, type)(p, i, v)
#define GET4(type, p, i) VIREO_PASTE(VIREO_GET4_, type)(p, i)
#define PUT4(type, p, i, v) VIREO_PASTE(VIREO_PUT4_, type)(p, i, v)

#define VIREO_GET_float(p, i) ((p)[i])
#define VIREO_PUT_float(p, i, v) ((p)[i] = (v))
#define VIREO_GET4_float(p, i) vload4(0, (p) + (i))
#define VIREO_PUT4_float(p, i, v) vstore4(v, 0, (p) + (i))
#define VIREO_GET_half(p, i) vload_half(i, p)
#define VIREO_PUT_half(p, i, v) vstore_half_rte(v, i, p)
#define VIREO_GET4_half(p, i) vload_half4(0, (p) + (i))
#define VIREO_PUT4_half(p, i, v) vstore_half4_rte(v, 0, (p) + (i))
// The same for n neighbours: 1, 2, 4, 8, 16. REALS(n) is their type, float for one.
#define REALS(n) VIREO_PASTE(VIREO_REALS, n)
#define VIREO_REALS1 float
#define VIREO_REALS2 float2
#define VIREO_REALS4 float4
#define VIREO_REALS8 float8
#define VIREO_REALS16 float16
#define GETN(n, type, p, i) VIREO_PASTE(VIREO_PASTE(VIREO_GETN_, type), n)(p, i)
#define PUTN(n, type, p, i, v) VIREO_PASTE(VIREO_PASTE(VIREO_PUTN_, type), n)(p, i, v)
#define VIREO_GETN_float1(p, i) VIREO_GET_float(p, i)
#define VIREO_PUTN_float1(p, i, v) VIREO_PUT_float(p, i, v)
#define VIREO_GETN_half1(p, i) VIREO_GET_half(p, i)
#define VIREO_PUTN_half1(p, i, v) VIREO_PUT_half(p, i, v)
#define VIREO_GETN_float2(p, i) vload2(0, (p) + (i))
#define VIREO_PUTN_float2(p, i, v) vstore2(v, 0, (p) + (i))
#define VIREO_GETN_half2(p, i) vload_half2(0, (p) + (i))
#define VIREO_PUTN_half2(p, i, v) vstore_half2_rte(v, 0, (p) + (i))
#define VIREO_GETN_float4(p, i) VIREO_GET4_float(p, i)
#define VIREO_PUTN_float4(p, i, v) VIREO_PUT4_float(p, i, v)
#define VIREO_GETN_half4(p, i) VIREO_GET4_half(p, i)
#define VIREO_PUTN_half4(p, i, v) VIREO_PUT4_half(p, i, v)
#define VIREO_GETN_float8(p, i) vload8(0, (p) + (i))
#define VIREO_PUTN_float8(p, i, v) vstore8(v, 0, (p) + (i))
#define VIREO_GETN_half8(p, i) vload_half8(0, (p) + (i))
#define VIREO_PUTN_half8(p, i, v) vstore_half8_rte(v, 0, (p) + (i))
#define VIREO_GETN_float16(p, i) vload16(0, (p) + (i))
#define VIREO_PUTN_float16(p, i, v) vstore16(v, 0, (p) + (i))
#define VIREO_GETN_half16(p, i) vload_half16(0, (p) + (i))
#define VIREO_PUTN_half16(p, i, v) vstore_half16_rte(v, 0, (p) + (i))
#define VIREO_GET_char(p, i) ((p)[i])
#define VIREO_PUT_char(p, i, v) ((p)[i] = (v))
#define VIREO_GET_uchar(p, i) ((p)[i])
#define VIREO_PUT_uchar(p, i, v) ((p)[i] = (v))
#define VIREO_GET_short(p, i) ((p)[i])
#define VIREO_PUT_short(p, i, v) ((p)[i] = (v))
#define VIREO_GET_ushort(p, i) ((p)[i])
#define VIREO_PUT_ushort(p, i, v) ((p)[i] = (v))
#define VIREO_GET_int(p, i) ((p)[i])
#define VIREO_PUT_int(p, i, v) ((p)[i] = (v))
#define VIREO_GET_uint(p, i) ((p)[i])
#define VIREO_PUT_uint(p, i, v) ((p)[i] = (v))
#define VIREO_GET_long(p, i) ((p)[i])
#define VIREO_PUT_long(p, i, v) ((p)[i] = (v))
#define VIREO_GET_ulong(p, i) ((p)[i])
#define VIREO_PUT_ulong(p, i, v) ((p)[i] = (v))

// GET4 and PUT4 in one access where the address is a multiple of four elements, which the first two leave to the compiler
// to find out: it can't. Halves go through an integer vector: NVIDIA's compiler makes an access an element of vloada_half4. For kernels that do little else than read and write.
#define LOAD4(type, p, i) VIREO_PASTE(vireo_load4_, type)((p) + (i))
#define STORE4(type, p, i, v) VIREO_PASTE(vireo_store4_, type)((p) + (i), v)
inline float4 vireo_load4_float(const global float *p) {
  return ((size_t)p & 15) ? vload4(0, p) : *(const global float4 *)p;
}
inline float4 vireo_load4_half(const global half *p) {
  if ((size_t)p & 7) return vload_half4(0, p);
  const uint2 raw = *(const global uint2 *)p;
  return vload_half4(0, (const half *)&raw);
}
inline void vireo_store4_float(global float *p, const float4 v) {
  if ((size_t)p & 15) vstore4(v, 0, p);
  else *(global float4 *)p = v;
}
inline void vireo_store4_half(global half *p, const float4 v) {
  uint2 raw;
  vstore_half4_rte(v, 0, (half *)&raw);
  if ((size_t)p & 7) vstore_half4_rte(v, 0, p);
  else *(global uint2 *)p = raw;
}

// GETN and PUTN of 4 and 8 for kernels that are told (ALIGNED) that all of their places are multiples of so many elements.
#ifdef ALIGNED
#define LOADN(n, type, p, i) VIREO_PASTE(VIREO_PASTE(VIREO_PASTE(vireo_load, n), _), type)((p) + (i))
#define STOREN(n, type, p, i, v) VIREO_PASTE(VIREO_PASTE(VIREO_PASTE(vireo_store, n), _), type)((p) + (i), v)
#else
#define LOADN GETN
#define STOREN PUTN
#endif
inline float8 vireo_load8_float(const global float *p) {
  return (float8)(((const global float4 *)p)[0], ((const global float4 *)p)[1]);
}
inline void vireo_store8_float(global float *p, const float8 v) {
  ((global float4 *)p)[0] = v.lo;
  ((global float4 *)p)[1] = v.hi;
}
inline float8 vireo_load8_half(const global half *p) {
  const uint4 raw = *(const global uint4 *)p;
  return vload_half8(0, (const half *)&raw);
}
inline void vireo_store8_half(global half *p, const float8 v) {
  uint4 raw;
  vstore_half8_rte(v, 0, (half *)&raw);
  *(global uint4 *)p = raw;
}

// The same as LOAD4 and STORE4 for eight.
#define LOAD8(type, p, i) ((size_t)((p) + (i)) & 15 ? GETN(8, type, p, i) : VIREO_PASTE(vireo_load8_, type)((p) + (i)))
#define STORE8(type, p, i, v)                                 \
  do {                                                        \
    if ((size_t)((p) + (i)) & 15) PUTN(8, type, p, i, v);     \
    else VIREO_PASTE(vireo_store8_, type)((p) + (i), v);      \
  } while (0)

// Places of entry `item` of a loop of up to eight axes in tensors with these strides.
inline int vireo_place(int item, const int8 dims, const int8 strides) {
  int at = (item % dims.s7) * strides.s7;
  item /= dims.s7;
  at += (item % dims.s6) * strides.s6;
  item /= dims.s6;
  at += (item % dims.s5) * strides.s5;
  item /= dims.s5;
  if (item) {
    at += (item % dims.s4) * strides.s4;
    item /= dims.s4;
    at += (item % dims.s3) * strides.s3;
    item /= dims.s3;
    at += (item % dims.s2) * strides.s2;
    item /= dims.s2;
    at += (item % dims.s1) * strides.s1 + (item / dims.s1) * strides.s0;
  }
  return at;
}

// The same for kernels with several tensors: the entry's index, found by as few divisions as it has axes, and its place in
// a tensor.
#define VIREO_AXIS(s)    \
  if (item < dims.s) {   \
    index.s = item;      \
    return index;        \
  }                      \
  index.s = item % dims.s; \
  item /= dims.s;
inline int8 vireo_index(int item, const int8 dims) {
  int8 index = (int8)(0);
  VIREO_AXIS(s7)
  VIREO_AXIS(s6)
  VIREO_AXIS(s5)
  VIREO_AXIS(s4)
  VIREO_AXIS(s3)
  VIREO_AXIS(s2)
  VIREO_AXIS(s1)
  index.s0 = item;
  return index;
}
inline int vireo_dot(const int8 index, const int8 strides) {
  const int8 parts = index * strides;
  const int4 sums = parts.lo + parts.hi;
  return sums.s0 + sums.s1 + sums.s2 + sums.s3;
}
