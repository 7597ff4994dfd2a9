#include "engine/api/text.h"
#include "engine/base/text.h"
#include "engine/ops/shared/reference.h"
#include "engine/ops/shared/text_pieces.h"

namespace vireo::ops {

void text_split_reference(const EvalContext& c) {
  const std::string delimiter = c.attributes.text("delimiter", "");
  const std::int64_t most = c.attributes.integer("maxsplit", -1);
  const std::int64_t room = c.outputs[0].dims.back();
  auto* y = c.outputs[0].as<std::uint64_t>();
  for (std::int64_t i = 0, n = c.inputs[0].count(); i < n; ++i, y += room) {
    const auto pieces = text_pieces(text_of(c.inputs[0].as<std::uint64_t>()[i]), delimiter, most);
    const auto count = static_cast<std::int64_t>(pieces.size());
    if (count > room)
      base::fail(ErrorCode::invalid_argument, "a text has ", count, " pieces, and there is room for ", room);
    for (std::int64_t k = 0; k < room; ++k) y[k] = text_id(k < count ? pieces[static_cast<std::size_t>(k)] : "");
  }
}

}  // namespace vireo::ops
