#pragma once
// What was decided for one device when a plan was built for it. A plan has a section for each device that it was built
// for; the network beside them is neutral. Plain value; the packed weights are shared and may be used from any thread.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/api/engine.h"
#include "engine/api/types.h"
#include "engine/plan/choices.h"
#include "engine/plan/packed_weights.h"

namespace vireo::plan {

/// A layer of the network that keeps a format other than the one that it would get.
struct FormatMark {
  std::int32_t layer = 0;  ///< its place in Graph::topological_order(), from 0
  std::string name;        ///< of that layer: a check
  std::string format;      ///< "nchw"
};

struct Section {
  std::string fingerprint;  ///< device::Target's; empty: of no device, with nothing tuned
  std::string device = "cpu";
  int workers = 0;  ///< that shared the steps when tactics were timed; 0: nothing was timed
  bool exact = false;
  Precision precision = Precision::fp32;  ///< what compiling may use, for shapes that come later too
  std::uint64_t max_workspace = 0;
  std::vector<FormatMark> formats;
  std::vector<LayoutReport> layouts;  ///< what was weighed for them
  Choices choices;
  std::shared_ptr<PackedWeightStore> packs = std::make_shared<PackedWeightStore>();
};

}  // namespace vireo::plan
