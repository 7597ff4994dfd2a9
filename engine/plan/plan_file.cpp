#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <map>
#include <mutex>
#include <tuple>
#include <unordered_map>

#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/graph/text.h"
#include "engine/ops/table.h"
#include "engine/plan/plan_text.h"

namespace vireo {
namespace {

constexpr char kMagic[8] = {'V', 'I', 'R', 'E', 'O', 'P', 'L', 'N'};
constexpr std::uint32_t kVersion = 5;
constexpr std::size_t kPage = 4096;
constexpr std::size_t kStripped = static_cast<std::size_t>(INT64_MAX);  // the offset of weights that were left out

struct Header {
  char magic[8];
  std::uint32_t version;
  std::uint32_t flags;
  std::uint64_t file_bytes;
  std::uint64_t network_offset, network_bytes;
  std::uint64_t sections_offset, sections_bytes;
  std::uint64_t weights_offset, weights_bytes;
  std::uint64_t packs_offset, packs_bytes;
  std::uint64_t text_checksum;    // network and sections
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

/// The table of the blocks, which lie one after the other.
plan::PackedTable place(const std::vector<std::vector<plan::PackedWeightStore::Block>>& sections, BlockWriter& writer) {
  plan::PackedTable table;
  for (const std::vector<plan::PackedWeightStore::Block>& blocks : sections) {
    std::vector<plan::PackedLine>& lines = table.emplace_back();
    for (const plan::PackedWeightStore::Block& block : blocks)
      lines.push_back({writer.add(block.data.get(), block.bytes), block.bytes, block.checksum, block.key});
  }
  return table;
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
    if (plan::is_stripped(*c)) return kStripped;
    const std::size_t offset = weights.add(c->read(), c->bytes());
    constants.emplace(reinterpret_cast<const char*>(c->data.get()), c);
    return offset;
  });
  std::vector<std::vector<plan::PackedWeightStore::Block>> blocks;
  for (const plan::Section& section : state_->sections) blocks.push_back(section.packs->blocks());
  const std::string sections = plan::sections_text(*state_, place(blocks, packs));
  Header h{};
  std::memcpy(h.magic, kMagic, sizeof kMagic);
  h.version = kVersion;
  h.network_offset = sizeof(Header);
  h.network_bytes = network.size();
  h.sections_offset = h.network_offset + network.size();
  h.sections_bytes = sections.size();
  h.weights_offset = base::align_up(h.sections_offset + sections.size(), kPage);
  h.weights_bytes = weights.size();
  h.packs_offset = base::align_up(h.weights_offset + h.weights_bytes, kPage);
  h.packs_bytes = packs.size();
  h.file_bytes = h.packs_offset + h.packs_bytes;
  h.text_checksum = base::checksum(sections.data(), sections.size(), base::checksum(network.data(), network.size()));
  h.header_checksum = header_checksum(h);
  const std::string padding(kPage, '\0');
  const auto pad = [&](std::uint64_t from, std::uint64_t to) { return std::string_view(padding).substr(0, to - from); };
  std::vector<std::string_view> parts{std::string_view(reinterpret_cast<const char*>(&h), sizeof h), network, sections,
                                      pad(h.sections_offset + sections.size(), h.weights_offset)};
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

namespace {

/// Header and texts are read, not mapped: a file that becomes shorter meanwhile is an error then, not a fault.
Header read_header(const InputFile& file) {
  const std::filesystem::path& path = file.path();
  Header h;
  if (file.read(0, &h, sizeof h) < sizeof h || std::memcmp(h.magic, kMagic, sizeof kMagic) != 0)
    base::fail(ErrorCode::invalid_model, "'", path.string(), "' is not a Vireo plan");
  if (h.version != kVersion)
    base::fail(ErrorCode::unsupported, "plan '", path.string(), "' has version ", h.version, ", this Vireo reads ",
               kVersion, "; build it again");
  if (h.header_checksum != header_checksum(h)) damaged(path, "its header doesn't match its checksum");
  if (h.file_bytes != file.size())
    damaged(path, base::str("it has ", file.size(), " bytes of ", h.file_bytes,
                            file.size() < h.file_bytes ? " (truncated)" : ""));
  const auto inside = [&](std::uint64_t offset, std::uint64_t bytes) {
    return offset <= file.size() && bytes <= file.size() - offset;
  };
  if (!inside(h.network_offset, h.network_bytes) || !inside(h.sections_offset, h.sections_bytes) ||
      !inside(h.weights_offset, h.weights_bytes) || !inside(h.packs_offset, h.packs_bytes))
    damaged(path, "a section lies outside the file");
  if (h.weights_offset % kPage != 0 || h.packs_offset % kPage != 0)
    damaged(path, "a section does not begin where a page does");
  return h;
}

std::string read_section(const InputFile& file, std::uint64_t offset, std::uint64_t bytes) {
  std::string text(static_cast<std::size_t>(bytes), '\0');
  if (file.read(offset, text.data(), text.size()) < text.size()) damaged(file.path(), "it became shorter meanwhile");
  return text;
}

/// Bytes of a section, a line of which behind the block may be read too. Null: it lies outside.
std::shared_ptr<const std::byte> block_of(const base::MappedFile& file, std::uint64_t section,
                                          std::uint64_t section_bytes, std::uint64_t offset, std::uint64_t bytes) {
  const bool inside = offset <= section_bytes && bytes <= section_bytes - offset &&
                      base::kAlignment <= section_bytes - offset - bytes && offset % base::kAlignment == 0;
  if (!inside) return nullptr;
  return {file.data, file.data.get() + section + offset};
}

Plan::State load_state(const std::filesystem::path& path) {
  const InputFile opened(path);
  const Header h = read_header(opened);
  const std::string network = read_section(opened, h.network_offset, h.network_bytes);
  const std::string sections = read_section(opened, h.sections_offset, h.sections_bytes);
  if (h.text_checksum !=
      base::checksum(sections.data(), sections.size(), base::checksum(network.data(), network.size())))
    damaged(path, "the network doesn't match its checksum");
  const base::MappedFile file = base::map_file(opened);

  Plan::State state;
  state.graph = graph::parse_text(network, ops::find_operator,
                                  [&](const std::string& name, DataType dtype, const Dims& dims, std::size_t offset,
                                      std::optional<std::uint64_t> checksum) {
                                    auto constant = std::make_shared<graph::Constant>();
                                    constant->dtype = dtype;
                                    constant->dims = dims;
                                    const std::size_t bytes = constant->bytes();
                                    if (offset != kStripped)
                                      constant->data = block_of(file, h.weights_offset, h.weights_bytes, offset, bytes);
                                    if (!constant->data && offset != kStripped)
                                      damaged(path, base::str("weight '", name, "' lies outside the weights"));
                                    if (!checksum) damaged(path, base::str("weight '", name, "' has no checksum"));
                                    auto seal = std::make_shared<graph::Seal>();
                                    seal->checksum = *checksum;
                                    seal->where =
                                        base::str("plan '", path.string(), "'",
                                                  offset == kStripped ? "" : " is damaged", ": weight '", name, "'");
                                    constant->seal = std::move(seal);
                                    return graph::ConstantPtr(constant);
                                  });
  plan::PackedTable packs;
  plan::parse_sections(sections, state, packs);
  for (std::size_t i = 0; i < packs.size(); ++i)
    for (plan::PackedLine& line : packs[i]) {
      auto data = block_of(file, h.packs_offset, h.packs_bytes, line.offset, line.bytes);
      if (!data) damaged(path, "packed weights lie outside their section");
      state.sections[i].packs->add({std::move(line.key), std::move(data), line.bytes, line.checksum},
                                   base::str("plan '", path.string(), "'"));
    }
  state.file_bytes = file.bytes;
  return state;
}

/// Plans that somebody holds, by file: engines that are loaded from one share its weights and what is made of them.
class Loaded {
 public:
  static Loaded& all() {
    static Loaded loaded;
    return loaded;
  }
  std::shared_ptr<const Plan::State> get(const std::filesystem::path& path) {
    struct stat file {};
    if (stat(path.c_str(), &file) != 0) return plan::finish(load_state(path));  // says what is wrong
    // A file that was written in place has another time of change.
    const Key key{file.st_dev, file.st_ino, file.st_size, file.st_ctim.tv_sec, file.st_ctim.tv_nsec, path.string()};
    const std::lock_guard lock(mutex_);
    std::erase_if(states_, [](const auto& entry) { return entry.second.expired(); });
    if (auto known = states_[key].lock()) return known;
    auto fresh = plan::finish(load_state(path));
    states_[key] = fresh;
    return fresh;
  }

 private:
  using Key = std::tuple<dev_t, ino_t, off_t, time_t, long, std::string>;
  std::mutex mutex_;
  std::map<Key, std::weak_ptr<const Plan::State>> states_;
};

}  // namespace

Plan Plan::load(const std::filesystem::path& path) {
  const std::string title = base::str("'", path.string(), "'");
  try {
    return Plan(Loaded::all().get(path));
  } catch (const Error& error) {
    const std::string what = error.what();
    if (what.find(title) != std::string::npos) throw;
    // Nobody passed an argument: what can't be right stands in the file.
    const bool argument = error.code() == ErrorCode::invalid_argument;
    base::fail(argument ? ErrorCode::invalid_model : error.code(), "plan ", title, ": ", what);
  } catch (const std::bad_alloc&) {
    base::fail(ErrorCode::out_of_memory, "plan ", title, ": not enough memory to load it");
  } catch (const std::exception& error) {
    base::fail(ErrorCode::invalid_model, "plan ", title, " can't be read (", error.what(), "); build it again");
  }
}

bool Plan::is_plan(const std::filesystem::path& path) noexcept {
  try {
    char magic[sizeof kMagic];
    return InputFile(path).read(0, magic, sizeof magic) == sizeof magic &&
           std::memcmp(magic, kMagic, sizeof magic) == 0;
  } catch (...) {
    return false;
  }
}

}  // namespace vireo
