// lstm, gru and rnn: the input part of all gates at once, then a launch for each step. T: element type, GATES, MODE,
// F0, F1, F2: functions of the gates. The workspace has in turn the input parts [directions][rows][gates * hidden], two
// sets of states h [directions][batch][hidden], and one more: c of lstm, the reset state of gru.
#define LSTM 0
#define RNN 1
#define GRU 2           // the reset is after the product
#define GRU_RESET 3     // first of two launches: h · reset
#define GRU_UPDATE 4    // second
#define CALL(f, x) f(x, 0.0f, 0.0f)
#ifdef SERIAL
#define SLICES 1
#else
#define SLICES 16
#endif

// gates = w x + bias of the input, and with `both` of the recurrence.
kernel void recurrent_inputs(VIREO_TENSOR(x), VIREO_TENSOR(w), VIREO_TENSOR(bias), VIREO_TENSOR(space),
                             const int biased, const int both, const int columns, const int rows, const int width, const int row_step,
                             const int w_row, const int w_step) {
  VIREO_AT(T, x);
  VIREO_AT(T, w);
  VIREO_AT(T, bias);
  VIREO_AT(float, space);
  const int column = get_global_id(0), row = get_global_id(1), d = get_global_id(2);
  if (column >= columns) return;
  x += row * width;
  w += d * columns * width + column * w_row;
  float sum = 0.0f;
  if (biased) sum = GET(T, bias, d * 2 * columns + column);
  if (biased && both) sum += GET(T, bias, d * 2 * columns + columns + column);
  for (int k = 0; k < width; ++k) sum = mad(GET(T, x, k), GET(T, w, k * w_step), sum);
  space[(d * rows + row) * columns + column] = sum;
}

// The states before the first step; zeros where they are not given.
kernel void recurrent_start(VIREO_TENSOR(h), VIREO_TENSOR(c), VIREO_TENSOR(space), const int has_h, const int has_c,
                            const int hidden, const int d_step, const int n_step, const int h_at, const int c_at) {
  VIREO_AT(T, h);
  VIREO_AT(T, c);
  VIREO_AT(float, space);
  const int j = get_global_id(0), n = get_global_id(1), d = get_global_id(2), batch = get_global_size(1);
  if (j >= hidden) return;
  const int from = d * d_step + n * n_step + j, to = (d * batch + n) * hidden + j;
  space[h_at + to] = has_h ? GET(T, h, from) : 0.0f;
  space[c_at + to] = has_c ? GET(T, c, from) : 0.0f;
}

// sums[g] += r[gate first + g] · state, by the lanes that share a unit.
kernel __attribute__((reqd_work_group_size(16 * SLICES, 1, 1))) void recurrent_step(
    VIREO_TENSOR(r), VIREO_TENSOR(bias), VIREO_TENSOR(space), VIREO_TENSOR(y), VIREO_TENSOR(y_h), VIREO_TENSOR(y_c),
    const int biased, const int outputs, const int hidden, const int batch, const int rows, const int4 where,
    const int4 spaces, const int4 y_steps, const int2 state_steps, const int r_row, const int r_step) {
  VIREO_AT(T, r);
  VIREO_AT(T, bias);
  VIREO_AT(float, space);
  VIREO_AT(T, y);
  VIREO_AT(T, y_h);
  VIREO_AT(T, y_c);
  const int item = get_local_id(0), slice = item / 16, n = get_group_id(1), d = get_group_id(2);
  const int wanted = get_group_id(0) * 16 + item % 16, j = min(wanted, hidden - 1);
  // where: the time of this step forwards and backwards, and how far times and sequences are in the rows.
  const int time = d == 0 ? where.s0 : where.s1, all = GATES * hidden, unit = (d * batch + n) * hidden;
  const global float *before = space + spaces.s0 + unit;
  global float *after = space + spaces.s1 + unit, *other = space + spaces.s2 + unit;
  const global float *gates = space + (d * rows + time * where.s2 + n * where.s3) * all + j;
  r += d * all * hidden + j * r_row;
  float sums[GATES];
  for (int g = 0; g < GATES; ++g) sums[g] = 0.0f;
  for (int k = slice; k < hidden; k += SLICES) {
    const float h = before[k];
#if MODE == GRU_UPDATE
    const float reset = other[k];
#endif
    for (int g = 0; g < GATES; ++g) {
      const float factor = GET(T, r, g * hidden * r_row + k * r_step);
#if MODE == GRU_UPDATE
      sums[g] = mad(factor, g == 2 ? reset : h, sums[g]);
#else
      sums[g] = mad(factor, h, sums[g]);
#endif
    }
  }
#if SLICES > 1
  local float shared[GATES][256];
  for (int g = 0; g < GATES; ++g) shared[g][item] = sums[g];
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int g = 0; g < GATES && slice == 0; ++g)
    for (int s = 1; s < SLICES; ++s) sums[g] += shared[g][item + 16 * s];
#endif
  if (slice != 0 || wanted >= hidden) return;
#define INPUT(g) gates[(g)*hidden]
#define BIAS(g) (biased ? GET(T, bias, d * 2 * all + all + (g)*hidden + j) : 0.0f)
  float h;
#if MODE == LSTM
  const float enter = CALL(F0, INPUT(0) + sums[0]), forget = CALL(F0, INPUT(2) + sums[2]);
  const float c = forget * other[j] + enter * CALL(F1, INPUT(3) + sums[3]);
  other[j] = c;
  h = CALL(F0, INPUT(1) + sums[1]) * CALL(F2, c);
#elif MODE == RNN
  h = CALL(F0, INPUT(0) + sums[0]);
#elif MODE == GRU_RESET
  other[j] = CALL(F0, INPUT(1) + sums[1] + BIAS(1)) * before[j];
  return;
#else
  const float update = CALL(F0, INPUT(0) + sums[0] + BIAS(0));
  float part = sums[2] + BIAS(2);
  if (MODE == GRU) part *= CALL(F0, INPUT(1) + sums[1] + BIAS(1));
  h = (1.0f - update) * CALL(F1, INPUT(2) + part) + update * before[j];
#endif
  after[j] = h;
  if (outputs & 1) PUT(T, y, time * y_steps.s0 + d * y_steps.s1 + n * y_steps.s2 + j, h);
  const int last = d * state_steps.s0 + n * state_steps.s1 + j;
  if (outputs & 2) PUT(T, y_h, last, h);
#if MODE == LSTM
  if (outputs & 4) PUT(T, y_c, last, c);
#endif
}
