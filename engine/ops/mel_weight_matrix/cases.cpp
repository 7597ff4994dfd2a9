#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> mel_weight_matrix_cases() {
  const auto with = [](const char* name, double bands, double length, double rate, double low, double high,
                       const char* type) {
    using D = DataType;
    return Case{.name = name,
                .inputs = {{}, {}, {}, {}, {}},
                .attributes = attributes({{"dtype", type}}),
                .dtypes = {D::int64, D::int64, D::int64, D::float32, D::float32},
                .constants = {{0, {bands}}, {1, {length}}, {2, {rate}}, {3, {low}}, {4, {high}}}};
  };
  return {with("speech", 20, 400, 16000, 20, 8000, "float32"), with("coarse", 8, 16, 8192, 0, 4096, "float64"),
          with("beyond the spectrum", 4, 8, 100, 0, 4000, "float32"), with("no bands", 0, 8, 100, 0, 50, "float32")};
}

}  // namespace vireo::ops
