#include "engine/ops/regex_match/regex.h"

#include <algorithm>

#include "engine/base/text.h"
#include "engine/ops/regex_match/parse.h"
#include "engine/ops/shared/text_pieces.h"

namespace vireo::ops {
namespace {

using Step = Regex::Step;
using Kind = RegexNode::Kind;

constexpr std::size_t kMostSteps = 50'000;

/// Writes the steps of a tree one behind the other; each part goes on at the step behind it.
class Writer {
 public:
  explicit Writer(Regex::Program& program) : program_(program) {}

  void write(const RegexNode& node) {
    switch (node.kind) {
      case Kind::set: {
        const std::size_t first = program_.ranges.size();
        program_.ranges.insert(program_.ranges.end(), node.ranges.begin(), node.ranges.end());
        add({Step::Kind::set, first, program_.ranges.size()});
        return;
      }
      case Kind::sequence:
        for (const auto& child : node.children) write(*child);
        return;
      case Kind::alternatives: return write_alternatives(node);
      case Kind::repeat: return write_repeat(node);
      case Kind::assertion: add({Step::Kind::check, static_cast<std::size_t>(node.assertion), 0}); return;
    }
  }
  std::size_t add(Step step) {
    if (program_.steps.size() >= kMostSteps)
      base::fail(ErrorCode::unsupported, "a pattern of more than ", kMostSteps, " steps");
    program_.steps.push_back(step);
    return program_.steps.size() - 1;
  }

 private:
  [[nodiscard]] std::size_t here() const { return program_.steps.size(); }

  void write_alternatives(const RegexNode& node) {
    std::vector<std::size_t> ends;
    for (std::size_t k = 0; k < node.children.size(); ++k) {
      const bool last = k + 1 == node.children.size();
      const std::size_t fork = last ? 0 : add({Step::Kind::either, here() + 1, 0});
      write(*node.children[k]);
      if (last) break;
      ends.push_back(add({Step::Kind::go, 0, 0}));
      program_.steps[fork].b = here();
    }
    for (const std::size_t end : ends) program_.steps[end].a = here();
  }
  void write_repeat(const RegexNode& node) {
    const RegexNode& child = *node.children[0];
    for (int i = 0; i < node.least; ++i) write(child);
    if (node.most < 0) {
      const std::size_t fork = add({Step::Kind::either, here() + 1, 0});
      write(child);
      add({Step::Kind::go, fork, 0});
      program_.steps[fork].b = here();
      return;
    }
    std::vector<std::size_t> forks;
    for (int i = node.least; i < node.most; ++i) {
      forks.push_back(add({Step::Kind::either, here() + 1, 0}));
      write(child);
    }
    for (const std::size_t fork : forks) program_.steps[fork].b = here();
  }

  Regex::Program& program_;
};

bool is_word(char32_t c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

/// The steps that the program can be at, all at once.
class Simulation {
 public:
  Simulation(const Regex::Program& program, std::string_view text)
      : program_(program), text_(text), seen_(program.steps.size(), 0) {}

  bool run() {
    enter(0, 0);
    for (std::size_t at = 0; at < text_.size();) {
      if (next_.empty()) return false;
      now_.swap(next_);
      next_.clear();
      before_ = next_code_point(text_, at);
      ++round_;
      for (const std::size_t step : now_)
        if (holds(program_.steps[step], before_)) enter(step + 1, at);
    }
    return std::any_of(next_.begin(), next_.end(),
                       [&](std::size_t s) { return program_.steps[s].kind == Step::Kind::match; });
  }

 private:
  [[nodiscard]] bool holds(const Step& step, char32_t c) const {
    if (step.kind != Step::Kind::set) return false;
    const auto first = program_.ranges.begin() + static_cast<std::ptrdiff_t>(step.a);
    const auto last = program_.ranges.begin() + static_cast<std::ptrdiff_t>(step.b);
    const auto behind = std::upper_bound(first, last, c, [](char32_t v, const auto& range) { return v < range.first; });
    return behind != first && c <= std::prev(behind)->second;
  }
  [[nodiscard]] bool check(Regex::Assertion what, std::size_t at) const {
    const bool begin = at == 0, end = at == text_.size();
    std::size_t behind = at;
    const char32_t next = end ? 0 : next_code_point(text_, behind);
    const bool edge = (!begin && is_word(before_)) != (!end && is_word(next));
    switch (what) {
      case Regex::Assertion::text_begin: return begin;
      case Regex::Assertion::text_end: return end;
      case Regex::Assertion::line_begin: return begin || before_ == '\n';
      case Regex::Assertion::line_end: return end || next == '\n';
      case Regex::Assertion::word_edge: return edge;
      default: return !edge;
    }
  }
  /// Follows what takes no character.
  void enter(std::size_t first, std::size_t at) {
    pending_.push_back(first);
    while (!pending_.empty()) {
      const std::size_t index = pending_.back();
      pending_.pop_back();
      if (seen_[index] == round_ + 1) continue;
      seen_[index] = round_ + 1;
      const Step& step = program_.steps[index];
      switch (step.kind) {
        case Step::Kind::either: pending_.push_back(step.b); [[fallthrough]];
        case Step::Kind::go: pending_.push_back(step.a); break;
        case Step::Kind::check:
          if (check(static_cast<Regex::Assertion>(step.a), at)) pending_.push_back(index + 1);
          break;
        default: next_.push_back(index);
      }
    }
  }

  const Regex::Program& program_;
  std::string_view text_;
  std::vector<std::size_t> seen_;  ///< by step: the round in which it was entered, from 1
  std::vector<std::size_t> now_, next_, pending_;
  std::size_t round_ = 0;
  char32_t before_ = 0;
};

}  // namespace

Regex::Regex(std::string_view pattern) {
  const std::unique_ptr<RegexNode> tree = parse_regex(pattern);
  Writer writer(program_);
  writer.write(*tree);
  writer.add({Step::Kind::match, 0, 0});
}

bool Regex::matches(std::string_view text) const { return Simulation(program_, text).run(); }

}  // namespace vireo::ops
