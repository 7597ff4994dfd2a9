// A network as a program: cut into parts by device, each compiled for its own, within the limit on workspace.

#include "engine/compile/compile.h"

#include <algorithm>
#include <optional>

#include "engine/base/text.h"
#include "engine/compile/conv_pairs.h"
#include "engine/compile/form.h"
#include "engine/compile/half.h"
#include "engine/compile/limits.h"
#include "engine/compile/partition.h"
#include "engine/compile/segment.h"
#include "engine/graph/operator.h"

namespace vireo::compile {
namespace {

using device::Program;
using device::Segment;
using graph::Graph;

std::optional<Segment> try_caps(const Graph& graph, const CompileOptions& options, const WorkspaceCaps& caps) {
  try {
    return compile_segment(graph, options, caps);
  } catch (const OverCaps&) {
    return std::nullopt;
  }
}

/// Binding by binding, as the network has them.
std::vector<device::Binding> bindings_of(const Graph& g) {
  std::vector<device::Binding> bindings;
  const auto add = [&](graph::TensorId id, const std::string& name, bool output) {
    const graph::Tensor& t = g.tensor(id);
    device::Binding& binding = bindings.emplace_back();
    binding.info = {name, t.dtype, t.dims, std::vector<std::string>(t.dims.size())};
    binding.bytes = byte_count(t.dtype, t.dims);
    binding.output = output;
  };
  for (graph::TensorId id : g.inputs()) add(id, g.tensor(id).name, false);
  for (const Graph::Output& output : g.outputs()) add(output.tensor, output.name, true);
  return bindings;
}

CompileOptions on_cpu(const CompileOptions& options) {
  CompileOptions cpu = options;
  cpu.target = &device::host_target();
  if (cpu.precision == Precision::fp16) cpu.precision = Precision::fp32;  // float32 is what it has kernels for
  cpu.choices = options.cpu_choices;
  cpu.cpu_choices = nullptr;
  return cpu;
}

}  // namespace

/// Steps share one workspace and one scratch, each as large as the largest step wants: both together have to fit the
/// limit. The fastest tactics are kept where they do; else one of the two keeps its size and the other gets the rest,
/// then half each; what is left is the least of everything.
Segment compile_segment(const Graph& graph, const CompileOptions& options) {
  Segment fastest = compile_segment(graph, options, WorkspaceCaps{});
  const std::size_t limit = options.max_workspace;
  if (limit == 0 || fastest.workspace_bytes <= limit) return fastest;
  const std::size_t workspace = fastest.largest_workspace, scratch = fastest.workspace_bytes - workspace;
  std::vector<WorkspaceCaps> tries;
  if (scratch < limit) tries.push_back({limit - scratch, scratch});
  if (workspace < limit) tries.push_back({workspace, limit - workspace});
  tries.push_back({limit / 2, limit - limit / 2});
  tries.push_back({.least = true});
  std::size_t least = 0;
  for (const WorkspaceCaps& caps : tries) {
    std::optional<Segment> made = try_caps(graph, options, caps);
    if (made && made->workspace_bytes <= limit) return std::move(*made);
    if (made) least = made->workspace_bytes;
  }
  base::fail(ErrorCode::out_of_memory, "the engine needs at least ", least, " bytes (",
             base::human_bytes(static_cast<double>(least)), ") of workspace, the limit is ", limit,
             " bytes; raise it, or use fewer threads");
}

namespace {

Program compile_for(const device::Target& target, const Graph& original, const CompileOptions& asked) {
  Program program;
  CompileOptions options = asked;
  options.target = &target;
  std::optional<Graph> half;
  if (options.precision == Precision::fp16 && !options.target->is_cpu()) half = with_half(original, options);
  if (half)
    if (std::optional<Graph> pairs = with_conv_pairs(*half, options)) half = std::move(pairs);
  const Graph& graph = half ? *half : original;
  program.devices = {options.target->name};
  program.binaries = options.binaries;
  program.loading = options.loading;
  program.bindings = bindings_of(graph);
  std::vector<std::string> why;
  const std::vector<std::int32_t> device_of = assign_devices(graph, options, &why);
  const bool alone = std::ranges::none_of(device_of, [](std::int32_t device) { return device != kTarget; });
  if (alone) {
    Segment segment = compile_segment(graph, options);
    for (std::size_t k = 0; k < program.bindings.size(); ++k) segment.outside.push_back(static_cast<std::int32_t>(k));
    program.segments.push_back(std::make_shared<const Segment>(std::move(segment)));
    return program;
  }
  program.devices.push_back(device::host_target().name);
  Partition cut = partition(graph, device_of);
  const CompileOptions cpu = on_cpu(options);
  std::map<std::string, std::string> reasons;  // by layer
  for (graph::LayerId id = 0; id < graph.layer_count(); ++id)
    if (graph.layer(id).alive()) reasons[graph.layer(id).name] = why[static_cast<std::size_t>(id)];
  for (Part& part : cut.parts) {
    Segment segment = compile_segment(part.graph, part.device == kCpu ? cpu : options);
    segment.device = part.device;
    segment.outside = std::move(part.outside);
    if (part.device == kCpu)
      for (LayerReport& row : segment.report)
        if (!reasons[row.name].empty()) row.refused.push_back(base::str(options.target->name, ": ", reasons[row.name]));
    program.segments.push_back(std::make_shared<const Segment>(std::move(segment)));
  }
  program.boundary = std::move(cut.boundary);
  program.boundary_bytes = cut.boundary_bytes;
  return program;
}

}  // namespace

Program compile(const Graph& graph, const CompileOptions& options) {
  const device::Target& target = *options.target;
  if (!target.launches_only) return compile_for(target, graph, options);
  const std::string_view known = known_form(graph, options);
  const std::string_view form = known.empty() ? guessed_form(graph) : known;
  if (form == kPlanForm) {
    Program program = compile_for(target, graph, options);
    program.form = form;
    if (!known.empty() || plan_compile_seconds(program, target) <= options.patience_s) return program;
  }
  Program program = compile_for(*target.launches_only, graph, options);
  program.form = kLaunchForm;
  return program;
}

}  // namespace vireo::compile
