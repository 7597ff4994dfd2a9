#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <unordered_map>

#include "engine/api/text.h"
#include "engine/base/text.h"
#include "engine/graph/operator.h"
#include "engine/graph/text.h"

namespace vireo::graph {
namespace {

/// Reads one line left to right.
class Line {
 public:
  Line(std::string_view text, int number) : text_(text), number_(number) {}

  [[noreturn]] void fail(std::string_view expected) const {
    base::fail(ErrorCode::invalid_model, "network text line ", number_, ", column ", at_ + 1, ": expected ", expected);
  }
  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r')) ++at_;
  }
  bool end() {
    skip();
    return at_ >= text_.size() || text_[at_] == '#';
  }
  bool accept(char c) {
    skip();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool accept_word(std::string_view wanted) {
    const std::size_t start = at_;
    if (!end() && word() == wanted) return true;
    at_ = start;
    return false;
  }
  void expect(char c) {
    if (!accept(c)) fail(base::str('\'', c, '\''));
  }
  /// Calls item() for each of a list that ends with `close`, with commas between them.
  template <typename F>
  void list(char close, const F& item) {
    if (accept(close)) return;
    do item();
    while (accept(','));
    expect(close);
  }
  bool next_is(char c) {
    skip();
    return at_ < text_.size() && text_[at_] == c;
  }
  std::string quoted() {
    skip();
    std::string_view rest = text_.substr(std::min(at_, text_.size()));
    std::optional<std::string> out = take_quoted(rest);
    if (!out)
      fail("a text in double quotes, with \\\" \\\\ \\n or \\xHH for quotes, backslashes and control characters");
    at_ = text_.size() - rest.size();
    return *std::move(out);
  }
  std::string_view word() {
    skip();
    const std::size_t start = at_;
    while (at_ < text_.size() && std::string_view(" \t\r(){}[],=#\"@").find(text_[at_]) == std::string_view::npos)
      ++at_;
    if (at_ == start) fail("a word");
    return text_.substr(start, at_ - start);
  }
  template <typename T>
  T number(std::string_view word) const {
    T v{};
    const auto result = std::from_chars(word.data(), word.data() + word.size(), v);
    if (result.ec != std::errc() || result.ptr != word.data() + word.size()) fail("a number");
    return v;
  }
  template <typename T>
  T number() {
    return number<T>(word());
  }
  std::uint64_t checksum() {
    const std::string_view digits = word();
    std::uint64_t v = 0;
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), v, 16);
    if (result.ec != std::errc() || result.ptr != digits.data() + digits.size())
      fail("a checksum of hexadecimal digits");
    return v;
  }
  Dims dims() {
    const std::string_view all = word();
    Dims out;
    if (all == "scalar") return out;
    for (std::size_t start = 0; start <= all.size();) {
      const std::size_t stop = std::min(all.find('x', start), all.size());
      const std::string_view part = all.substr(start, stop - start);
      const std::int64_t extent = part == "?" ? kUnknown : number<std::int64_t>(part);
      if (part != "?" && extent < 0) fail("extents of at least 0, or ? where unknown");
      out.push_back(extent);
      start = stop + 1;
    }
    return out;
  }
  DataType dtype() {
    const DataType type = data_type_from(word());
    if (size_of(type) == 0) fail("an element type such as float32");
    return type;
  }
  AttributeValue attribute() {
    if (next_is('"')) return quoted();
    if (!accept('[')) return scalar(word());
    std::vector<std::string_view> words;
    list(']', [&] { words.push_back(word()); });
    if (words.size() == 1 && words[0] == ".") return std::vector<double>{};
    bool real = false;
    for (std::string_view w : words) real |= w.find_first_of(".en") != std::string_view::npos;
    if (real) {
      std::vector<double> values;
      for (std::string_view w : words) values.push_back(number<double>(w));
      return values;
    }
    std::vector<std::int64_t> values;
    for (std::string_view w : words) values.push_back(number<std::int64_t>(w));
    return values;
  }
  [[nodiscard]] int number_of() const { return number_; }

 private:
  AttributeValue scalar(std::string_view w) const {
    if (w.find_first_of(".en") != std::string_view::npos) return number<double>(w);
    return number<std::int64_t>(w);
  }
  std::string_view text_;
  std::size_t at_ = 0;
  int number_;
};

class Parser {
 public:
  Parser(const FindOperator& find, const FetchConstant& fetch) : find_(find), fetch_(fetch) {}

  Graph run(std::string_view text) {
    reserve_unused(text);
    int number = 0;
    for (std::size_t start = 0; start < text.size();) {
      const std::size_t stop = std::min(text.find('\n', start), text.size());
      Line line(text.substr(start, stop - start), ++number);
      if (!line.end()) statement(line);
      start = stop + 1;
    }
    graph_.infer_all();
    graph_.verify();
    return std::move(graph_);
  }

 private:
  void statement(Line& line) {
    if (line.next_is('"') || line.next_is('-')) return layer(line);
    const std::string_view keyword = line.word();
    if (keyword == "graph") graph_.name = line.quoted();
    else if (keyword == "meta") {
      const std::string key = line.quoted();
      graph_.metadata[key] = line.quoted();
    } else if (keyword == "input") input(line);
    else if (keyword == "const") constant(line);
    else if (keyword == "output") {
      const TensorId id = known(line, line.quoted());
      graph_.mark_output(id, line.quoted());
    } else line.fail("graph, meta, input, const, output or a layer");
    if (!line.end()) line.fail("the end of the line");
  }
  void define(Line& line, const std::string& name, TensorId id) {
    if (!names_.emplace(name, id).second) line.fail(base::str("a new name; '", name, "' is taken"));
  }
  TensorId known(Line& line, const std::string& name) {
    const auto it = names_.find(name);
    if (it == names_.end()) line.fail(base::str("a tensor defined before; '", name, "' is not"));
    return it->second;
  }
  void input(Line& line) {
    const std::string name = line.quoted();
    const DataType dtype = line.dtype();
    const bool ranked = !line.accept_word("any");
    const Dims dims = ranked ? line.dims() : Dims{};
    std::vector<std::string> symbols;
    while (!line.end()) symbols.push_back(line.quoted());
    const TensorId id = graph_.add_input(name, dtype, dims, symbols);
    graph_.tensor(id).ranked = ranked;
    define(line, name, id);
  }
  void constant(Line& line) {
    const std::string name = line.quoted();
    const DataType dtype = line.dtype();
    const Dims dims = line.dims();
    if (!is_static(dims)) line.fail("known extents");
    ConstantPtr value;
    if (line.accept('@')) {
      if (dtype == DataType::string) line.fail("'=' and texts");
      if (!fetch_) line.fail("inline values: this text comes without weights");
      const auto offset = line.number<std::size_t>();
      value = fetch_(name, dtype, dims, offset, line.end() ? std::nullopt : std::optional(line.checksum()));
    } else {
      line.expect('=');
      value = inline_constant(line, dtype, dims);
    }
    define(line, name, graph_.add_constant(name, value));
  }
  static bool counts(const Dims& dims, std::size_t count) {
    try {
      return static_cast<std::size_t>(element_count(dims)) == count;
    } catch (const Error&) {  // more than can be counted
      return false;
    }
  }
  static ConstantPtr inline_texts(Line& line, const Dims& dims) {
    std::vector<std::uint64_t> ids;
    while (!line.end()) ids.push_back(text_id(line.quoted()));
    if (!counts(dims, ids.size())) line.fail(base::str("the texts of ", dims, ", not ", ids.size()));
    return make_constant(DataType::string, dims, ids.data(), ids.size() * sizeof(ids[0]));
  }
  static ConstantPtr inline_constant(Line& line, DataType dtype, const Dims& dims) {
    if (dtype == DataType::string) return inline_texts(line, dims);
    std::vector<std::string_view> words;
    while (!line.end()) words.push_back(line.word());
    if (!counts(dims, words.size())) line.fail(base::str("the values of ", dims, ", not ", words.size()));
    MutableConstant fresh = new_constant(dtype, dims);
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (dtype == DataType::float32) fresh.as<float>()[i] = line.number<float>(words[i]);
      else if (dtype == DataType::float64) fresh.as<double>()[i] = line.number<double>(words[i]);
      else if (is_integer(dtype) || dtype == DataType::boolean) {
        const auto v = line.number<std::int64_t>(words[i]);  // little-endian: the low bytes are the narrow value
        std::memcpy(fresh.data + i * size_of(dtype), &v, size_of(dtype));
      } else line.fail("a float32, float64, integer or boolean constant");
    }
    return fresh.constant;
  }
  void layer(Line& line) {
    std::vector<std::string> outputs;
    do outputs.push_back(line.accept('-') ? unused_name() : line.quoted());
    while (line.accept(','));
    line.expect('=');
    const std::string_view op_name = line.word();
    const Operator* op = find_(op_name);
    if (!op) line.fail(base::str("an operator; '", op_name, "' is none"));
    line.expect('(');
    std::vector<TensorId> inputs;
    line.list(')', [&] { inputs.push_back(line.accept('-') ? kNone : known(line, line.quoted())); });
    Attributes attributes;
    if (line.accept('{'))
      line.list('}', [&] {
        const std::string key = line.next_is('"') ? line.quoted() : std::string(line.word());
        line.expect('=');
        attributes.set(key, line.attribute());
      });
    std::string name = line.end() ? std::string() : line.quoted();
    if (!line.end()) line.fail("the end of the line");
    if (name.empty()) name = outputs.front();
    std::vector<TensorId> ids;
    for (const std::string& output : outputs) {
      ids.push_back(graph_.add_tensor(output));
      define(line, output, ids.back());
    }
    graph_.add_layer_into(*op, name, std::move(inputs), ids, std::move(attributes));
  }

  /// Outputs without a name get one that follows all names of that form in the text.
  void reserve_unused(std::string_view text) {
    constexpr std::string_view kMark = "\"unused~";
    constexpr std::int64_t kMost = std::int64_t{1} << 53;
    for (std::size_t at = text.find(kMark); at != std::string_view::npos; at = text.find(kMark, at + 1)) {
      std::int64_t number = 0;
      const char* const digits = text.data() + at + kMark.size();
      if (std::from_chars(digits, text.data() + text.size(), number).ec == std::errc() && number < kMost)
        next_unused_ = std::max(next_unused_, number + 1);
    }
  }
  std::string unused_name() { return base::str("unused~", next_unused_++); }

  const FindOperator& find_;
  const FetchConstant& fetch_;
  std::int64_t next_unused_ = 0;
  Graph graph_;
  std::unordered_map<std::string, TensorId> names_;
};

std::optional<unsigned char> hex_byte(std::string_view digits) {
  unsigned value = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (digits.size() != 2 || result.ec != std::errc() || result.ptr != digits.data() + 2) return std::nullopt;
  return static_cast<unsigned char>(value);
}

}  // namespace

std::optional<std::string> take_quoted(std::string_view& rest) {
  if (rest.empty() || rest.front() != '"') return std::nullopt;
  std::string out;
  for (std::size_t at = 1; at < rest.size(); ++at) {
    const char c = rest[at];
    if (c == '"') {
      rest.remove_prefix(at + 1);
      return out;
    }
    if (c != '\\') {
      out += c;
      continue;
    }
    if (++at == rest.size()) break;
    if (rest[at] == 'n') out += '\n';
    else if (rest[at] == '"' || rest[at] == '\\') out += rest[at];
    else if (const auto byte = hex_byte(rest.substr(at + 1, 2)); rest[at] == 'x' && byte) {
      out += static_cast<char>(*byte);
      at += 2;
    } else break;
  }
  return std::nullopt;
}

Graph parse_text(std::string_view text, const FindOperator& find, const FetchConstant& fetch) {
  return Parser(find, fetch).run(text);
}

}  // namespace vireo::graph
