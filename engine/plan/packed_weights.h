#pragma once
// The packed weights of a plan: blocks from its file, and blocks that were made because the file has none for this
// processor or these shapes. One for each section, shared by all engines that run it; any thread. Different blocks are
// made and checked at the same time.

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
  /// Which blocks stay with the plan: small ones, which hold what took time to find out (measured errors), or all. All
  /// others go with the last launch that uses them.
  enum class Keep { none, small, all };
  static constexpr std::size_t kSmall = 4096;  ///< bytes

  /// A block of a file, whose bytes nobody has checked. `where` names the file in errors.
  void add(Block block, std::string where);
  /// For blocks made from now on.
  void keep(Keep which);
  /// Every block of the file and every kept one, with checksums, by key.
  [[nodiscard]] std::vector<Block> blocks() const;

  std::shared_ptr<const std::byte> get(const std::string& key, std::size_t bytes,
                                       const graph::FillPacked& fill) override;
  /// A block that exists, checked; nothing where there is none.
  [[nodiscard]] Block find(const std::string& key);
  /// A block that stays with the plan, whatever its size.
  void put(const std::string& key, std::shared_ptr<const std::byte> data, std::size_t bytes);
  [[nodiscard]] bool keeps() const;

 private:
  struct Slot {
    std::mutex mutex;
    std::shared_ptr<const std::byte> data;  ///< null: not kept
    std::weak_ptr<const std::byte> made;
    std::size_t bytes = 0;
    std::uint64_t checksum = 0;  ///< of a file's block
    bool checked = true;
  };

  void check(const std::string& key, Slot& slot) const;

  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Slot>, std::less<>> slots_;
  std::string where_;
  Keep keep_ = Keep::none;
};

}  // namespace vireo::plan
