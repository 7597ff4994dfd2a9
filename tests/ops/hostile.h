#pragma once
// Cases of the operator table made hostile: attributes, extents, values, types and arities that no exporter would write
// but a damaged or malicious file may. What an operator reads is found in its sources, so that nothing has to be
// listed.

#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <random>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/text.h"
#include "engine/graph/operator.h"
#include "engine/ops/cases.h"

namespace vireo::testing {

/// A case and what the table's cases can't say.
struct Attempt {
  ops::Case test;
  std::vector<bool> absent_inputs, absent_outputs;
  bool plain_values = true;  ///< nothing was made infinite, huge or out of range by its value
  std::string what;          ///< the changes, in words
};

/// Attributes that the sources of an operator read, with the reader's name, and the words that they know.
struct Vocabulary {
  std::vector<std::pair<std::string, std::string>> attributes;
  std::vector<std::string> words;
};

inline Vocabulary vocabulary_of(std::string_view op) {
  const std::filesystem::path root = std::filesystem::path(VIREO_SOURCE_DIR) / "engine" / "ops";
  std::set<std::pair<std::string, std::string>> attributes;
  std::set<std::string> words{"", "garbage", "nchw", "nhwc"};
  const std::regex read("\\b(integers|integer|reals|real|text)\\(\\s*\"(\\w+)\""), word("\"([A-Za-z_0-9]{2,24})\"");
  for (const std::string& folder : {std::string(op), std::string("shared")})
    for (const auto& entry : std::filesystem::directory_iterator(root / folder)) {
      if (entry.path().extension() != ".cpp") continue;
      std::stringstream stream;
      stream << std::ifstream(entry.path()).rdbuf();
      const std::string text = stream.str();
      for (std::sregex_iterator it(text.begin(), text.end(), read), end; it != end; ++it)
        attributes.emplace((*it)[2], (*it)[1]);
      if (folder == op)
        for (std::sregex_iterator it(text.begin(), text.end(), word), end; it != end; ++it) words.insert((*it)[1]);
    }
  return {{attributes.begin(), attributes.end()}, {words.begin(), words.end()}};
}

class Mutator {
 public:
  Mutator(const graph::Operator& op, const Vocabulary& vocabulary, std::uint64_t seed)
      : op_(op), vocabulary_(vocabulary), random_(seed) {}

  Attempt operator()(const ops::Case& original) {
    Attempt a{.test = original};
    a.absent_inputs.assign(a.test.inputs.size(), false);
    for (std::size_t k = a.test.dtypes.size(); k < a.test.inputs.size(); ++k)
      a.test.dtypes.push_back(DataType::float32);
    a.absent_outputs.assign(static_cast<std::size_t>(a.test.outputs), false);
    for (std::size_t changes = 1 + below(3); changes > 0; --changes) change(a);
    return a;
  }
  std::mt19937_64& random() { return random_; }

 private:
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  template <typename T>
  const T& any(const std::vector<T>& list) {
    return list[below(list.size())];
  }

  std::int64_t integer() {
    constexpr std::int64_t two = 1;
    static const std::vector<std::int64_t> small{0, -1, 1, 2, 3, 7, -2, 4, 5, 16, 100};
    static const std::vector<std::int64_t> large{65536,
                                                 two << 31,
                                                 -(two << 31),
                                                 (two << 31) - 1,
                                                 two << 40,
                                                 two << 61,
                                                 two << 62,
                                                 -(two << 62),
                                                 std::numeric_limits<std::int64_t>::max(),
                                                 std::numeric_limits<std::int64_t>::max() - 1,
                                                 std::numeric_limits<std::int64_t>::min(),
                                                 std::numeric_limits<std::int64_t>::min() + 1};
    return below(2) ? any(small) : any(large);
  }
  double real() {
    constexpr double inf = std::numeric_limits<double>::infinity();
    static const std::vector<double> list{0,      -1,   1,     0.5,          -0.5,   2,
                                          3,      1e38, -1e38, 1e300,        1e-300, 1e-9,
                                          9.3e18, inf,  -inf,  std::nan(""), 65536,  2147483648.0};
    return any(list);
  }
  std::vector<std::int64_t> integers(std::vector<std::int64_t> list) {
    const std::size_t kind = below(8);
    if (kind == 0 || list.empty())
      list.insert(list.begin() + static_cast<std::ptrdiff_t>(below(list.size() + 1)), integer());
    else if (kind == 1) list.erase(list.begin() + static_cast<std::ptrdiff_t>(below(list.size())));
    else if (kind == 2) list.clear();
    else if (kind == 3)
      for (std::int64_t& v : list) v = integer();
    else list[below(list.size())] = integer();
    return list;
  }
  AttributeValue of_kind(const std::string& reader) {
    if (reader == "integer") return integer();
    if (reader == "real") return real();
    if (reader == "text") return any(vocabulary_.words);
    if (reader == "integers") {
      std::vector<std::int64_t> list(below(6));
      for (std::int64_t& v : list) v = integer();
      return list;
    }
    std::vector<double> list(below(4));
    for (double& v : list) v = real();
    return list;
  }
  static std::string show(const AttributeValue& value) {
    return std::visit(
        [](const auto& v) {
          using T = std::decay_t<decltype(v)>;
          if constexpr (std::is_same_v<T, std::vector<std::int64_t>> || std::is_same_v<T, std::vector<double>>) {
            std::string out = "[";
            for (const auto& e : v) out += base::str(e, " ");
            return out + "]";
          } else {
            return base::str("", v);
          }
        },
        value);
  }

  void change(Attempt& a) {
    switch (below(12)) {
      case 0:
      case 1:
      case 2: return change_attribute(a);
      case 3:
      case 4: return set_attribute(a);
      case 5:
      case 6:
      case 7: return change_extent(a);
      case 8:
      case 9: return change_value(a);
      case 10: return change_type(a);
      default: return change_arity(a);
    }
  }

  void change_attribute(Attempt& a) {
    const auto& all = a.test.attributes.all();
    if (all.empty()) return set_attribute(a);
    auto it = all.begin();
    std::advance(it, below(all.size()));
    const std::string name = it->first;
    AttributeValue value = it->second;
    if (below(8) == 0) {
      a.test.attributes.erase(name);
      a.what += " no " + name;
      return;
    }
    if (below(10) == 0) value = of_kind(any(std::vector<std::string>{"integer", "real", "text", "integers", "reals"}));
    else if (std::holds_alternative<std::int64_t>(value)) value = integer();
    else if (std::holds_alternative<double>(value)) value = real();
    else if (std::holds_alternative<std::string>(value)) value = any(vocabulary_.words);
    else if (const auto* list = std::get_if<std::vector<std::int64_t>>(&value)) value = integers(*list);
    else value = of_kind("reals");
    put(a, name, value);
  }
  void set_attribute(Attempt& a) {
    if (vocabulary_.attributes.empty()) return;
    const auto& [name, reader] = any(vocabulary_.attributes);
    put(a, name, of_kind(reader));
  }
  static void put(Attempt& a, const std::string& name, const AttributeValue& value) {
    a.what += " " + name + "=" + show(value);
    a.plain_values = a.plain_values && (std::holds_alternative<std::int64_t>(value) ||
                                        std::holds_alternative<std::vector<std::int64_t>>(value));
    a.test.attributes.set(name, value);
  }

  void change_extent(Attempt& a) {
    if (a.test.inputs.empty()) return;
    const std::size_t k = below(a.test.inputs.size());
    Dims& dims = a.test.inputs[k];
    const auto extent = [&] { return std::max<std::int64_t>(integer(), kUnknown); };
    const std::size_t kind = below(10);
    if (kind == 0) dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(below(dims.size() + 1)), extent());
    else if (kind == 1 && !dims.empty()) dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(below(dims.size())));
    else if (kind == 2) dims.clear();
    else if (kind == 3)
      for (std::int64_t& e : dims) e = extent();
    else if (kind == 4 && !dims.empty()) {  // the same axis of all inputs, so that they still fit each other
      const std::size_t axis = below(dims.size());
      const std::int64_t value = extent(), old = dims[axis];
      for (Dims& d : a.test.inputs)
        for (std::int64_t& e : d)
          if (e == old) e = value;
      a.what += base::str(" all ", old, "s:", value);
    } else if (!dims.empty()) dims[below(dims.size())] = extent();
    a.what += base::str(" input", k, ":", dims);
  }

  void change_value(Attempt& a) {
    auto& constants = a.test.constants;
    if (constants.empty() || below(6) == 0) {
      if (a.test.inputs.empty()) return;
      const std::size_t k = below(a.test.inputs.size());
      std::vector<double> values(1 + below(4));
      for (double& v : values) v = below(4) ? static_cast<double>(integer()) : real();
      constants[static_cast<int>(k)] = values;
      a.plain_values = false;
    }
    auto it = constants.begin();
    std::advance(it, below(constants.size()));
    if (below(8) == 0) {
      a.what += base::str(" value", it->first, " unknown");
      constants.erase(it);
      return;
    }
    a.plain_values = false;
    if (!it->second.empty()) {
      const double value = below(4) ? static_cast<double>(integer()) : real();
      if (below(6) == 0)
        for (double& v : it->second) v = value;
      else any_of(it->second) = value;
      a.what += base::str(" value", it->first, "~", value);
    }
  }
  double& any_of(std::vector<double>& list) { return list[below(list.size())]; }

  void change_type(Attempt& a) {
    if (a.test.inputs.empty()) return;
    static const std::vector<DataType> types{
        DataType::float32,  DataType::uint8,  DataType::int8,    DataType::int32,       DataType::int64,
        DataType::uint64,   DataType::string, DataType::boolean, DataType::float16,     DataType::float64,
        DataType::bfloat16, DataType::int4,   DataType::uint2,   DataType::float8e4m3fn};
    const DataType type = any(types);
    const std::size_t k = below(a.test.inputs.size());
    const DataType old = a.test.dtypes[k];
    const bool all = below(2) == 0;
    for (std::size_t i = 0; i < a.test.dtypes.size(); ++i)
      if (i == k || (all && a.test.dtypes[i] == old)) a.test.dtypes[i] = type;
    a.what += base::str(" type", k, all ? "…:" : ":", type);
  }

  void change_arity(Attempt& a) {
    const std::size_t kind = below(5);
    if (kind == 0 && !a.test.inputs.empty()) {
      const std::size_t k = below(a.test.inputs.size());
      a.absent_inputs[k] = true;
      a.what += base::str(" no input", k);
    } else if (kind == 1 && !a.test.inputs.empty()) {
      a.test.inputs.pop_back();
      a.test.dtypes.pop_back();
      a.absent_inputs.pop_back();
      a.what += " fewer inputs";
    } else if (kind == 2) {
      a.test.inputs.push_back(a.test.inputs.empty() ? Dims{} : any(a.test.inputs));
      a.test.dtypes.push_back(below(2) ? DataType::float32 : DataType::int64);
      a.absent_inputs.push_back(false);
      a.what += " one more input";
    } else if (kind == 3) {
      a.test.outputs = static_cast<int>(below(5));
      a.what += base::str(" outputs:", a.test.outputs);
      a.absent_outputs.assign(static_cast<std::size_t>(a.test.outputs), false);
    } else if (op_.max_outputs != 1 && a.test.outputs > 0) {  // a layer without any output computes nothing
      const int outputs = std::max(a.test.outputs, op_.max_outputs);
      const std::size_t k = below(static_cast<std::size_t>(outputs));
      if (outputs < 2) return;
      a.test.outputs = outputs;
      a.absent_outputs.assign(static_cast<std::size_t>(outputs), false);
      a.absent_outputs[k] = true;
      a.what += base::str(" no output", k, " of ", outputs);
    }
  }

  const graph::Operator& op_;
  const Vocabulary& vocabulary_;
  std::mt19937_64 random_;
};

}  // namespace vireo::testing
