#pragma once
// What stays ready to run, for shapes that may come again. One runner's; not locked.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

namespace vireo::runtime {

/// Makes room for another one: what was used longest ago goes, until there are fewer than `most` and they take, with
/// `more`, at most `most_bytes`. T has last_use and memory_bytes().
template <typename T>
void make_room(std::vector<std::unique_ptr<T>>& ready, std::size_t most, std::uint64_t more, std::uint64_t most_bytes) {
  std::uint64_t bytes = more;
  for (const std::unique_ptr<T>& one : ready) bytes += one->memory_bytes();
  while (!ready.empty() && (ready.size() >= most || bytes > most_bytes)) {
    const auto oldest =
        std::ranges::min_element(ready, {}, [](const std::unique_ptr<T>& one) { return one->last_use; });
    bytes -= (*oldest)->memory_bytes();
    ready.erase(oldest);
  }
}

}  // namespace vireo::runtime
