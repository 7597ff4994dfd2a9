#include "engine/api/text.h"
#include "engine/ops/regex_match/regex.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void regex_match_reference(const EvalContext& c) {
  const Regex regex(c.attributes.text("pattern", ""));
  for (std::int64_t i = 0, n = c.inputs[0].count(); i < n; ++i)
    c.outputs[0].as<bool>()[i] = regex.matches(text_of(c.inputs[0].as<std::uint64_t>()[i]));
}

}  // namespace vireo::ops
