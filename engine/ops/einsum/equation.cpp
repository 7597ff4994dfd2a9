#include "engine/ops/einsum/equation.h"

#include <algorithm>
#include <map>

#include "engine/api/error.h"

namespace vireo::ops {
namespace {

[[noreturn]] void bad(const std::string& text, const std::string& why) {
  throw Error(ErrorCode::invalid_model, "equation '" + text + "' " + why);
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Labels of one term; the ellipsis stands for `hidden` axes.
std::string expand(const std::string& text, const std::string& term, std::size_t hidden) {
  std::string labels;
  bool dots = false;
  for (std::size_t i = 0; i < term.size(); ++i) {
    if (is_letter(term[i])) {
      labels += term[i];
    } else if (term.compare(i, 3, "...") == 0 && !dots) {
      dots = true;
      for (std::size_t k = hidden; k > 0; --k) labels += static_cast<char>(k);
      i += 2;
    } else {
      bad(text, "has an unexpected '" + term.substr(i, 1) + "'");
    }
  }
  return labels;
}

std::size_t letters(const std::string& term) {
  return static_cast<std::size_t>(std::count_if(term.begin(), term.end(), is_letter));
}

}  // namespace

Equation parse_equation(const std::string& text, const std::vector<std::size_t>& ranks) {
  std::string compact;
  for (char c : text)
    if (c != ' ' && c != '\t') compact += c;
  const std::size_t arrow = compact.find("->");
  const std::string left = compact.substr(0, arrow);
  std::vector<std::string> terms{""};
  for (char c : left)
    if (c == ',') terms.emplace_back();
    else terms.back() += c;
  if (terms.size() != ranks.size())
    bad(text, "has " + std::to_string(terms.size()) + " terms for " + std::to_string(ranks.size()) + " inputs");
  Equation equation;
  std::size_t widest = 0;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    const std::size_t named = letters(terms[i]);
    const bool dots = terms[i].find("...") != std::string::npos;
    if (named > ranks[i] || (!dots && named < ranks[i]))
      bad(text, "does not fit input " + std::to_string(i) + " of rank " + std::to_string(ranks[i]));
    if (ranks[i] - named > 30) bad(text, "hides too many axes");
    widest = std::max(widest, ranks[i] - named);
    equation.inputs.push_back(expand(text, terms[i], ranks[i] - named));
  }
  if (arrow != std::string::npos) {
    equation.output = expand(text, compact.substr(arrow + 2), widest);
    for (char c : equation.output) {
      const bool found = std::any_of(equation.inputs.begin(), equation.inputs.end(),
                                     [&](const std::string& t) { return t.find(c) != std::string::npos; });
      if (!found || std::count(equation.output.begin(), equation.output.end(), c) > 1)
        bad(text, "has an output axis that is not in one input");
    }
    return equation;
  }
  std::map<char, int> seen;
  for (const std::string& term : equation.inputs)
    for (char c : term) ++seen[c];
  for (std::size_t k = widest; k > 0; --k) equation.output += static_cast<char>(k);
  for (const auto& [label, count] : seen)
    if (is_letter(label) && count == 1) equation.output += label;
  return equation;
}

}  // namespace vireo::ops
