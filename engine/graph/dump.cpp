#include <algorithm>
#include <charconv>
#include <cinttypes>
#include <cstdio>

#include "engine/api/text.h"
#include "engine/base/text.h"
#include "engine/graph/operator.h"
#include "engine/graph/text.h"

namespace vireo::graph {
namespace {

constexpr std::int64_t kInlineLimit = 32;  // elements

template <typename T>
void list(std::string& out, const std::vector<T>& values) {
  out += '[';
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i) out += ", ";
    base::append(out, values[i]);
    // A list of reals keeps a decimal point somewhere, so that reading it back gives reals.
    if constexpr (std::is_floating_point_v<T>)
      if (i == 0 && out.find_first_of(".en", out.rfind('[')) == std::string::npos) out += ".0";
  }
  out += ']';
}

void value(std::string& out, const AttributeValue& attribute) {
  if (const auto* integer = std::get_if<std::int64_t>(&attribute)) base::append(out, *integer);
  else if (const auto* real = std::get_if<double>(&attribute)) {
    const std::size_t start = out.size();
    base::append(out, *real);
    if (out.find_first_of(".en", start) == std::string::npos) out += ".0";
  } else if (const auto* text = std::get_if<std::string>(&attribute)) append_quoted(out, *text);
  else if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&attribute)) list(out, *integers);
  else if (const auto* reals = std::get_if<std::vector<double>>(&attribute)) {
    if (reals->empty()) out += "[.]";
    else list(out, *reals);
  }
}

bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

/// Texts always are: ids are of a process.
bool inlined(const Constant& c) {
  if (c.dtype == DataType::string) return true;
  const bool integral = is_integer(c.dtype) || c.dtype == DataType::boolean;
  return c.count() <= kInlineLimit && (integral || c.dtype == DataType::float32 || c.dtype == DataType::float64);
}

void constant(std::string& out, const Tensor& t, const StoreConstant& store) {
  out += "const ";
  append_quoted(out, t.name);
  out += base::str(" ", t.dtype, " ", t.dims);
  if (inlined(*t.constant)) {
    out += " =";
    if (t.dtype == DataType::string)
      for (std::int64_t i = 0; i < t.constant->count(); ++i) {
        out += ' ';
        append_quoted(out, text_of(t.constant->as<std::uint64_t>()[i]));
      }
    else if (is_float(t.dtype))
      for (double v : to_reals(*t.constant)) {
        out += ' ';
        if (t.dtype == DataType::float32) {
          char text[32];  // the shortest that reads back, whatever the locale
          out.append(text, std::to_chars(text, text + sizeof text, static_cast<float>(v)).ptr);
        } else base::append(out, v);
      }
    else
      for (std::int64_t v : to_integers(*t.constant)) out += base::str(" ", v);
  } else if (store) {
    char checksum[20];
    std::snprintf(checksum, sizeof checksum, " %016" PRIx64, t.constant->checksum());
    out += base::str(" @", store(t.constant), checksum);
  } else {
    out += " @?";
  }
  out += '\n';
}

std::string type_of(const Tensor& t) { return t.ranked ? base::str(t.dtype, " ", t.dims) : std::string("unknown"); }

}  // namespace

void append_quoted(std::string& out, std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') (out += '\\') += c;
    else if (c == '\n') out += "\\n";
    else if (byte < 0x20 || byte == 0x7f) ((out += "\\x") += kDigits[byte >> 4]) += kDigits[byte & 15];
    else out += c;
  }
  out += '"';
}

std::string dump_text(const Graph& graph, const StoreConstant& store) {
  std::string out = "graph ";
  append_quoted(out, graph.name);
  out += '\n';
  for (const auto& [key, text] : graph.metadata) {
    out += "meta ";
    append_quoted(out, key);
    out += ' ';
    append_quoted(out, text);
    out += '\n';
  }
  for (TensorId id : graph.inputs()) {
    const Tensor& t = graph.tensor(id);
    out += "input ";
    append_quoted(out, t.name);
    out += base::str(" ", t.dtype, " ", t.ranked ? to_string(t.dims) : "any");
    bool named = false;
    for (const std::string& symbol : t.symbols) named |= !symbol.empty();
    if (named)
      for (const std::string& symbol : t.symbols) {
        out += ' ';
        append_quoted(out, symbol);
      }
    out += '\n';
  }
  for (TensorId id = 0; id < graph.tensor_count(); ++id) {
    const Tensor& t = graph.tensor(id);
    if (t.constant && (!t.consumers.empty() || graph.is_output(id))) constant(out, t, store);
  }
  for (LayerId id : graph.topological_order()) {
    const Layer& l = graph.layer(id);
    for (std::size_t k = 0; k < l.outputs.size(); ++k) {
      if (k) out += ", ";
      if (l.outputs[k] == kNone) out += '-';
      else append_quoted(out, graph.tensor(l.outputs[k]).name);
    }
    out += base::str(" = ", l.op->name, "(");
    for (std::size_t k = 0; k < l.inputs.size(); ++k) {
      if (k) out += ", ";
      if (l.inputs[k] == kNone) out += '-';
      else append_quoted(out, graph.tensor(l.inputs[k]).name);
    }
    out += ')';
    if (!l.attributes.all().empty()) {
      out += " {";
      bool first = true;
      for (const auto& [key, attribute] : l.attributes.all()) {
        if (!first) out += ", ";
        first = false;
        if (is_word(key)) out += key;
        else append_quoted(out, key);
        out += '=';
        value(out, attribute);
      }
      out += '}';
    }
    out += ' ';
    append_quoted(out, l.name);
    out += "  #";
    for (TensorId output : l.outputs) out += output == kNone ? " -" : " " + type_of(graph.tensor(output));
    out += '\n';
  }
  for (const Graph::Output& output : graph.outputs()) {
    out += "output ";
    append_quoted(out, graph.tensor(output.tensor).name);
    out += ' ';
    append_quoted(out, output.name);
    out += '\n';
  }
  return out;
}

std::string Graph::dump() const { return dump_text(*this); }

}  // namespace vireo::graph
