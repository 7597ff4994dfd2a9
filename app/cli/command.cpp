#include "app/cli/command.h"

#include <CLI/CLI.hpp>
#include <atomic>

#include "engine/api/device.h"

namespace vireo::cli {

Flag& Flag::required() {
  option_->required();
  return *this;
}

Flag& Flag::show_default() {
  option_->capture_default_str();
  return *this;
}

Flag& Flag::positive() {
  option_->check(CLI::PositiveNumber);
  return *this;
}

Flag& Flag::not_negative() {
  option_->check(CLI::NonNegativeNumber);
  return *this;
}

Flag& Flag::between(int low, int high) {
  option_->check(CLI::Range(low, high));
  return *this;
}

Flag& Flag::between(double low, double high) {
  option_->check(CLI::Range(low, high));
  return *this;
}

Flag& Flag::one_of(const std::vector<std::string>& words) {
  option_->check(CLI::IsMember(words));
  return *this;
}

Flag& Flag::check(const std::function<std::string(const std::string&)>& refuse) {
  option_->check(refuse);
  return *this;
}

Flag& Flag::excludes(const Flag& other) {
  option_->excludes(other.option_);
  return *this;
}

Flag Command::option(const std::string& names, std::string& value, const std::string& help) {
  return Flag(app_->add_option(names, value, help));
}

Flag Command::option(const std::string& names, std::vector<std::string>& values, const std::string& help) {
  return Flag(app_->add_option(names, values, help));
}

Flag Command::option(const std::string& names, double& value, const std::string& help) {
  return Flag(app_->add_option(names, value, help));
}

Flag Command::option(const std::string& names, int& value, const std::string& help) {
  return Flag(app_->add_option(names, value, help));
}

Flag Command::option(const std::string& names, std::uint64_t& value, const std::string& help) {
  return Flag(app_->add_option(names, value, help));
}

Flag Command::flag(const std::string& names, bool& value, const std::string& help) {
  return Flag(app_->add_flag(names, value, help));
}

void Command::take_anything() { app_->prefix_command(); }

void Command::footer(const std::string& text) { app_->footer(text); }

void Command::run(Action action) {
  app_->callback([chosen = chosen_, action = std::move(action)] { *chosen = action; });
}

Program::Program() : app_(std::make_unique<CLI::App>("Vireo: inference engine and video pipeline", "vireo")) {
  app_->set_version_flag("--version", "vireo " VIREO_VERSION);
  app_->require_subcommand(1);
  app_->add_flag("-v,--verbose", verbose_, "say more on stderr");
  app_->fallthrough();
}

Program::~Program() = default;

Command Program::add(const std::string& name, const std::string& help) {
  return {app_->add_subcommand(name, help), chosen_.get()};
}

std::optional<int> Program::parse(int argc, char** argv) {
  try {
    app_->parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    return app_->exit(error) == 0 ? 0 : 2;
  }
}

namespace {
std::atomic<bool> g_leaves_work{false};
}

void leave_work_behind() noexcept { g_leaves_work = true; }
bool leaves_work() noexcept { return g_leaves_work || compilers_at_work(); }

}  // namespace vireo::cli
