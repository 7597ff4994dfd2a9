#include "engine/compile/lower.h"

#include "engine/base/text.h"
#include "engine/passes/layout.h"
#include "engine/passes/passes.h"

namespace vireo::compile {

std::vector<std::string> format_passes() { return {"nhwc_layout", "transpose_sinking", "image_input"}; }

graph::Graph lower(const Plan::State& plan, const plan::Section& section) {
  graph::Graph g = plan.graph;
  for (const plan::FormatMark& mark : section.formats) {
    const bool known = mark.layer < g.layer_count() && g.layer(mark.layer).alive() &&
                       g.layer(mark.layer).name == mark.name && mark.format == "nchw";
    if (!known)
      base::fail(ErrorCode::invalid_model, "the section for '", section.fingerprint, "' gives format ", mark.format,
                 " to layer ", mark.layer, " '", mark.name, "', which the network has not; build it again");
    passes::keep_channels_first(g, mark.layer);
  }
  passes::PassOptions options;
  options.disabled.insert(plan.disabled_passes.begin(), plan.disabled_passes.end());
  passes::run_passes(g, options);
  g.compact();
  return g;
}

std::vector<plan::FormatMark> format_marks(const graph::Graph& neutral, const graph::Graph& marked) {
  std::vector<plan::FormatMark> marks;
  for (graph::LayerId id = 0; id < neutral.layer_count(); ++id)
    if (marked.layer(id).attributes.has("layout") && !neutral.layer(id).attributes.has("layout"))
      marks.push_back({id, neutral.layer(id).name, marked.layer(id).attributes.text("layout", "")});
  return marks;
}

}  // namespace vireo::compile
