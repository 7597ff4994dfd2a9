#pragma once
// The commands of the vireo program: each file of this folder adds one subcommand. A command returns its exit code:
// 0 done, 1 failed; errors are thrown and printed by main, which returns 1, or 2 for wrong usage. Results go to stdout,
// everything else to stderr. When nobody reads stdout any more (`vireo … | head`), a command ends with 1 and no words.

#include <CLI/CLI.hpp>
#include <functional>

#include "engine/api/error.h"

namespace vireo::cli {

/// Flags that can't be meant together: found by a command, as others are by the parser.
class UsageError : public Error {
 public:
  explicit UsageError(const std::string& message) : Error(ErrorCode::invalid_argument, message) {}
};

/// Adds the subcommand and stores in `action` what to do when the user chose it.
using Action = std::function<int()>;
void add_build(CLI::App& app, Action& action);
void add_bench(CLI::App& app, Action& action);
void add_infer(CLI::App& app, Action& action);
void add_compare(CLI::App& app, Action& action);
void add_inspect(CLI::App& app, Action& action);
void add_devices(CLI::App& app, Action& action);
void add_doctor(CLI::App& app, Action& action);
void add_list(CLI::App& app, Action& action);
void add_run(CLI::App& app, Action& action);
void add_demo(CLI::App& app, Action& action);

}  // namespace vireo::cli
