#include "plugins/preprocess/taps.h"

#include <cmath>

namespace vireo::preprocess {

void add_taps(int from, int to, bool columns, std::vector<std::int32_t>& taps) {
  const double scale = 1.0 / (double(to) / from);
  for (int i = 0; i < to; ++i) {
    float f = float((i + 0.5) * scale - 0.5);
    int first = int(std::floor(f));
    f -= float(first);
    if (columns && first < 0) {
      f = 0;
      first = 0;
    }
    if (columns && first >= from - 1) {
      f = 0;
      first = from - 1;
    }
    taps.push_back(first * 4096 + int(std::lrintf(f * kWhole)));
  }
}

}  // namespace vireo::preprocess
