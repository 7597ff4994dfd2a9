#include "engine/compile/kernel_override.h"

#include <fnmatch.h>

#include <algorithm>

#include "engine/base/text.h"
#include "engine/graph/operator.h"
#include "engine/ops/table.h"

namespace vireo::compile {
namespace {

bool fits(const std::string& pattern, std::string_view name) {
  return fnmatch(pattern.c_str(), std::string(name).c_str(), 0) == 0;
}

bool known(const std::string& pattern) {
  if (fits(pattern, "reference")) return true;
  const auto ops = ops::all_operators();
  return std::any_of(ops.begin(), ops.end(), [&](const graph::Operator* op) {
    if (!op->tactics) return false;
    const auto tactics = op->tactics();
    return std::any_of(tactics.begin(), tactics.end(), [&](const graph::Tactic& t) { return fits(pattern, t.name); });
  });
}

}  // namespace

void check_kernel_override() {
  for (const std::string& pattern : base::forced_tactics())
    if (!known(pattern))
      base::fail(ErrorCode::invalid_argument, "VIREO_FORCE_KERNEL names '", pattern,
                 "', which is no kernel of this build; `vireo list kernels` has the names, and scalar, avx2 and avx512 "
                 "are accepted as instruction sets");
}

void apply_kernel_override(std::vector<Candidate>& list, const std::function<bool(Candidate&)>& admits) {
  const std::vector<std::string>& patterns = base::forced_tactics();
  const auto named = [&](const Candidate& c) {
    return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& p) { return fits(p, name_of(c)); });
  };
  bool any = false;
  for (Candidate& c : list) any = (c.refused.empty() && named(c) && admits(c)) || any;
  if (!any) return;
  for (Candidate& c : list)
    if (c.refused.empty() && !named(c)) c.refused = "VIREO_FORCE_KERNEL asks for another";
}

}  // namespace vireo::compile
