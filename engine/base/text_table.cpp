// The texts of string tensors (engine/api/text.h). Entries never move and are never removed, so that a text is found by
// its id without a lock; finding an id takes a shared lock, a new text an exclusive one.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

#include "engine/api/text.h"
#include "engine/base/text.h"

namespace vireo {
namespace {

class Table {
 public:
  std::uint64_t id(std::string_view text) {
    if (text.empty()) return 0;
    {
      const std::shared_lock lock(mutex_);
      if (const auto known = ids_.find(text); known != ids_.end()) return known->second;
    }
    const std::unique_lock lock(mutex_);
    if (const auto known = ids_.find(text); known != ids_.end()) return known->second;
    return add(text);
  }

  std::string_view text(std::uint64_t id) const {
    if (id == 0) return {};
    if (id >= count_.load(std::memory_order_acquire))
      base::fail(ErrorCode::invalid_argument, "a string tensor holds ", id,
                 ", which is no id of a text in this process (vireo::text_id gives them)");
    return chunks_[id / kChunk].load(std::memory_order_relaxed)[id % kChunk];
  }

  [[nodiscard]] TextTableUse use() const noexcept {
    return {count_.load(std::memory_order_acquire), bytes_.load(std::memory_order_relaxed),
            limit_.load(std::memory_order_relaxed)};
  }
  void limit(std::uint64_t bytes) noexcept { limit_.store(bytes, std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kChunk = 4096, kChunks = 65536;  // 2^28 texts
  static constexpr std::uint64_t kEntry = 64;                   // what an entry costs beside its bytes, about
  static constexpr std::size_t kBlock = std::size_t{64} << 10;

  std::uint64_t add(std::string_view text) {
    const std::uint64_t id = count_.load(std::memory_order_relaxed);
    const std::uint64_t bytes = bytes_.load(std::memory_order_relaxed) + text.size() + kEntry;
    const std::uint64_t limit = limit_.load(std::memory_order_relaxed);
    if (bytes > limit || id >= kChunk * kChunks)
      base::fail(ErrorCode::out_of_memory, "the table of texts is full: ", id, " texts; with another one ",
                 base::human_bytes(static_cast<double>(bytes)), " of ", base::human_bytes(static_cast<double>(limit)),
                 "; vireo::text_table_limit allows more, and a network that makes new texts without end needs its "
                 "process restarted at times");
    std::unique_ptr<std::string_view[]> fresh;
    if (id % kChunk == 0 || !chunks_[id / kChunk].load(std::memory_order_relaxed))
      fresh = std::make_unique<std::string_view[]>(kChunk);
    const std::string_view kept = keep(text);
    if (fresh) {
      owned_.push_back(std::move(fresh));
      chunks_[id / kChunk].store(owned_.back().get(), std::memory_order_relaxed);
    }
    ids_.emplace(kept, id);
    chunks_[id / kChunk].load(std::memory_order_relaxed)[id % kChunk] = kept;
    bytes_.store(bytes, std::memory_order_relaxed);
    count_.store(id + 1, std::memory_order_release);
    return id;
  }
  std::string_view keep(std::string_view text) {
    if (text.size() > left_) {
      const std::size_t block = std::max(text.size(), kBlock);
      blocks_.push_back(std::make_unique<char[]>(block));
      at_ = blocks_.back().get();
      left_ = block;
    }
    std::memcpy(at_, text.data(), text.size());
    const std::string_view kept(at_, text.size());
    at_ += text.size();
    left_ -= text.size();
    return kept;
  }

  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string_view, std::uint64_t> ids_;
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::vector<std::unique_ptr<std::string_view[]>> owned_;
  char* at_ = nullptr;
  std::size_t left_ = 0;
  std::array<std::atomic<std::string_view*>, kChunks> chunks_{};
  std::atomic<std::uint64_t> count_{1}, bytes_{0}, limit_{std::uint64_t{1} << 30};  // 0 is the empty text
};

/// Never destroyed: texts may be asked for while a program ends.
Table& table() {
  static Table* const kTable = new Table;
  return *kTable;
}

}  // namespace

std::uint64_t text_id(std::string_view text) { return table().id(text); }
std::string_view text_of(std::uint64_t id) { return table().text(id); }
TextTableUse text_table_use() noexcept { return table().use(); }
void text_table_limit(std::uint64_t max_bytes) noexcept { table().limit(max_bytes); }

}  // namespace vireo
