#pragma once
// The packed weights of a plan: blocks from its file, and blocks that were made because the file has none for this
// processor or these shapes. One for each plan, shared by all engines that run it; any thread.

#include <map>
#include <mutex>
#include <vector>

#include "engine/graph/packed_weights.h"

namespace vireo::plan {

class PackedWeightStore final : public graph::PackedWeights {
 public:
  struct Block {
    std::string key;
    std::shared_ptr<const std::byte> data;
    std::size_t bytes = 0;
    std::uint64_t checksum = 0;
  };

  /// A block of a file, whose bytes nobody has checked. `where` names the file in errors.
  void add(Block block, std::string where);
  /// Checks the blocks of the file on so many threads, instead of one by one when they're asked for. Throws like get().
  void check(int threads);
  /// Whether blocks made from now on stay with the plan, or go with the last launch that uses them.
  void keep(bool yes);
  /// Every block of the file and every kept one, with checksums, by key.
  [[nodiscard]] std::vector<Block> blocks() const;

  std::shared_ptr<const std::byte> get(const std::string& key, std::size_t bytes,
                                       const graph::FillPacked& fill) override;

 private:
  struct Entry {
    std::shared_ptr<const std::byte> data;  ///< null: not kept
    std::weak_ptr<const std::byte> made;
    std::size_t bytes = 0;
    std::uint64_t checksum = 0;  ///< of a file's block
    bool checked = true;
  };
  [[noreturn]] void altered(const std::string& key) const;

  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::string where_;
  bool keep_ = false;
};

}  // namespace vireo::plan
