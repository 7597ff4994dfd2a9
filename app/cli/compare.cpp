#include "engine/api/compare.h"

#include <fmt/core.h>

#include "app/cli/command.h"
#include "app/cli/compare_recorded.h"
#include "app/cli/model.h"
#include "engine/api/tensor_file.h"

namespace vireo::cli {
namespace {

int compare_model(const ModelFlags& flags, const std::string& inputs_dir, double tolerance, bool all) {
  const Network network = import_model(flags);
  BuildOptions options;
  if (!flags.devices.empty()) options.devices = flags.devices;
  options.threads = flags.threads;
  options.exact = flags.exact;
  options.precision = parse_precision(flags);
  options.budget_s = flags.budget_s;
  options.disabled_passes = flags.disabled_passes;
  std::map<std::string, Dims> shapes;
  std::map<std::string, Buffer> inputs;
  if (!inputs_dir.empty()) {
    const auto infos = network.inputs();
    for (std::size_t k = 0; k < infos.size(); ++k) {
      const HostTensor t = read_tensor(std::filesystem::path(inputs_dir) / fmt::format("input_{}.pb", k));
      shapes[infos[k].name] = t.dims;
      const Buffer buffer = Buffer::host(t.data.size());
      std::copy(t.data.begin(), t.data.end(), buffer.data());
      inputs[infos[k].name] = buffer;
    }
  } else {
    shapes = resolve_shapes(network.inputs(), flags.shapes);
  }
  const std::vector<LayerError> errors = compare(network, options, shapes, inputs);
  const LayerError* first = nullptr;
  std::size_t matched = 0;
  const auto shown = [](double error) { return error < 0 ? std::string("-") : fmt::format("{:.2e}", error); };
  fmt::print("{:>10} {:>10} {:>10} {:>8}  {:<16} {:<32} {}\n", "network", "own", "max abs", "not fin.", "operator",
             "tactic", "layer");
  for (const LayerError& e : errors) {
    matched += e.relative_l2 >= 0 ? 1 : 0;
    const bool bad = e.not_finite > 0 || e.relative_l2 > tolerance || e.own_l2 > tolerance;
    if (bad && !first) first = &e;
    if (all || bad || e.op == "network output")
      fmt::print("{:>10} {:>10} {:10.2e} {:8}  {:<16} {:<32} {}{}\n", shown(e.relative_l2), shown(e.own_l2), e.max_abs,
                 e.not_finite, e.op, e.tactic, e.layer, bad ? "  <-- WRONG" : "");
  }
  fmt::print(
      "relative L2 errors of what the engine wrote: against the imported network's own tensors ({} of {} rows have "
      "one), and of each kernel against its reference on the same inputs\n",
      matched, errors.size());
  if (first) fmt::print("first departure beyond {:.1e}: {} '{}'\n", tolerance, first->op, first->layer);
  else fmt::print("all {} rows within {:.1e}\n", errors.size(), tolerance);
  return first ? 1 : 0;
}

}  // namespace

void add_compare(Program& program) {
  Command c =
      program.add("compare", "layer by layer against the network as imported; finds the first layer that goes wrong");
  auto flags = std::make_shared<ModelFlags>();
  auto inputs = std::make_shared<std::string>();
  auto tolerance = std::make_shared<double>(1e-4);
  auto all = std::make_shared<bool>(false);
  add_model_flags(c, *flags);
  flags->budget_s = 0;
  c.option("--inputs", *inputs, "folder with input_0.pb …; random inputs by default");
  c.option("--tolerance", *tolerance, "largest relative L2 error that is right").show_default();
  c.flag("--all", *all, "print every layer, not only wrong ones");
  auto outputs = std::make_shared<std::string>();
  auto elements = std::make_shared<Tolerance>();
  c.option(
      "--outputs", *outputs,
      "folder with output_0.pb … of another engine for these inputs: compared with them, instead of layer by layer");
  c.option("--rtol", elements->relative, "with --outputs: how far an element may be off, of its size").show_default();
  c.option("--atol", elements->absolute, "with --outputs: and beside that").show_default();
  c.run([=] {
    if (outputs->empty()) return compare_model(*flags, *inputs, *tolerance, *all);
    if (inputs->empty()) throw UsageError("--outputs needs --inputs, the folder with what they were computed from");
    return compare_recorded(*flags, *inputs, *outputs, *elements);
  });
}

}  // namespace vireo::cli
