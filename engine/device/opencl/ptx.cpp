#include "engine/device/opencl/ptx.h"

#include "engine/base/text.h"

namespace vireo::device::opencl {
namespace {

bool is_word(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

}  // namespace

std::string uncover_hopper(std::string ptx, int most_registers) {
  while (!ptx.empty() && ptx.back() == '\0') ptx.pop_back();
  for (std::size_t at = 0; (at = ptx.find("//@ ", at)) != std::string::npos;) ptx.erase(at, 4);
  constexpr std::string_view kTarget = ".target ";
  if (const std::size_t at = ptx.find(kTarget); at != std::string::npos) {
    const std::size_t begin = at + kTarget.size();
    std::size_t end = begin;
    while (end < ptx.size() && is_word(ptx[end])) ++end;
    ptx.replace(begin, end - begin, "sm_90a");
  }
  if (most_registers <= 0) return ptx;
  const std::string limit = base::str("\n.maxnreg ", most_registers);
  for (std::size_t at = 0; (at = ptx.find(".entry ", at)) != std::string::npos;) {
    at = ptx.find(')', at);
    if (at == std::string::npos) break;
    ptx.insert(at + 1, limit);
  }
  return ptx;
}

}  // namespace vireo::device::opencl
