#include "engine/plan/packed_weights.h"

#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"

namespace vireo::plan {

void PackedWeightStore::add(Block block, std::string where) {
  const std::lock_guard lock(mutex_);
  where_ = std::move(where);
  auto slot = std::make_unique<Slot>();
  slot->data = std::move(block.data);
  slot->bytes = block.bytes;
  slot->checksum = block.checksum;
  slot->checked = false;
  slots_[std::move(block.key)] = std::move(slot);
}

void PackedWeightStore::keep(Keep which) {
  const std::lock_guard lock(mutex_);
  keep_ = which;
}

std::vector<PackedWeightStore::Block> PackedWeightStore::blocks() const {
  const std::lock_guard lock(mutex_);
  std::vector<Block> list;
  for (const auto& [key, slot] : slots_) {
    const std::lock_guard own(slot->mutex);
    if (!slot->data) continue;
    const std::uint64_t checksum = slot->checksum ? slot->checksum : base::checksum(slot->data.get(), slot->bytes);
    list.push_back({key, slot->data, slot->bytes, checksum});
  }
  return list;
}

std::shared_ptr<const std::byte> PackedWeightStore::get(const std::string& key, std::size_t bytes,
                                                        const graph::FillPacked& fill) {
  Slot* slot = nullptr;
  Keep keep = Keep::none;
  {
    const std::lock_guard lock(mutex_);
    std::unique_ptr<Slot>& place = slots_[key];
    if (!place) place = std::make_unique<Slot>();
    slot = place.get();  // stays where it is as long as the store lives
    keep = keep_;
  }
  const std::lock_guard lock(slot->mutex);
  if (slot->data && slot->bytes == bytes) {
    if (!slot->checked && base::checksum(slot->data.get(), bytes) != slot->checksum)
      base::fail(ErrorCode::invalid_model, where_, " is damaged: packed weights (", key,
                 ") don't match their checksum; build it again");
    slot->checked = true;
    return slot->data;
  }
  if (auto shared = slot->made.lock(); shared && slot->bytes == bytes) return shared;
  const std::shared_ptr<std::byte> fresh = base::allocate_aligned(bytes);
  fill(fresh.get());
  const bool kept = keep == Keep::all || (keep == Keep::small && bytes <= kSmall);
  slot->data = kept ? fresh : nullptr;
  slot->made = fresh;
  slot->bytes = bytes;
  slot->checksum = 0;
  slot->checked = true;
  return fresh;
}

}  // namespace vireo::plan
