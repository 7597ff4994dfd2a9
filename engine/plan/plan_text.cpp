#include "engine/plan/plan_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <type_traits>
#include <utility>

#include "engine/base/text.h"
#include "engine/graph/text.h"

namespace vireo::plan {
namespace {

using base::str;

std::string in_quotes(std::string_view text) {
  std::string out;
  graph::append_quoted(out, text);
  return out;
}

/// The text itself where it is the rest of a line that reads back, in quotes otherwise.
std::string rest_of_line(const std::string& text) {
  const bool control =
      std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  return control || text.empty() || text.front() == '"' ? in_quotes(text) : text;
}

/// Reads one line from left to right; what does not fit names it.
class Line {
 public:
  Line(std::string_view section, std::string_view text, int number)
      : section_(section), text_(text), rest_(text), number_(number) {}

  [[noreturn]] void fail(std::string_view expected) const {
    base::fail(ErrorCode::invalid_model, section_, ", line ", number_, ": expected ", expected, ", found '",
               text_.substr(0, 80), "'");
  }
  std::string_view word() {
    const std::size_t space = std::min(rest_.find(' '), rest_.size());
    const std::string_view word = rest_.substr(0, space);
    rest_.remove_prefix(std::min(space + 1, rest_.size()));
    return word;
  }
  template <typename T>
  T number(std::string_view expected) {
    const std::string_view text = word();
    T value{};
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    if (result.ec != std::errc() || result.ptr != text.data() + text.size()) fail(expected);
    if constexpr (std::is_floating_point_v<T>)
      if (std::isnan(value)) fail(expected);  // it would win or lose every contest
    return value;
  }
  Dims dims(std::string_view expected) {
    std::string_view text = word();
    Dims dims;
    if (text == "scalar") return dims;
    for (;;) {
      std::int64_t extent = 0;
      const auto result = std::from_chars(text.data(), text.data() + text.size(), extent);
      if (result.ec != std::errc() || extent < 0) fail(expected);
      dims.push_back(extent);
      text.remove_prefix(static_cast<std::size_t>(result.ptr - text.data()));
      if (text.empty()) return dims;
      if (text.front() != 'x') fail(expected);
      text.remove_prefix(1);
    }
  }
  std::string last_quoted(std::string_view expected) {
    std::optional<std::string> text = graph::take_quoted(rest_);
    if (!text || !rest_.empty()) fail(expected);
    return *std::move(text);
  }
  /// The rest of the line, in quotes or not.
  std::string last(std::string_view expected) {
    if (rest_.empty()) fail(expected);
    return rest_.front() == '"' ? last_quoted(expected) : std::string(std::exchange(rest_, {}));
  }
  void end(std::string_view expected) const {
    if (!rest_.empty()) fail(expected);
  }

 private:
  std::string_view section_, text_, rest_;
  int number_;
};

template <typename Visit>
void each_line(std::string_view section, std::string_view text, int first_line, const Visit& visit) {
  int number = first_line - 1;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t stop = std::min(text.find('\n', start), text.size());
    Line line(section, text.substr(start, stop - start), ++number);
    if (stop > start) visit(line);
    start = stop + 1;
  }
}

/// The lines of choices, in order.
class ChoiceReader {
 public:
  explicit ChoiceReader(Choices& choices) : choices_(&choices) {}
  void read(std::string_view word, Line& line) {
    constexpr std::string_view kExpected = "'choice SECONDS TACTIC PROBLEM' or, after one, 'beside SECONDS TACTIC'";
    if (word != "choice" && (word != "beside" || !last_)) line.fail(kExpected);
    const auto seconds = line.number<double>(kExpected);
    if (word == "beside") {
      last_->beside.emplace_back(line.last(kExpected), seconds);
      return;
    }
    std::string tactic(line.word());
    if (tactic.empty()) line.fail(kExpected);
    last_ = &((*choices_)[line.last(kExpected)] = {std::move(tactic), seconds});
  }

 private:
  Choices* choices_;
  Choice* last_ = nullptr;
};

LayoutReport parse_layout(Line& line) {
  constexpr std::string_view kExpected =
      "'layout nhwc|nchw MS MS measured|predicted MS MS measured|predicted OPERATOR \"layer\"'";
  LayoutReport report;
  const std::string_view layout = line.word();
  if (layout != "nhwc" && layout != "nchw") line.fail(kExpected);
  report.channels_last = layout == "nhwc";
  for (LayoutReport::Side* side : {&report.first, &report.last}) {
    side->kernel_ms = line.number<double>(kExpected);
    side->reorders_ms = line.number<double>(kExpected);
    const std::string_view source = line.word();
    if (source != "measured" && source != "predicted") line.fail(kExpected);
    side->measured = source == "measured";
  }
  report.op = line.word();
  report.layer = line.last_quoted(kExpected);
  if (report.op.empty()) line.fail(kExpected);
  return report;
}

bool parse_bool(Line& line) {
  const auto value = line.number<int>("0 or 1");
  if (value != 0 && value != 1) line.fail("0 or 1");
  line.end("the end of the line");
  return value == 1;
}

/// What concerns the whole plan. False: some other word.
bool parse_common(std::string_view word, Line& line, Plan::State& state) {
  if (word == "without") {
    state.disabled_passes.push_back(line.last_quoted("'without \"pass\"'"));
  } else if (word == "profile") {
    line.end("the end of the line");
    state.profiles.emplace_back();
  } else if (word == "range") {
    constexpr std::string_view kExpected = "'range MIN OPT MAX \"input\"' after a profile";
    if (state.profiles.empty()) line.fail(kExpected);
    ShapeRange range;
    for (Dims* dims : {&range.min, &range.opt, &range.max}) *dims = line.dims(kExpected);
    range.input = line.last_quoted(kExpected);
    state.profiles.back().push_back(std::move(range));
  } else {
    return false;
  }
  return true;
}

/// What belongs to one section, but for its choices. False: some other word.
bool parse_setting(std::string_view word, Line& line, Section& section, std::vector<PackedLine>& packs) {
  if (word == "device") {
    section.device = line.last_quoted("'device \"name\"'");
  } else if (word == "workers") {
    section.workers = line.number<int>("a number of workers");
    if (section.workers < 0) line.fail("a number of workers");
    line.end("the end of the line");
  } else if (word == "exact") {
    section.exact = parse_bool(line);
  } else if (word == "workspace") {
    section.max_workspace = line.number<std::uint64_t>("a number of bytes");
    line.end("the end of the line");
  } else if (word == "precision") {
    const std::string_view word_of = line.word();
    if (word_of == to_string(Precision::bf16)) section.precision = Precision::bf16;
    else if (word_of == to_string(Precision::fp16)) section.precision = Precision::fp16;
    else line.fail("precision bf16 or fp16");
    line.end("the end of the line");
  } else if (word == "format") {
    constexpr std::string_view kExpected = "'format NAME PLACE \"layer\"'";
    FormatMark mark;
    mark.format = line.word();
    mark.layer = line.number<std::int32_t>(kExpected);
    mark.name = line.last_quoted(kExpected);
    if (mark.layer < 0) line.fail(kExpected);
    section.formats.push_back(std::move(mark));
  } else if (word == "layout") {
    section.layouts.push_back(parse_layout(line));
  } else if (word == "pack") {
    constexpr std::string_view kExpected = "'pack OFFSET BYTES CHECKSUM \"key\"'";
    PackedLine pack;
    for (std::uint64_t* number : {&pack.offset, &pack.bytes, &pack.checksum})
      *number = line.number<std::uint64_t>(kExpected);
    pack.key = line.last_quoted(kExpected);
    packs.push_back(std::move(pack));
  } else {
    return false;
  }
  return true;
}

std::string section_text(const Section& section, const std::vector<PackedLine>& packs) {
  std::string text =
      str("section ", in_quotes(section.fingerprint), "\ndevice ", in_quotes(section.device), "\nworkers ",
          section.workers, "\nexact ", section.exact ? 1 : 0, "\nworkspace ", section.max_workspace, "\n");
  if (section.precision != Precision::fp32) text += str("precision ", to_string(section.precision), "\n");
  for (const FormatMark& mark : section.formats)
    text += str("format ", mark.format, " ", mark.layer, " ", in_quotes(mark.name), "\n");
  for (const LayoutReport& l : section.layouts) {
    text += l.channels_last ? "layout nhwc" : "layout nchw";
    for (const LayoutReport::Side& side : {l.first, l.last})
      text += str(" ", side.kernel_ms, " ", side.reorders_ms, side.measured ? " measured" : " predicted");
    text += str(" ", l.op, " ", in_quotes(l.layer), "\n");
  }
  for (const PackedLine& pack : packs)
    text += str("pack ", pack.offset, " ", pack.bytes, " ", pack.checksum, " ", in_quotes(pack.key), "\n");
  return text + choices_text(section.choices);
}

}  // namespace

std::string sections_text(const Plan::State& state, const PackedTable& packs) {
  std::string text;
  for (const std::string& pass : state.disabled_passes) text += str("without ", in_quotes(pass), "\n");
  for (const Profile& profile : state.profiles) {
    text += "profile\n";
    for (const ShapeRange& r : profile)
      text += str("range ", r.min, " ", r.opt, " ", r.max, " ", in_quotes(r.input), "\n");
  }
  for (std::size_t i = 0; i < state.sections.size(); ++i) text += section_text(state.sections[i], packs[i]);
  return text;
}

void parse_sections(std::string_view text, Plan::State& state, PackedTable& packs) {
  std::optional<ChoiceReader> choices;
  each_line("the plan's sections", text, 1, [&](Line& line) {
    const std::string_view word = line.word();
    if (word == "section") {
      Section section;
      section.fingerprint = line.last_quoted("'section \"fingerprint\"'");
      state.sections.push_back(std::move(section));
      packs.emplace_back();
      choices.emplace(state.sections.back().choices);
    } else if (state.sections.empty()) {
      if (!parse_common(word, line, state)) line.fail("a pass, a profile or a section");
    } else if (!parse_setting(word, line, state.sections.back(), packs.back())) {
      choices->read(word, line);
    }
  });
}

std::string choices_text(const Choices& choices) {
  std::string text;
  for (const auto& [key, choice] : choices) {
    text += str("choice ", choice.seconds, " ", choice.tactic, " ", rest_of_line(key), "\n");
    for (const auto& [tactic, seconds] : choice.beside)
      text += str("beside ", seconds, " ", rest_of_line(tactic), "\n");
  }
  return text;
}

Choices parse_choices(std::string_view text, int first_line) {
  Choices choices;
  ChoiceReader reader(choices);
  each_line("timings", text, first_line + 1, [&](Line& line) {
    const std::string_view word = line.word();
    reader.read(word, line);
  });
  return choices;
}

}  // namespace vireo::plan
