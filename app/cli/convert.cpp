#include <fmt/core.h>

#include "app/cli/command.h"
#include "app/cli/model.h"
#include "engine/api/convert.h"
#include "engine/api/output_file.h"
#include "engine/api/plan.h"

namespace vireo::cli {
namespace {

int convert(const ModelFlags& flags, const std::string& out) {
  const bool text = out.ends_with(".txt");
  if (!text && !out.ends_with(".onnx"))
    throw UsageError(
        fmt::format("'{}': what is written follows from the name's end: .onnx, or .txt for the network as text", out));
  Outputs files = files_of(flags);
  files.write("-o", out, OutputKind::replaced);
  if (!text) files.write("-o", out + ".data", OutputKind::replaced);
  files.check();
  if (Plan::is_plan(flags.model))
    throw UsageError(
        fmt::format("'{}' is a plan, whose network is one of Vireo's own layers; give the model that it was built from",
                    flags.model));
  const Network network = import_model(flags);
  files::read_external_data(files, flags.model, network);
  files.check();
  if (text) write_file(out, network_text(network));
  else save_onnx(network, out);
  return 0;
}

}  // namespace

void add_convert(Program& program) {
  Command c = program.add("convert",
                          "write the network of a model as ONNX (opset 21, or 23) or as text, before any optimisation");
  auto flags = std::make_shared<ModelFlags>();
  auto out = std::make_shared<std::string>();
  c.option("MODEL,--onnx", flags->model, "ONNX model").required();
  c.option("-o,--output", *out, "FILE.onnx, or FILE.txt for text").required();
  c.flag("--random-weights", flags->random_weights, "draw the weights that the model has none for");
  c.option("--weights-seed", flags->weights_seed, "what they are drawn from").show_default();
  c.run([=] { return convert(*flags, *out); });
}

}  // namespace vireo::cli
