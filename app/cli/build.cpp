#include <fmt/core.h>

#include "app/cli/command.h"
#include "app/cli/model.h"

namespace vireo::cli {

void add_build(Program& program) {
  Command c = program.add("build", "turn a model into a plan");
  auto flags = std::make_shared<ModelFlags>();
  auto output = std::make_shared<std::string>();
  add_model_flags(c, *flags);
  c.option("-o,--output,--saveEngine", *output, "plan file to write").required();
  c.run([flags, output] {
    Outputs files = files_of(*flags);
    files.write("--output", *output, OutputKind::replaced);
    double build_s = 0;
    const Plan plan = make_plan(*flags, files, build_s);
    plan.save(*output);
    fmt::print("{}: {} bytes, built in {:.2f} s\n", *output, std::filesystem::file_size(*output), build_s);
    return 0;
  });
}

}  // namespace vireo::cli
