#pragma once
// What tests run of each operator: <op>/cases.cpp defines `std::vector<Case> vireo::ops::<op>_cases()`, and the table
// of them is generated from the folders. A library of its own, vireo_op_cases, for tests alone: it is linked before the
// engine, be that single folders' targets or the shared libraries. Any thread.

#include <initializer_list>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/graph/operator.h"

namespace vireo::ops {

using graph::Attributes;
using Ints = std::vector<std::int64_t>;
using Reals = std::vector<double>;

/// One case: input shapes (a scalar is {}), attributes, and values for inputs that must be constants.
struct Case {
  std::string_view name;
  std::vector<Dims> inputs;
  Attributes attributes;
  std::vector<DataType> dtypes;                  ///< per input; float32 where shorter
  std::map<int, std::vector<double>> constants;  ///< input index → values, known at build time
  int outputs = 1;
};

/// Attributes from a list.
[[nodiscard]] Attributes attributes(std::initializer_list<std::pair<std::string_view, AttributeValue>> values);
/// All cases of an operator; empty when its folder has none.
[[nodiscard]] std::vector<Case> cases_of(const graph::Operator& op);

}  // namespace vireo::ops
