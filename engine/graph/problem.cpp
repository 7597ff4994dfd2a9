#include "engine/base/text.h"
#include "engine/graph/operator.h"

namespace vireo::graph {
namespace {
void describe_value(std::string& out, const AttributeValue& value) {
  std::visit(
      [&out](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, std::vector<std::int64_t>> || std::is_same_v<T, std::vector<double>>) {
          for (const auto& element : v) out += base::str(element, ",");
        } else {
          base::append(out, v);
        }
      },
      value);
}

void describe_desc(std::string& out, const Desc& desc) {
  if (!desc.present()) {
    out += " -";
    return;
  }
  out += base::str(" ", desc.dtype, ":", desc.dims);
  if (!desc.dense()) out += base::str("/", desc.pitch);
  if (desc.constant) out += "c";
}
}  // namespace

std::string Problem::key() const {
  std::string out(op->name);
  for (const auto& [name, value] : attributes->all()) {
    out += base::str(" ", name, "=");
    describe_value(out, value);
  }
  out += " |";
  for (const Desc& desc : inputs) describe_desc(out, desc);
  out += " ->";
  for (const Desc& desc : outputs) describe_desc(out, desc);
  return out + base::str(" w", workers);
}

}  // namespace vireo::graph
