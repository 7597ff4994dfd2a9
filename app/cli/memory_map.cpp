#include "app/cli/memory_map.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace vireo::cli {
namespace {

struct Peak {
  std::uint64_t bytes = 0;
  std::size_t step = 0;
};

/// The step for which most bytes are taken.
Peak peak_of(const MemoryMap& map) {
  std::vector<std::uint64_t> taken(map.steps.size());
  for (const MemoryBlock& block : map.blocks)
    for (int step = block.first_step; step <= block.last_step; ++step)
      taken[static_cast<std::size_t>(step)] += block.bytes;
  Peak peak;
  for (std::size_t step = 0; step < taken.size(); ++step)
    if (taken[step] > peak.bytes) peak = {taken[step], step};
  return peak;
}

std::string table(const MemoryMap& map) {
  const Peak peak = peak_of(map);
  std::string text = fmt::format("{}: arena {} bytes, scratch of its workers {} bytes, {} steps\n", map.device,
                                 map.arena_bytes, map.scratch_bytes, map.steps.size());
  if (peak.bytes > 0)
    text += fmt::format("most is taken at step {} ('{}'): {} bytes, {:.1f} % of the arena\n", peak.step,
                        map.steps[peak.step], peak.bytes,
                        100 * static_cast<double>(peak.bytes) / static_cast<double>(map.arena_bytes));
  text += fmt::format("{:>12} {:>12} {:>6} {:>6}  {:<9} {}\n", "offset", "bytes", "first", "last", "what", "name");
  for (const MemoryBlock& b : map.blocks)
    text += fmt::format("{:>12} {:>12} {:>6} {:>6}  {:<9} {}\n", b.offset, b.bytes, b.first_step, b.last_step,
                        b.workspace ? "workspace" : "tensor", b.name);
  return text;
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '&') out += "&amp;";
    else if (static_cast<unsigned char>(c) < ' ' || static_cast<unsigned char>(c) > '~')
      out += '?';  // XML has no bytes
    else out += c;
  }
  return out;
}

/// Hues far apart for blocks that follow each other.
int hue_of(std::size_t block) { return static_cast<int>(block * 137 % 360); }

std::string drawing(const std::vector<MemoryMap>& maps) {
  constexpr double kLeft = 20, kTop = 40, kHeight = 480, kWidth = 1100;
  const double bottom = static_cast<double>(maps.size()) * (kHeight + kTop) + 20;
  std::string text = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" font-family=\"sans-serif\" "
      "font-size=\"13\">\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
      kWidth + 2 * kLeft, bottom);
  for (std::size_t m = 0; m < maps.size(); ++m) {
    const MemoryMap& map = maps[m];
    const double top = kTop + static_cast<double>(m) * (kHeight + kTop);
    const double column = kWidth / static_cast<double>(std::max<std::size_t>(1, map.steps.size()));
    const double row = kHeight / static_cast<double>(std::max<std::uint64_t>(1, map.arena_bytes));
    text += fmt::format(
        "<text x=\"{}\" y=\"{:.1f}\">{}: {} steps from left to right, arena of {:.2f} MB from top to bottom</text>\n",
        kLeft, top - 8, escaped(map.device), map.steps.size(), static_cast<double>(map.arena_bytes) / 1e6);
    text += fmt::format("<rect x=\"{}\" y=\"{:.1f}\" width=\"{}\" height=\"{}\" fill=\"#f4f4f4\" stroke=\"#888\"/>\n",
                        kLeft, top, kWidth, kHeight);
    for (std::size_t i = 0; i < map.blocks.size(); ++i) {
      const MemoryBlock& b = map.blocks[i];
      const std::string fill = b.workspace ? std::string("#999") : fmt::format("hsl({},60%,65%)", hue_of(i));
      text += fmt::format(
          "<rect x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" height=\"{:.2f}\" fill=\"{}\" stroke=\"#444\" "
          "stroke-width=\"0.3\"><title>{}{}: {} "
          "bytes at {}, steps {} to {}</title></rect>\n",
          kLeft + b.first_step * column, top + static_cast<double>(b.offset) * row,
          (b.last_step - b.first_step + 1) * column, static_cast<double>(b.bytes) * row, fill,
          b.workspace ? "workspace of " : "", escaped(b.name), b.bytes, b.offset, b.first_step, b.last_step);
    }
  }
  return text + "</svg>\n";
}

}  // namespace

std::string memory_map_text(const std::vector<MemoryMap>& maps, bool as_drawing) {
  if (as_drawing) return drawing(maps);
  std::string text;
  for (const MemoryMap& map : maps) text += (text.empty() ? "" : "\n") + table(map);
  return text;
}

nlohmann::json memory_map_json(const std::vector<MemoryMap>& maps) {
  nlohmann::json json = nlohmann::json::array();
  for (const MemoryMap& map : maps) {
    nlohmann::json blocks = nlohmann::json::array();
    for (const MemoryBlock& b : map.blocks)
      blocks.push_back({{"name", b.name},
                        {"workspace", b.workspace},
                        {"offset", b.offset},
                        {"bytes", b.bytes},
                        {"first_step", b.first_step},
                        {"last_step", b.last_step}});
    json.push_back({{"device", map.device},
                    {"arena_bytes", map.arena_bytes},
                    {"scratch_bytes", map.scratch_bytes},
                    {"steps", map.steps.size()},
                    {"blocks", blocks}});
  }
  return json;
}

}  // namespace vireo::cli
