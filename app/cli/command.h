#pragma once
// The commands of the vireo program: each file of this folder adds one subcommand. A command returns its exit code:
// 0 done, 1 failed; errors are thrown and printed by main, which returns 1, or 2 for wrong usage. Results go to stdout,
// everything else to stderr. When nobody reads stdout any more (`vireo … | head`), a command ends with 1 and prints
// nothing.
//
// Flags are declared through Command and Flag; the parser itself is known to command.cpp alone.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/files/outputs.h"
#include "engine/api/error.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace vireo::cli {

using files::OutputKind;
using files::Outputs;
using files::UsageError;

/// A declared flag, to say more about it. Lives as long as the program.
class Flag {
 public:
  Flag& required();
  Flag& show_default();  ///< shows the variable's present value in the help
  Flag& positive();
  Flag& not_negative();
  Flag& between(int low, int high);
  Flag& between(double low, double high);
  Flag& one_of(const std::vector<std::string>& words);
  /// `refuse` says why a word is not accepted, or nothing.
  Flag& check(const std::function<std::string(const std::string&)>& refuse);
  Flag& excludes(const Flag& other);

 private:
  friend class Command;
  explicit Flag(CLI::Option* option) : option_(option) {}
  CLI::Option* option_;
};

using Action = std::function<int()>;

/// A subcommand. Names are separated by commas; one without dashes is a position. The variables are written while the
/// command line is read, so they must live that long.
class Command {
 public:
  Flag option(const std::string& names, std::string& value, const std::string& help);
  Flag option(const std::string& names, std::vector<std::string>& values, const std::string& help);  ///< repeatable
  Flag option(const std::string& names, double& value, const std::string& help);
  Flag option(const std::string& names, int& value, const std::string& help);
  Flag option(const std::string& names, std::uint64_t& value, const std::string& help);
  Flag flag(const std::string& names, bool& value, const std::string& help);
  void footer(const std::string& text);
  /// All words that follow are accepted and ignored.
  void take_anything();
  /// What to do when the user chose this command.
  void run(Action action);

 private:
  friend class Program;
  Command(CLI::App* app, Action* chosen) : app_(app), chosen_(chosen) {}
  CLI::App* app_;
  Action* chosen_;
};

/// The program's whole command line.
class Program {
 public:
  Program();
  ~Program();
  Command add(const std::string& name, const std::string& help);
  /// Reads the command line. The exit code where nothing is left to do (help, version, wrong usage): the message was
  /// printed.
  [[nodiscard]] std::optional<int> parse(int argc, char** argv);
  [[nodiscard]] bool verbose() const { return verbose_; }
  [[nodiscard]] const Action& chosen() const { return *chosen_; }

 private:
  std::unique_ptr<CLI::App> app_;
  std::unique_ptr<Action> chosen_ = std::make_unique<Action>();
  bool verbose_ = false;
};

void add_build(Program& program);
void add_bench(Program& program);
void add_infer(Program& program);
void add_compare(Program& program);
void add_convert(Program& program);
void add_inspect(Program& program);
void add_devices(Program& program);
void add_doctor(Program& program);
void add_list(Program& program);
void add_run(Program& program);
void add_demo(Program& program);

/// Something still works that nobody waits for, a compiler in a driver, and that can't be told to end: the process is
/// to end without it, by _exit().
void leave_work_behind() noexcept;
[[nodiscard]] bool leaves_work() noexcept;

}  // namespace vireo::cli
