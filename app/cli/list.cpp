#include <fmt/core.h>

#include "app/cli/command.h"
#include "engine/api/catalog.h"
#ifdef VIREO_HAVE_PIPELINE
#include "app/cli/list_plugins.h"
#endif

namespace vireo::cli {
namespace {

void list_engine(const std::string& what) {
  if (what == "ops")
    for (const OperatorInfo& op : list_operators())
      fmt::print("{:<24} inputs {}..{:<4} kernels {}\n", op.name, op.min_inputs,
                 op.max_inputs < 0 ? "any" : std::to_string(op.max_inputs), op.kernels);
  else if (what == "kernels")
    for (const KernelInfo& k : list_kernels())
      fmt::print("{:<24} {:<40} {:<8} {:<12}{}{}\n", k.op, k.name, k.device, k.isa,
                 k.exact ? "" : " changes arithmetic", k.usable ? "" : " (not on this machine)");
  else if (what == "passes")
    for (const PassInfo& p : list_passes()) fmt::print("{:<28} {}\n", p.name, p.what);
}

}  // namespace

void add_list(Program& program) {
  Command c = program.add("list", "what this build knows");
  auto what = std::make_shared<std::string>();
  std::vector<std::string> kinds{"ops", "kernels", "passes"};
#ifdef VIREO_HAVE_PIPELINE
  kinds.insert(kinds.end(), {"decoders", "trackers", "publishers", "elements"});
#endif
  c.option("WHAT", *what, "ops | kernels | passes | decoders | trackers | publishers | elements")
      .required()
      .one_of(kinds);
  c.run([what] {
    list_engine(*what);
#ifdef VIREO_HAVE_PIPELINE
    list_plugins(*what);
#endif
    return 0;
  });
}

}  // namespace vireo::cli
