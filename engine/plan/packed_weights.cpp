#include "engine/plan/packed_weights.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"

namespace vireo::plan {
namespace {

// Checksums of pieces, and of those: so that several threads can share a large block.
constexpr std::size_t kPiece = std::size_t{1} << 20;

std::size_t pieces_of(std::size_t bytes) { return (bytes + kPiece - 1) / kPiece; }

std::uint64_t piece_checksum(const std::byte* data, std::size_t bytes, std::size_t piece) {
  return base::checksum(data + piece * kPiece, std::min(kPiece, bytes - piece * kPiece), piece);
}

std::uint64_t checksum_of(const std::vector<std::uint64_t>& pieces) {
  return base::checksum(pieces.data(), pieces.size() * sizeof(std::uint64_t));
}

std::uint64_t checksum_of(const std::byte* data, std::size_t bytes) {
  std::vector<std::uint64_t> pieces(pieces_of(bytes));
  for (std::size_t i = 0; i < pieces.size(); ++i) pieces[i] = piece_checksum(data, bytes, i);
  return checksum_of(pieces);
}

}  // namespace

void PackedWeightStore::altered(const std::string& key) const {
  base::fail(ErrorCode::invalid_model, where_, " is damaged: packed weights (", key,
             ") don't match their checksum; build it again");
}

void PackedWeightStore::add(Block block, std::string where) {
  const std::lock_guard lock(mutex_);
  where_ = std::move(where);
  Entry& entry = entries_[std::move(block.key)];
  entry.data = std::move(block.data);
  entry.bytes = block.bytes;
  entry.checksum = block.checksum;
  entry.checked = false;
}

void PackedWeightStore::check(int threads) {
  const std::lock_guard lock(mutex_);
  struct Job {
    const std::string* key;
    Entry* entry;
    std::vector<std::uint64_t> pieces;
  };
  std::vector<Job> jobs;
  std::vector<std::pair<std::size_t, std::size_t>> pieces;  // job, piece
  for (auto& [key, entry] : entries_) {
    if (entry.checked) continue;
    for (std::size_t i = 0; i < pieces_of(entry.bytes); ++i) pieces.emplace_back(jobs.size(), i);
    jobs.push_back({&key, &entry, std::vector<std::uint64_t>(pieces_of(entry.bytes))});
  }
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < pieces.size(); i = next++) {
      Job& job = jobs[pieces[i].first];
      job.pieces[pieces[i].second] = piece_checksum(job.entry->data.get(), job.entry->bytes, pieces[i].second);
    }
  };
  {
    std::vector<std::jthread> helpers;
    for (std::size_t t = 1; t < std::min(static_cast<std::size_t>(std::max(threads, 1)), pieces.size()); ++t)
      helpers.emplace_back(work);
    work();
  }
  for (Job& job : jobs) {
    if (checksum_of(job.pieces) != job.entry->checksum) altered(*job.key);
    job.entry->checked = true;
  }
}

void PackedWeightStore::keep(bool yes) {
  const std::lock_guard lock(mutex_);
  keep_ = yes;
}

std::vector<PackedWeightStore::Block> PackedWeightStore::blocks() const {
  const std::lock_guard lock(mutex_);
  std::vector<Block> list;
  for (const auto& [key, entry] : entries_)
    if (entry.data)
      list.push_back(
          {key, entry.data, entry.bytes, entry.checksum ? entry.checksum : checksum_of(entry.data.get(), entry.bytes)});
  return list;
}

std::shared_ptr<const std::byte> PackedWeightStore::get(const std::string& key, std::size_t bytes,
                                                        const graph::FillPacked& fill) {
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[key];
  if (entry.data && entry.bytes == bytes) {
    if (!entry.checked && checksum_of(entry.data.get(), bytes) != entry.checksum) altered(key);
    entry.checked = true;
    return entry.data;
  }
  if (auto shared = entry.made.lock(); shared && entry.bytes == bytes) return shared;
  const std::shared_ptr<std::byte> fresh = base::allocate_aligned(bytes);
  fill(fresh.get());
  entry = {keep_ ? fresh : nullptr, fresh, bytes, 0, true};
  return fresh;
}

}  // namespace vireo::plan
