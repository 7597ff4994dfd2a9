#include "engine/compile/lower.h"

#include "engine/base/text.h"
#include "engine/passes/layout.h"
#include "engine/passes/passes.h"

namespace vireo::compile {

std::vector<std::string> format_passes() { return {"nhwc_layout", "transpose_sinking", "image_input"}; }

graph::Graph lower(const Plan::State& plan, const plan::Section& section) {
  graph::Graph g = plan.graph;
  const std::vector<graph::LayerId> order = g.topological_order();  // the same in memory and in a file
  for (const plan::FormatMark& mark : section.formats) {
    const auto place = static_cast<std::size_t>(mark.layer);
    const bool known = place < order.size() && g.layer(order[place]).name == mark.name && mark.format == "nchw";
    if (!known)
      base::fail(ErrorCode::invalid_model, "the section for '", section.fingerprint, "' gives format ", mark.format,
                 " to layer ", mark.layer, " '", mark.name, "', which the network has not; build it again");
    passes::keep_channels_first(g, order[place]);
  }
  passes::PassOptions options;
  options.disabled.insert(plan.disabled_passes.begin(), plan.disabled_passes.end());
  passes::run_passes(g, options);
  g.compact();
  return g;
}

std::vector<plan::FormatMark> format_marks(const graph::Graph& neutral, const graph::Graph& marked) {
  std::vector<plan::FormatMark> marks;
  const std::vector<graph::LayerId> order = neutral.topological_order();
  for (std::size_t place = 0; place < order.size(); ++place) {
    const graph::Layer &before = neutral.layer(order[place]), &after = marked.layer(order[place]);
    if (after.attributes.has("layout") && !before.attributes.has("layout"))
      marks.push_back({static_cast<std::int32_t>(place), after.name, after.attributes.text("layout", "")});
  }
  return marks;
}

}  // namespace vireo::compile
