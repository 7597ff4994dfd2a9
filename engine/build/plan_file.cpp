#include <unistd.h>

#include <charconv>
#include <cstring>
#include <unordered_map>

#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/build/plan_state.h"
#include "engine/graph/text.h"
#include "engine/ops/table.h"

namespace vireo {
namespace {

constexpr char kMagic[8] = {'V', 'I', 'R', 'E', 'O', 'P', 'L', 'N'};
constexpr std::uint32_t kVersion = 3;
constexpr std::size_t kPage = 4096;

struct Header {
  char magic[8];
  std::uint32_t version;
  std::uint32_t flags;
  std::uint64_t file_bytes;
  std::uint64_t network_offset, network_bytes;
  std::uint64_t tuning_offset, tuning_bytes;
  std::uint64_t weights_offset, weights_bytes;
  std::uint64_t packs_offset, packs_bytes;
  std::uint64_t text_checksum;    // network and tuning
  std::uint64_t header_checksum;  // this struct with this field zero
  std::uint64_t reserved[3];
};
static_assert(sizeof(Header) == 128);

std::uint64_t header_checksum(Header h) {
  h.header_checksum = 0;
  return base::checksum(&h, sizeof h);
}

/// Blocks laid out behind each other, not copied; equal pointers are stored once. Kernels may read a line behind a
/// block.
class BlockWriter {
 public:
  std::size_t add(const std::byte* data, std::size_t bytes) {
    const auto [it, fresh] = known_.try_emplace(data, size_);
    if (fresh) {
      const std::size_t end = size_ + bytes, next = base::align_up(end + base::kAlignment);
      parts_.emplace_back(reinterpret_cast<const char*>(data), bytes);
      parts_.emplace_back(kZeros, next - end);
      size_ = next;
    }
    return it->second;
  }
  [[nodiscard]] const std::vector<std::string_view>& parts() const { return parts_; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  static constexpr char kZeros[2 * base::kAlignment] = {};
  std::unordered_map<const std::byte*, std::size_t> known_;
  std::vector<std::string_view> parts_;
  std::size_t size_ = 0;
};

std::string packs_text(const std::vector<builder::Packs::Block>& blocks, BlockWriter& writer) {
  std::string text;
  for (const builder::Packs::Block& block : blocks)
    text += base::str("pack ", writer.add(block.data.get(), block.bytes), " ", block.bytes, " ", block.checksum, " ",
                      block.key, "\n");
  return text;
}

std::string tuning_text(const Plan::State& state) {
  std::string text = base::str("exact ", state.exact ? 1 : 0, "\nworkspace ", state.max_workspace, "\n");
  if (state.precision != Precision::fp32) text += base::str("precision ", to_string(state.precision), "\n");
  for (const Profile& profile : state.profiles) {
    text += "profile\n";
    for (const ShapeRange& r : profile) text += base::str("range ", r.min, " ", r.opt, " ", r.max, " ", r.input, "\n");
  }
  for (const LayoutReport& l : state.layouts) {
    text += l.channels_last ? "layout nhwc" : "layout nchw";
    for (const LayoutReport::Side& side : {l.first, l.last})
      text += base::str(" ", side.kernel_ms, " ", side.reorders_ms, side.measured ? " measured" : " predicted");
    text += base::str(" ", l.op, " ", l.layer, "\n");
  }
  for (const auto& [device, choices] : state.choices)
    text += base::str("device ", device, "\n", builder::choices_text(choices));
  return text;
}

Dims parse_dims(std::string_view text) {
  Dims dims;
  if (text == "scalar") return dims;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t stop = std::min(text.find('x', start), text.size());
    std::int64_t extent = 0;
    const auto result = std::from_chars(text.data() + start, text.data() + stop, extent);
    if (result.ec != std::errc() || result.ptr != text.data() + stop)
      base::fail(ErrorCode::invalid_model, "the plan's tuning has the shape '", text, "'");
    dims.push_back(extent);
    start = stop + 1;
  }
  return dims;
}

/// Offset, bytes, checksum, key.
struct PackLine {
  std::uint64_t numbers[3] = {};
  std::string key;
};
PackLine parse_pack(std::string_view text) {
  PackLine line;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (std::uint64_t& number : line.numbers) {
    const auto result = std::from_chars(at, end, number);
    if (result.ec != std::errc() || result.ptr == end || *result.ptr != ' ')
      base::fail(ErrorCode::invalid_model, "the plan's packed weights have the line '", text, "'");
    at = result.ptr + 1;
  }
  line.key.assign(at, end);
  return line;
}

/// The next word; the rest of the line stays.
std::string_view take_word(std::string_view& line) {
  const std::size_t space = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, space);
  line.remove_prefix(std::min(space + 1, line.size()));
  return word;
}

LayoutReport parse_layout(const std::string_view text) {
  LayoutReport report;
  std::string_view rest = text;
  const std::string_view layout = take_word(rest);
  bool fits = layout == "nhwc" || layout == "nchw";
  report.channels_last = layout == "nhwc";
  for (LayoutReport::Side* side : {&report.first, &report.last}) {
    for (double* ms : {&side->kernel_ms, &side->reorders_ms}) {
      const std::string_view number = take_word(rest);
      const auto result = std::from_chars(number.data(), number.data() + number.size(), *ms);
      fits = fits && result.ec == std::errc() && result.ptr == number.data() + number.size();
    }
    const std::string_view source = take_word(rest);
    fits = fits && (source == "measured" || source == "predicted");
    side->measured = source == "measured";
  }
  report.op = take_word(rest);
  report.layer = rest;
  if (!fits || report.op.empty()) base::fail(ErrorCode::invalid_model, "the plan's layouts have the line '", text, "'");
  return report;
}

void parse_tuning(std::string_view text, Plan::State& state, std::vector<PackLine>& packs) {
  std::string device, lines;
  const auto flush = [&] {
    if (!device.empty()) state.choices[device] = builder::parse_choices(lines);
    lines.clear();
  };
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t stop = std::min(text.find('\n', start), text.size());
    const std::string_view line = text.substr(start, stop - start);
    start = stop + 1;
    const std::size_t space = line.find(' ');
    const std::string_view word = line.substr(0, space);
    const std::string_view rest = space == std::string_view::npos ? std::string_view() : line.substr(space + 1);
    if (word == "exact") state.exact = rest == "1";
    else if (word == "precision") {
      if (rest != to_string(Precision::bf16))
        base::fail(ErrorCode::invalid_model, "the plan's tuning has the precision '", rest, "'");
      state.precision = Precision::bf16;
    } else if (word == "workspace") std::from_chars(rest.data(), rest.data() + rest.size(), state.max_workspace);
    else if (word == "pack") packs.push_back(parse_pack(rest));
    else if (word == "layout") state.layouts.push_back(parse_layout(rest));
    else if (word == "profile") state.profiles.emplace_back();
    else if (word == "range" && !state.profiles.empty()) {
      const std::size_t a = rest.find(' '), b = rest.find(' ', a + 1), c = rest.find(' ', b + 1);
      if (c == std::string_view::npos)
        base::fail(ErrorCode::invalid_model, "the plan's tuning has the line '", line, "'");
      state.profiles.back().push_back({std::string(rest.substr(c + 1)), parse_dims(rest.substr(0, a)),
                                       parse_dims(rest.substr(a + 1, b - a - 1)),
                                       parse_dims(rest.substr(b + 1, c - b - 1))});
    } else if (word == "device") {
      flush();
      device = rest;
    } else {
      lines += line;
      lines += '\n';
    }
  }
  flush();
}

[[noreturn]] void damaged(const std::filesystem::path& path, std::string_view what) {
  base::fail(ErrorCode::invalid_model, "plan '", path.string(), "' is damaged: ", what, "; build it again");
}

}  // namespace

void Plan::save(const std::filesystem::path& path) const {
  if (!state_) base::fail(ErrorCode::invalid_argument, "an empty plan can't be saved");
  BlockWriter weights, packs;
  std::map<const char*, graph::ConstantPtr> constants;
  const std::string network = graph::dump_text(state_->graph, [&](const graph::ConstantPtr& c) {
    const std::size_t offset = weights.add(c->read(), c->bytes());
    constants.emplace(reinterpret_cast<const char*>(c->data.get()), c);
    return offset;
  });
  const std::vector<builder::Packs::Block> blocks = state_->packs->blocks();
  const std::string tuning = packs_text(blocks, packs) + tuning_text(*state_);
  Header h{};
  std::memcpy(h.magic, kMagic, sizeof kMagic);
  h.version = kVersion;
  h.network_offset = sizeof(Header);
  h.network_bytes = network.size();
  h.tuning_offset = h.network_offset + network.size();
  h.tuning_bytes = tuning.size();
  h.weights_offset = base::align_up(h.tuning_offset + tuning.size(), kPage);
  h.weights_bytes = weights.size();
  h.packs_offset = base::align_up(h.weights_offset + h.weights_bytes, kPage);
  h.packs_bytes = packs.size();
  h.file_bytes = h.packs_offset + h.packs_bytes;
  h.text_checksum = base::checksum(tuning.data(), tuning.size(), base::checksum(network.data(), network.size()));
  h.header_checksum = header_checksum(h);
  const std::string padding(kPage, '\0');
  const auto pad = [&](std::uint64_t from, std::uint64_t to) { return std::string_view(padding).substr(0, to - from); };
  std::vector<std::string_view> parts{std::string_view(reinterpret_cast<const char*>(&h), sizeof h), network, tuning,
                                      pad(h.tuning_offset + tuning.size(), h.weights_offset)};
  parts.insert(parts.end(), weights.parts().begin(), weights.parts().end());
  parts.push_back(pad(h.weights_offset + h.weights_bytes, h.packs_offset));
  parts.insert(parts.end(), packs.parts().begin(), packs.parts().end());
  base::write_file_atomically(path, parts, [&](std::string_view part) {
    // Weights that lie in a file need not stay in memory because they were copied.
    auto it = constants.upper_bound(part.data());
    if (it == constants.begin()) return;
    const graph::Constant& c = *(--it)->second;
    if (c.seal && part.data() < it->first + c.bytes())
      base::leave_memory(reinterpret_cast<const std::byte*>(part.data()), part.size());
  });
}

Plan Plan::load(const std::filesystem::path& path) {
  const base::MappedFile file = base::map_file(path);
  Header h;
  if (file.bytes < sizeof h || std::memcmp(file.data.get(), kMagic, sizeof kMagic) != 0)
    base::fail(ErrorCode::invalid_model, "'", path.string(), "' is not a Vireo plan");
  std::memcpy(&h, file.data.get(), sizeof h);
  if (h.version != kVersion)
    base::fail(ErrorCode::unsupported, "plan '", path.string(), "' has version ", h.version, ", this Vireo reads ",
               kVersion, "; build it again");
  if (h.header_checksum != header_checksum(h)) damaged(path, "its header doesn't match its checksum");
  if (h.file_bytes != file.bytes)
    damaged(path, base::str("it has ", file.bytes, " bytes of ", h.file_bytes,
                            file.bytes < h.file_bytes ? " (truncated)" : ""));
  const auto inside = [&](std::uint64_t offset, std::uint64_t bytes) {
    return offset <= file.bytes && bytes <= file.bytes - offset;
  };
  if (!inside(h.network_offset, h.network_bytes) || !inside(h.tuning_offset, h.tuning_bytes) ||
      !inside(h.weights_offset, h.weights_bytes) || !inside(h.packs_offset, h.packs_bytes))
    damaged(path, "a section lies outside the file");
  const auto* bytes = reinterpret_cast<const char*>(file.data.get());
  const std::string_view network(bytes + h.network_offset, h.network_bytes),
      tuning(bytes + h.tuning_offset, h.tuning_bytes);
  if (h.text_checksum != base::checksum(tuning.data(), tuning.size(), base::checksum(network.data(), network.size())))
    damaged(path, "the network doesn't match its checksum");
  const std::byte* weights = file.data.get() + h.weights_offset;

  State state;
  state.graph = graph::parse_text(
      network, ops::find_operator,
      [&](const std::string& name, DataType dtype, const Dims& dims, std::size_t offset,
          std::optional<std::uint64_t> checksum) {
        auto constant = std::make_shared<graph::Constant>();
        constant->dtype = dtype;
        constant->dims = dims;
        const std::size_t size = constant->bytes();
        if (offset > h.weights_bytes || size > h.weights_bytes - offset || offset % base::kAlignment != 0)
          damaged(path, "a weight lies outside the weights");
        constant->data = std::shared_ptr<const std::byte>(file.data, weights + offset);
        auto seal = std::make_shared<graph::Seal>();
        if (!checksum) damaged(path, "a weight has no checksum");
        seal->checksum = *checksum;
        seal->where = base::str("plan '", path.string(), "' is damaged: weight '", name, "'");
        constant->seal = std::move(seal);
        return graph::ConstantPtr(constant);
      });
  std::vector<PackLine> packs;
  parse_tuning(tuning, state, packs);
  const std::byte* packed = file.data.get() + h.packs_offset;
  for (PackLine& line : packs) {
    const auto [offset, size, checksum] = line.numbers;
    if (offset > h.packs_bytes || size > h.packs_bytes - offset || offset % base::kAlignment != 0)
      damaged(path, "packed weights lie outside their section");
    state.packs->add(
        {std::move(line.key), std::shared_ptr<const std::byte>(file.data, packed + offset), size, checksum},
        base::str("plan '", path.string(), "'"));
  }
  state.file_bytes = file.bytes;
  return Plan(builder::finish(std::move(state)));
}

bool Plan::is_plan(const std::filesystem::path& path) noexcept {
  try {
    const base::MappedFile file = base::map_file(path);
    return file.bytes >= sizeof kMagic && std::memcmp(file.data.get(), kMagic, sizeof kMagic) == 0;
  } catch (...) {
    return false;
  }
}

std::vector<TensorInfo> Plan::inputs() const { return state_->inputs; }
std::vector<TensorInfo> Plan::outputs() const { return state_->outputs; }
const std::map<std::string, std::string>& Plan::metadata() const { return state_->graph.metadata; }
std::uint64_t Plan::bytes() const noexcept { return state_->file_bytes; }

namespace builder {

std::shared_ptr<const Plan::State> finish(Plan::State state) {
  state.inputs = input_info(state.graph);
  state.outputs = output_info(state.graph);
  return std::make_shared<const Plan::State>(std::move(state));
}

CompileOptions options_of(const Plan::State& plan, int workers) {
  CompileOptions options;
  options.workers = workers;
  options.exact = plan.exact;
  options.precision = plan.precision;
  options.max_workspace = plan.max_workspace;
  options.packs = plan.packs.get();
  const auto tuned = plan.choices.find(cpu_fingerprint());
  if (tuned != plan.choices.end()) options.choices = &tuned->second;
  return options;
}

std::string cpu_fingerprint() {
  std::string text = base::cpu_name();
  for (const std::string& feature : base::feature_names(base::cpu_features())) text += " " + feature;
  for (const std::string& tactic : base::forced_tactics()) text += " forced:" + tactic;
  return text;
}

namespace {
TensorInfo info(const graph::Tensor& t, std::string name) {
  TensorInfo out{std::move(name), t.dtype, t.dims, t.symbols};
  out.symbols.resize(t.dims.size());
  return out;
}
}  // namespace

std::vector<TensorInfo> input_info(const graph::Graph& g) {
  std::vector<TensorInfo> list;
  for (graph::TensorId id : g.inputs()) list.push_back(info(g.tensor(id), g.tensor(id).name));
  return list;
}

std::vector<TensorInfo> output_info(const graph::Graph& g) {
  std::vector<TensorInfo> list;
  for (const graph::Graph::Output& output : g.outputs()) list.push_back(info(g.tensor(output.tensor), output.name));
  return list;
}

std::string choices_text(const Choices& choices) {
  std::string text;
  for (const auto& [key, choice] : choices) {
    text += base::str("choice ", choice.seconds, " ", choice.tactic, " ", key, "\n");
    for (const auto& [tactic, seconds] : choice.beside) text += base::str("beside ", seconds, " ", tactic, "\n");
  }
  return text;
}

Choices parse_choices(std::string_view text) {
  Choices choices;
  Choice* last = nullptr;
  int number = 0;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t stop = std::min(text.find('\n', start), text.size());
    const std::string_view line = text.substr(start, stop - start);
    start = stop + 1;
    ++number;
    if (line.empty()) continue;
    const std::size_t a = line.find(' '), b = line.find(' ', a + 1), c = line.find(' ', b + 1);
    double seconds = 0;
    if (last && b != std::string_view::npos && line.substr(0, a) == "beside" &&
        std::from_chars(line.data() + a + 1, line.data() + b, seconds).ec == std::errc()) {
      last->beside.emplace_back(line.substr(b + 1), seconds);
      continue;
    }
    if (c == std::string_view::npos || line.substr(0, a) != "choice" ||
        std::from_chars(line.data() + a + 1, line.data() + b, seconds).ec != std::errc())
      base::fail(ErrorCode::invalid_model, "timings, line ", number,
                 ": expected 'choice SECONDS TACTIC PROBLEM' or, behind one, 'beside SECONDS TACTIC', found '",
                 line.substr(0, 80), "'");
    last = &(choices[std::string(line.substr(c + 1))] = {std::string(line.substr(b + 1, c - b - 1)), seconds});
  }
  return choices;
}

}  // namespace builder
}  // namespace vireo
