// The loops of ResampleKernels, included once by each resample*.cpp inside its own namespace. `V` is its vector: lanes
// of 16 bytes, each with four pixels of one sample, or one pixel of four. Per vector and row: the loads, a shuffle that
// spreads bytes to pairs of 16 bits, one multiply-add; then both rows are weighted.

inline int blend(int above, int below, const RowPair& rows) {
  return (((rows.above_weight * (above >> 4)) >> 16) + ((rows.below_weight * (below >> 4)) >> 16) + 2) >> 2;
}

inline std::uint8_t sample_at(const ColumnTaps& t, const RowPair& rows, int x, int channel) {
  const int left = t.left[x] + channel, right = t.right[x] + channel;
  const int a = t.weights[x] & 0xffff, b = t.weights[x] >> 16;
  return std::uint8_t(
      blend(rows.above[left] * a + rows.above[right] * b, rows.below[left] * a + rows.below[right] * b, rows));
}

template <typename V, bool kWide>
inline void four_at(const ColumnTaps& t, const RowPair& rows, int x, const V& shuffle, const V& above_weight,
                    const V& below_weight, std::uint8_t* dst) {
  const V weights = V::load(t.weights + x);
  const V above = V::template gather<kWide>(rows.above, t.load + x).shuffled(shuffle).pairs_times(weights);
  const V below = V::template gather<kWide>(rows.below, t.load + x).shuffled(shuffle).pairs_times(weights);
  blend(above, below, above_weight, below_weight).store_bytes(dst);
}

template <typename V, bool kWide>
void resample_samples(const ColumnTaps& t, const RowPair& rows, std::uint8_t* dst) {
  const V above_weight = V::set(rows.above_weight), below_weight = V::set(rows.below_weight);
  for (int x = 0; x < t.count; x += V::kPixels)
    four_at<V, kWide>(t, rows, x, V::load(t.shuffle[0] + 4 * x), above_weight, below_weight, dst + x);
}

template <typename V, bool kWide>
void resample_pairs(const ColumnTaps& t, const RowPair& rows, std::uint8_t* first, std::uint8_t* second) {
  const V above_weight = V::set(rows.above_weight), below_weight = V::set(rows.below_weight);
  for (int x = 0; x < t.count; x += V::kPixels) {
    four_at<V, kWide>(t, rows, x, V::load(t.shuffle[0] + 4 * x), above_weight, below_weight, first + x);
    four_at<V, kWide>(t, rows, x, V::load(t.shuffle[1] + 4 * x), above_weight, below_weight, second + x);
  }
}

template <typename V>
int resample_pixels(const ColumnTaps& t, const RowPair& rows, std::uint8_t* dst) {
  alignas(16) static constexpr std::uint8_t kShuffle[2][16] = {
      {0, 128, 3, 128, 1, 128, 4, 128, 2, 128, 5, 128, 128, 128, 128, 128},
      {0, 128, 4, 128, 1, 128, 5, 128, 2, 128, 6, 128, 3, 128, 7, 128}};
  const V shuffle = V::repeat(kShuffle[t.step - 3]);
  const V above_weight = V::set(rows.above_weight), below_weight = V::set(rows.below_weight);
  constexpr int kAtOnce = V::kPixels / 4;
  int x = 0;
  for (; x + kAtOnce <= t.inner; x += kAtOnce) {
    const V weights = V::spread(t.weights + x);
    const V above = V::eight_bytes(rows.above, t.left + x).shuffled(shuffle).pairs_times(weights);
    const V below = V::eight_bytes(rows.below, t.left + x).shuffled(shuffle).pairs_times(weights);
    blend(above, below, above_weight, below_weight).store_bytes(dst + 4 * x);
  }
  return x;
}

inline void samples_from(const ColumnTaps& t, const RowPair& rows, std::uint8_t* dst) {
  for (int x = 0; x < t.count; ++x) dst[x] = sample_at(t, rows, x, 0);
}

inline void pairs_from(const ColumnTaps& t, const RowPair& rows, std::uint8_t* first, std::uint8_t* second) {
  for (int x = 0; x < t.count; ++x) {
    first[x] = sample_at(t, rows, x, 0);
    second[x] = sample_at(t, rows, x, 1);
  }
}

inline void pixels_from(const ColumnTaps& t, const RowPair& rows, int x, std::uint8_t* dst) {
  for (; x < t.count; ++x)
    for (int c = 0; c < t.step; ++c) dst[4 * x + c] = sample_at(t, rows, x, c);
}

template <typename V>
void samples(const ColumnTaps& t, const RowPair& rows, std::uint8_t* dst) {
  if (!t.vectors) return samples_from(t, rows, dst);
  t.wide ? resample_samples<V, true>(t, rows, dst) : resample_samples<V, false>(t, rows, dst);
}

template <typename V>
void pairs(const ColumnTaps& t, const RowPair& rows, std::uint8_t* first, std::uint8_t* second) {
  if (!t.vectors) return pairs_from(t, rows, first, second);
  t.wide ? resample_pairs<V, true>(t, rows, first, second) : resample_pairs<V, false>(t, rows, first, second);
}

template <typename V>
void pixels(const ColumnTaps& t, const RowPair& rows, std::uint8_t* dst) {
  pixels_from(t, rows, t.vectors ? resample_pixels<V>(t, rows, dst) : 0, dst);
}
