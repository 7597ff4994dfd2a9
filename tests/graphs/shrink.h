#pragma once
// Makes a failing network small: layers, outputs and inputs go while it fails in the same way. One thread.

#include <functional>

#include "tests/graphs/random_graph.h"

namespace vireo::graphs_testing {

/// `fails` says whether a network still shows the fault; it is asked hundreds of times.
[[nodiscard]] Sample shrink(Sample sample, const std::function<bool(const Sample&)>& fails);

}  // namespace vireo::graphs_testing
