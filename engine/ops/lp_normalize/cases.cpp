#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> lp_normalize_cases() {
  return {{.name = "last", .inputs = {{5, 37}}},
          {.name = "channels", .inputs = {{2, 7, 9}}, .attributes = attributes({{"axis", 1}, {"p", 1}})}};
}

}  // namespace vireo::ops
