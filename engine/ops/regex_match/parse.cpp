#include "engine/ops/regex_match/parse.h"

#include <algorithm>

#include "engine/base/text.h"
#include "engine/ops/shared/text_pieces.h"

namespace vireo::ops {
namespace {

using Kind = RegexNode::Kind;
using Assertion = Regex::Assertion;
using Ranges = std::vector<Regex::Range>;
using NodePtr = std::unique_ptr<RegexNode>;

constexpr char32_t kLast = 0x10ffff;
constexpr int kMostRepeats = 1000, kMostDepth = 500;

/// Sorted, and those that touch joined.
Ranges sorted(Ranges ranges) {
  std::sort(ranges.begin(), ranges.end());
  Ranges joined;
  for (const Regex::Range& range : ranges)
    if (!joined.empty() && range.first <= joined.back().second + 1)
      joined.back().second = std::max(joined.back().second, range.second);
    else joined.push_back(range);
  return joined;
}

Ranges all_but(const Ranges& ranges) {
  Ranges rest;
  char32_t next = 0;
  for (const auto& [first, last] : sorted(ranges)) {
    if (first > next) rest.emplace_back(next, first - 1);
    next = last + 1;
  }
  if (next <= kLast) rest.emplace_back(next, kLast);
  return rest;
}

struct NamedClass {
  std::string_view name;
  Ranges ranges;
};

const std::vector<NamedClass>& named_classes() {
  static const std::vector<NamedClass> kClasses{{"alnum", {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}}},
                                                {"alpha", {{'A', 'Z'}, {'a', 'z'}}},
                                                {"ascii", {{0, 127}}},
                                                {"blank", {{'\t', '\t'}, {' ', ' '}}},
                                                {"cntrl", {{0, 31}, {127, 127}}},
                                                {"digit", {{'0', '9'}}},
                                                {"graph", {{'!', '~'}}},
                                                {"lower", {{'a', 'z'}}},
                                                {"print", {{' ', '~'}}},
                                                {"punct", {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}}},
                                                {"space", {{'\t', '\r'}, {' ', ' '}}},
                                                {"upper", {{'A', 'Z'}}},
                                                {"word", {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}},
                                                {"xdigit", {{'0', '9'}, {'A', 'F'}, {'a', 'f'}}}};
  return kClasses;
}

class Parser {
 public:
  explicit Parser(std::string_view pattern) : pattern_(pattern) {}

  NodePtr run() {
    NodePtr node = alternatives();
    if (!end()) fail("a ')' without its '('");
    return node;
  }

 private:
  struct Flags {
    bool any_case = false, dot_all = false, lines = false;
  };

  [[noreturn]] void fail(std::string_view what) const {
    base::fail(ErrorCode::invalid_model, "pattern '", pattern_, "', character ", at_ + 1, ": ", what);
  }
  [[noreturn]] void refuse(std::string_view what) const {
    base::fail(ErrorCode::unsupported, "pattern '", pattern_, "', character ", at_ + 1, ": ", what,
               " is not supported");
  }
  [[nodiscard]] bool end() const { return at_ >= pattern_.size(); }
  [[nodiscard]] bool next_is(std::string_view text) const { return pattern_.substr(at_).starts_with(text); }
  bool accept(std::string_view text) {
    if (!next_is(text)) return false;
    at_ += text.size();
    return true;
  }
  char32_t take() {
    if (end()) fail("more was expected");
    return next_code_point(pattern_, at_);
  }

  static NodePtr make(Kind kind) {
    auto node = std::make_unique<RegexNode>();
    node->kind = kind;
    return node;
  }
  NodePtr set(Ranges ranges) const {
    NodePtr node = make(Kind::set);
    if (flags_.any_case) ranges = with_both_cases(std::move(ranges));
    node->ranges = sorted(std::move(ranges));
    return node;
  }
  static NodePtr assertion(Assertion what) {
    NodePtr node = make(Kind::assertion);
    node->assertion = what;
    return node;
  }

  static Ranges with_both_cases(Ranges ranges) {
    constexpr char32_t kMost = 4096;  // of a class with more letters than that beyond ASCII, the first ones
    Ranges more = ranges;
    for (const auto& [first, last] : ranges)
      for (char32_t c = first; c <= last && c - first < kMost; ++c)
        for (const Case to : {Case::upper, Case::lower})
          if (const char32_t other = with_case(c, to); other != c) more.emplace_back(other, other);
    return more;
  }

  NodePtr alternatives() {
    if (++depth_ > kMostDepth) refuse("so deep a nesting");
    const Flags outer = flags_;
    NodePtr node = make(Kind::alternatives);
    do node->children.push_back(sequence());
    while (accept("|"));
    flags_ = outer;
    --depth_;
    return node->children.size() == 1 ? std::move(node->children[0]) : std::move(node);
  }

  NodePtr sequence() {
    NodePtr node = make(Kind::sequence);
    while (!end() && !next_is("|") && !next_is(")")) {
      if (accept("\\Q")) {
        const std::size_t before = node->children.size();
        while (!end() && !accept("\\E")) {
          const char32_t c = take();
          node->children.push_back(set({{c, c}}));
        }
        if (node->children.size() > before) node->children.back() = repeated(std::move(node->children.back()));
        continue;
      }
      NodePtr item = atom();
      if (!item) continue;  // flags
      node->children.push_back(repeated(std::move(item)));
    }
    return node;
  }

  NodePtr repeated(NodePtr item) {
    int count = 0;
    for (int least = 0, most = 0; repetition(least, most);) {
      (void)accept("?");  // lazy
      if (++count > 1) fail("a repetition of a repetition");
      NodePtr node = make(Kind::repeat);
      node->least = least;
      node->most = most;
      node->children.push_back(std::move(item));
      item = std::move(node);
    }
    return item;
  }

  bool repetition(int& least, int& most) {
    if (accept("*")) return least = 0, most = -1, true;
    if (accept("+")) return least = 1, most = -1, true;
    if (accept("?")) return least = 0, most = 1, true;
    const std::size_t begin = at_;
    if (!accept("{")) return false;
    const int low = count();
    int high = low;
    if (low >= 0 && accept(",")) high = next_is("}") ? -1 : count();
    const bool counted = low >= 0 && accept("}");
    if (!counted) {  // a brace that is no count stands for itself
      at_ = begin;
      return false;
    }
    if (low > kMostRepeats || high > kMostRepeats || (high >= 0 && high < low)) fail("a repetition out of range");
    least = low;
    most = high;
    return true;
  }
  /// -1 where there is no number.
  int count() {
    int value = -1;
    while (!end() && pattern_[at_] >= '0' && pattern_[at_] <= '9' && value <= kMostRepeats)
      value = std::max(value, 0) * 10 + (pattern_[at_++] - '0');
    return value;
  }

  NodePtr atom() {
    if (next_is("*") || next_is("+") || next_is("?")) fail("a repetition of nothing");
    if (accept("(")) return group();
    if (accept("[")) return bracket();
    if (accept(".")) return set(flags_.dot_all ? Ranges{{0, kLast}} : all_but({{'\n', '\n'}}));
    if (accept("^")) return assertion(flags_.lines ? Assertion::line_begin : Assertion::text_begin);
    if (accept("$")) return assertion(flags_.lines ? Assertion::line_end : Assertion::text_end);
    if (accept("\\A")) return assertion(Assertion::text_begin);
    if (accept("\\z")) return assertion(Assertion::text_end);
    if (accept("\\b")) return assertion(Assertion::word_edge);
    if (accept("\\B")) return assertion(Assertion::no_word_edge);
    if (accept("\\")) {
      if (Ranges ranges; perl_class(ranges)) return set(std::move(ranges));
      const char32_t c = escaped();
      return set({{c, c}});
    }
    const char32_t c = take();
    return set({{c, c}});
  }

  /// Null for flags alone, as (?i).
  NodePtr group() {
    if (accept("?P<") || (next_is("?<") && !next_is("?<=") && !next_is("?<!") && accept("?<"))) {
      while (!end() && !next_is(">")) ++at_;
      if (!accept(">")) fail("a group's name without its '>'");
    } else if (accept("?")) {
      if (next_is("=") || next_is("!") || next_is("<")) refuse("an assertion that looks around");
      const Flags outer = flags_;
      read_flags();
      if (accept(")")) return nullptr;
      if (!accept(":")) fail("'(?' and what it does not know");
      NodePtr node = closed(alternatives());
      flags_ = outer;
      return node;
    }
    return closed(alternatives());
  }
  NodePtr closed(NodePtr node) {
    if (!accept(")")) fail("a '(' without its ')'");
    return node;
  }
  void read_flags() {
    bool on = true;
    for (; !end() && !next_is(")") && !next_is(":"); ++at_) switch (pattern_[at_]) {
        case '-': on = false; break;
        case 'i': flags_.any_case = on; break;
        case 's': flags_.dot_all = on; break;
        case 'm': flags_.lines = on; break;
        case 'U': break;  // greedy or not is the same here
        default: fail("an unknown flag");
      }
  }

  bool perl_class(Ranges& ranges) {
    if (next_is("p") || next_is("P")) refuse("a class of Unicode's properties");
    if (next_is("C")) refuse("a single byte");
    static constexpr std::pair<char, std::string_view> kPerl[] = {{'d', "digit"}, {'s', "space"}, {'w', "word"}};
    for (const auto& [letter, name] : kPerl)
      for (const bool other : {false, true}) {
        const char sign = other ? static_cast<char>(letter - 32) : letter;
        if (!accept(std::string_view(&sign, 1))) continue;
        Ranges found = class_of(name);
        if (letter == 's') found = {{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}};  // without \v, as RE2 has it
        if (other) found = all_but(found);
        ranges.insert(ranges.end(), found.begin(), found.end());
        return true;
      }
    return false;
  }
  Ranges class_of(std::string_view name) const {
    for (const NamedClass& known : named_classes())
      if (known.name == name) return known.ranges;
    fail("an unknown class");
  }

  /// What stands behind a backslash, as one character.
  char32_t escaped() {
    const char32_t c = take();
    switch (c) {
      case 'a': return '\a';
      case 'f': return '\f';
      case 'n': return '\n';
      case 'r': return '\r';
      case 't': return '\t';
      case 'v': return '\v';
      case 'x': return hexadecimal();
      case '0': return octal(0);
      default: break;
    }
    if (c >= '1' && c <= '9') refuse("a back reference");
    if (c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) fail("an unknown escape");
    return c;
  }
  char32_t octal(char32_t value) {
    for (int i = 0; i < 2 && !end() && pattern_[at_] >= '0' && pattern_[at_] <= '7'; ++i)
      value = value * 8 + static_cast<char32_t>(pattern_[at_++] - '0');
    return value;
  }
  char32_t hexadecimal() {
    const bool braces = accept("{");
    char32_t value = 0;
    int digits = 0;
    for (; !end() && digits < (braces ? 6 : 2); ++digits, ++at_) {
      const char c = pattern_[at_];
      if (c >= '0' && c <= '9') value = value * 16 + static_cast<char32_t>(c - '0');
      else if (c >= 'a' && c <= 'f') value = value * 16 + static_cast<char32_t>(c - 'a' + 10);
      else if (c >= 'A' && c <= 'F') value = value * 16 + static_cast<char32_t>(c - 'A' + 10);
      else break;
    }
    if (digits == 0 || (!braces && digits < 2) || (braces && !accept("}")) || value > kLast)
      fail("no hexadecimal number of a character");
    return value;
  }

  NodePtr bracket() {
    const bool negated = accept("^");
    Ranges ranges;
    for (bool first = true; first || !next_is("]"); first = false) {
      if (end()) fail("a '[' without its ']'");
      if (accept("[:")) {
        const bool other = accept("^");
        const std::size_t stop = pattern_.find(":]", at_);
        if (stop == std::string_view::npos) fail("a '[:' without its ':]'");
        Ranges named = class_of(pattern_.substr(at_, stop - at_));
        if (other) named = all_but(named);
        ranges.insert(ranges.end(), named.begin(), named.end());
        at_ = stop + 2;
        continue;
      }
      const bool escape = accept("\\");
      if (escape && perl_class(ranges)) continue;
      const char32_t low = escape ? escaped() : take();
      char32_t high = low;
      if (next_is("-") && !next_is("-]")) {
        ++at_;
        high = accept("\\") ? escaped() : take();
        if (high < low) fail("a range whose end is before its begin");
      }
      ranges.emplace_back(low, high);
    }
    (void)accept("]");
    if (flags_.any_case) ranges = with_both_cases(std::move(ranges));
    NodePtr node = make(Kind::set);
    node->ranges = negated ? all_but(ranges) : sorted(std::move(ranges));
    return node;
  }

  std::string_view pattern_;
  std::size_t at_ = 0;
  int depth_ = 0;
  Flags flags_;
};

}  // namespace

std::unique_ptr<RegexNode> parse_regex(std::string_view pattern) { return Parser(pattern).run(); }

}  // namespace vireo::ops
