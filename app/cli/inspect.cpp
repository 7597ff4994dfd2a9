#include <fmt/core.h>

#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "app/cli/command.h"
#include "app/cli/memory_map.h"
#include "app/cli/model.h"
#include "engine/api/output_file.h"
#include "plugins/infer/reading.h"

namespace vireo::cli {
namespace {

std::string type_text(const TensorInfo& t) {
  std::string dims;
  for (std::size_t d = 0; d < t.dims.size(); ++d) {
    if (d) dims += "x";
    if (t.dims[d] >= 0) dims += std::to_string(t.dims[d]);
    else dims += t.symbols.size() > d && !t.symbols[d].empty() ? t.symbols[d] : "?";
  }
  return fmt::format("{} {}", dims.empty() ? "scalar" : dims, to_string(t.dtype));
}

void write_dot(const std::string& path, const std::vector<LayerReport>& layers) {
  std::string text = "digraph plan {\n  node [shape=box, fontname=monospace];\n";
  for (std::size_t i = 0; i < layers.size(); ++i) {
    std::string name = layers[i].name;
    std::replace(name.begin(), name.end(), '"', '\'');
    text += fmt::format("  s{} [label=\"{}\\n{}\\n{}\"];\n", i, name, layers[i].tactic, layers[i].outputs);
    if (i) text += fmt::format("  s{} -> s{};\n", i - 1, i);
  }
  write_file(path, text + "}\n");
}

nlohmann::json layout_json(const LayoutReport& l) {
  const auto side = [](const LayoutReport::Side& s) {
    return nlohmann::json{{"kernel_ms", s.kernel_ms}, {"reorders_ms", s.reorders_ms}, {"measured", s.measured}};
  };
  return {{"name", l.layer},
          {"op", l.op},
          {"layout", l.channels_last ? "nhwc" : "nchw"},
          {"nchw", side(l.first)},
          {"nhwc", side(l.last)}};
}

/// Both layouts of each layer that has a choice, the one it got first.
void print_layouts(const std::vector<LayoutReport>& layouts) {
  if (layouts.empty()) return;
  fmt::print("\n{:<6} {:>9} {:>9}  {:<6} {:>9} {:>9}  {:<9} {}\n", "layout", "kernel ms", "reorders", "not",
             "kernel ms", "reorders", "times", "layer");
  for (const LayoutReport& l : layouts) {
    const LayoutReport::Side &has = l.channels_last ? l.last : l.first, &other = l.channels_last ? l.first : l.last;
    fmt::print("{:<6} {:9.4f} {:9.4f}  {:<6} {:9.4f} {:9.4f}  {:<9} {}\n", l.channels_last ? "nhwc" : "nchw",
               has.kernel_ms, has.reorders_ms, l.channels_last ? "nchw" : "nhwc", other.kernel_ms, other.reorders_ms,
               has.measured && other.measured ? "measured" : "predicted", l.layer);
  }
}

/// What `vireo run` would make of it, at these shapes.
std::optional<infer::Reading> reading_of(const Engine& engine, Context& context, std::string& why_not) {
  const auto at_shapes = [&](std::vector<TensorInfo> tensors) {
    for (TensorInfo& t : tensors) t.dims = context.shape(t.name);
    return tensors;
  };
  try {
    return infer::read_model(
        infer::describe_model(at_shapes(engine.inputs()), at_shapes(engine.outputs()), engine.metadata()), "auto", {});
  } catch (const Error& error) {
    why_not = error.what();
    return std::nullopt;
  }
}

int inspect(const ModelFlags& flags, bool as_json, const std::string& dot, const std::string& map, bool why) {
  Outputs files = files_of(flags);
  files.write("--dot", dot);
  files.write("--memory-map", map);
  Loaded loaded = load_model(flags, files);
  const auto layers = loaded.engine->report(loaded.shapes);
  auto context = make_context(loaded, {});
  if (!dot.empty()) write_dot(dot, layers);
  if (map == "-") std::cout << memory_map_text(memory_map(*context), false) << "\n";
  else if (!map.empty()) write_file(map, memory_map_text(memory_map(*context), map.ends_with(".svg")));
  std::string no_decoder;
  const std::optional<infer::Reading> reading = reading_of(*loaded.engine, *context, no_decoder);
  if (as_json) {
    nlohmann::json j;
    for (const TensorInfo& t : loaded.engine->inputs())
      j["inputs"].push_back({{"name", t.name}, {"dims", t.dims}, {"dtype", to_string(t.dtype)}});
    for (const TensorInfo& t : loaded.engine->outputs())
      j["outputs"].push_back({{"name", t.name}, {"dims", context->shape(t.name)}, {"dtype", to_string(t.dtype)}});
    for (const LayerReport& l : layers)
      j["layers"].push_back({{"name", l.name},
                             {"op", l.op},
                             {"tactic", l.tactic},
                             {"device", l.device},
                             {"inputs", l.inputs},
                             {"outputs", l.outputs},
                             {"flops", l.flops},
                             {"tuned_ms", l.tuned_ms},
                             {"beside_ms", l.beside},
                             {"weight_bytes", l.weight_bytes},
                             {"workers", l.workers},
                             {"refused", l.refused}});
    j["layouts"] = nlohmann::json::array();
    for (const LayoutReport& l : loaded.engine->layouts()) j["layouts"].push_back(layout_json(l));
    j["metadata"] = loaded.engine->metadata();
    if (reading)
      j["reading"] = {{"decoder", reading->decoder()},
                      {"reason", reading->choice->match.reason},
                      {"width", reading->input.width},
                      {"height", reading->input.height},
                      {"summary", reading->summary()}};
    else j["reading"] = {{"decoder", nullptr}, {"reason", no_decoder}};
    j["arena_bytes"] = context->arena_bytes();
    j["memory"] = memory_map_json(memory_map(*context));
    j["plan_bytes"] = loaded.plan.bytes();
    j["weight_bytes"] = loaded.plan.weight_bytes();
    j["sections"] = nlohmann::json::array();
    for (const SectionInfo& s : loaded.plan.sections())
      j["sections"].push_back({{"device", s.device},
                               {"fingerprint", s.fingerprint},
                               {"workers", s.workers},
                               {"precision", to_string(s.precision)},
                               {"exact", s.exact},
                               {"timings", s.tactics},
                               {"packed_bytes", s.packed_bytes}});
    std::cout << j.dump(2) << "\n";
    return 0;
  }
  for (const TensorInfo& t : loaded.engine->inputs()) fmt::print("input   {}  {}\n", t.name, type_text(t));
  for (const TensorInfo& t : loaded.engine->outputs())
    fmt::print("output  {}  {}\n", t.name, to_string(context->shape(t.name)) + " " + std::string(to_string(t.dtype)));
  for (const auto& [key, value] : loaded.engine->metadata())
    fmt::print("meta    {} = {}\n", key, value.size() > 100 ? value.substr(0, 100) + "…" : value);
  if (reading) fmt::print("reads   {}\n", reading->summary());
  else fmt::print("reads   nothing by itself: {}\n", why ? no_decoder : no_decoder.substr(0, no_decoder.find('\n')));
  if (reading && why)
    for (const decode::Candidate& other : reading->choice->candidates)
      if (other.row != reading->choice->row)
        fmt::print("{:>22}  not decoder {}: {}\n", "", other.row->name, other.match.reason);
  fmt::print("\n{:>9} {:>10}  {:<16} {:<32} {:<28} {}\n", "tuned ms", "MFLOP", "operator", "tactic", "output", "layer");
  double flops = 0;
  std::uint64_t weights = 0;
  int references = 0;
  for (const LayerReport& l : layers) {
    flops += l.flops;
    weights += l.weight_bytes;
    references += l.tactic == "reference";
    const std::string where = l.device == layers.front().device ? "" : " @" + l.device;
    fmt::print("{:>9} {:10.2f}  {:<16} {:<32} {:<28} {}\n", l.tuned_ms > 0 ? fmt::format("{:.4f}", l.tuned_ms) : "-",
               l.flops / 1e6, l.op, l.tactic + where, l.outputs, l.name);
    if (why && l.workers > 0)
      fmt::print("{:>22}  on {} worker{}: more took longer\n", "", l.workers, l.workers == 1 ? "" : "s");
    if (why)
      for (const auto& [tactic, ms] : l.beside) fmt::print("{:>9} {:>12}  {}\n", fmt::format("{:.4f}", ms), "", tactic);
    if (why)
      for (const std::string& reason : l.refused) fmt::print("{:>22}  not {}\n", "", reason);
  }
  if (why) print_layouts(loaded.engine->layouts());
  fmt::print("\n{} steps, {} by the reference, {:.3f} GFLOP, packed weights {:.1f} MB, arena {:.1f} MB\n",
             layers.size(), references, flops / 1e9, static_cast<double>(weights) / 1e6,
             static_cast<double>(context->arena_bytes()) / 1e6);
  print_sections(loaded.plan);
  return 0;
}

}  // namespace

void add_inspect(Program& program) {
  Command c = program.add("inspect", "layers, kernels with their times, why not others, memory");
  auto flags = std::make_shared<ModelFlags>();
  auto json = std::make_shared<bool>(false), why = std::make_shared<bool>(false);
  auto dot = std::make_shared<std::string>(), map = std::make_shared<std::string>();
  add_model_flags(c, *flags);
  flags->budget_s = 0;
  c.flag("--json", *json, "machine-readable, to stdout");
  c.flag("--why", *why, "what each other kernel took or why it was refused, and what the other layout would cost");
  c.option("--dot", *dot, "write the steps as a Graphviz file");
  c.option("--memory-map", *map,
           "write what lies where in the arena, and for which steps: a drawing for FILE.svg, else text");
  c.run([=] { return inspect(*flags, *json, *dot, *map, *why); });
}

}  // namespace vireo::cli
