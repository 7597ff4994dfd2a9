#include <fmt/core.h>

#include <filesystem>

#include "app/cli/command.h"
#include "app/cli/model.h"

namespace vireo::cli {

void add_build(Program& program) {
  Command c = program.add("build", "turn a model into a plan");
  auto flags = std::make_shared<ModelFlags>();
  auto output = std::make_shared<std::string>();
  add_model_flags(c, *flags);
  c.option("-o,--output,--saveEngine", *output, "plan file to write").required();
  c.flag("--keep-packed", flags->keep_packed,
         "keep packed weights in the plan beside the weights themselves: loads fastest, and is twice as large or more");
  c.flag("--strip", flags->strip,
         "leave out weights that the device reads only packed; with --keep-packed: loads fastest, runs nowhere else");
  auto append = std::make_shared<bool>(false);
  c.flag("--append", *append, "keep the sections for other devices of a plan of the same network in the output file");
  c.run([flags, output, append] {
    Outputs files = files_of(*flags);
    files.write("--output", *output, OutputKind::replaced);
    double build_s = 0;
    const bool extends = *append && std::filesystem::exists(*output);
    const Plan before = extends ? Plan::load(*output) : Plan();
    Plan plan = make_plan(*flags, files, build_s);
    if (extends) plan = plan.with_sections_of(before);
    plan.save(*output);
    fmt::print("{}: {} bytes, built in {:.2f} s\n", *output, std::filesystem::file_size(*output), build_s);
    print_sections(plan);
    return 0;
  });
}

}  // namespace vireo::cli
