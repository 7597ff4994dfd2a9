#pragma once
// Every operator of this build, generated from the folders of engine/ops. Immutable; any thread.

#include <span>
#include <string_view>

#include "engine/graph/operator.h"

namespace vireo::ops {
[[nodiscard]] std::span<const graph::Operator* const> all_operators();
[[nodiscard]] const graph::Operator* find_operator(std::string_view name);  ///< null when unknown
}  // namespace vireo::ops
