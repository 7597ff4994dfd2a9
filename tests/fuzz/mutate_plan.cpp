// Plans: bytes that checksums should refuse, and texts whose checksums were made to fit, so that what reads them is
// reached.

#include <algorithm>
#include <cstring>

#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "tests/fuzz/mutate_parts.h"

namespace vireo::fuzz_testing {
namespace {

// Where the header (engine/plan/plan_file.cpp) keeps them.
constexpr std::size_t kFileBytes = 16, kNetwork = 24, kTuning = 40, kWeights = 56, kPacks = 72, kTextChecksum = 88,
                      kHeaderChecksum = 96, kHeaderSize = 128, kPage = 4096;

std::uint64_t number_at(const std::string& plan, std::size_t at) {
  std::uint64_t value = 0;
  std::memcpy(&value, plan.data() + at, sizeof value);
  return value;
}
void put(std::string& plan, std::size_t at, std::uint64_t value) {
  std::memcpy(plan.data() + at, &value, sizeof value);
}

std::string section(const std::string& plan, std::size_t at) {
  return plan.substr(number_at(plan, at), number_at(plan, at + 8));
}

std::string padded(std::string text, std::uint64_t to) {
  text.resize(std::max<std::size_t>(text.size(), to), '\0');
  return text;
}

}  // namespace

std::string network_of(const std::string& plan) { return section(plan, kNetwork); }
std::string tuning_of(const std::string& plan) { return section(plan, kTuning); }

std::string resealed(std::string plan, const std::string& network, const std::string& tuning) {
  if (plan.size() < kHeaderSize) return plan;
  const std::string weights = section(plan, kWeights), packs = section(plan, kPacks);
  std::string out = plan.substr(0, kHeaderSize) + network + tuning;
  put(out, kNetwork, kHeaderSize);
  put(out, kNetwork + 8, network.size());
  put(out, kTuning, kHeaderSize + network.size());
  put(out, kTuning + 8, tuning.size());
  const std::uint64_t weights_at = base::align_up(out.size(), kPage);
  out = padded(std::move(out), weights_at) + weights;
  put(out, kWeights, weights_at);
  const std::uint64_t packs_at = base::align_up(out.size(), kPage);
  out = padded(std::move(out), packs_at) + packs;
  put(out, kPacks, packs_at);
  put(out, kFileBytes, out.size());
  put(out, kTextChecksum, base::checksum(tuning.data(), tuning.size(), base::checksum(network.data(), network.size())));
  put(out, kHeaderChecksum, 0);
  put(out, kHeaderChecksum, base::checksum(out.data(), kHeaderSize));
  return out;
}

std::string mutated_text(std::string text, Random& random) {
  for (std::uint64_t n = 1 + random.below(3); n > 0 && !text.empty(); --n) {
    const std::size_t at = random.below(text.size());
    const std::size_t line = text.rfind('\n', at) == std::string::npos ? 0 : text.rfind('\n', at) + 1;
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    switch (random.below(9)) {
      case 0:
      case 1:
      case 2: {  // a number near by becomes another
        const std::size_t digit = text.find_first_of("0123456789", at);
        if (digit == std::string::npos) break;
        std::size_t last = digit;
        while (last < text.size() && text[last] >= '0' && text[last] <= '9') ++last;
        text.replace(digit, last - digit, std::to_string(random.awkward()));
        break;
      }
      case 3: text.erase(line, end - line); break;
      case 4: text.insert(line, text.substr(line, end - line)); break;
      case 5: text[at] = static_cast<char>(random.below(256)); break;
      case 6: {  // a word becomes another word of the text
        const std::size_t a = text.find_first_of("abcdefghijklmnopqrstuvwxyz", at);
        const std::size_t b = text.find_first_of("abcdefghijklmnopqrstuvwxyz", random.below(text.size()));
        if (a == std::string::npos || b == std::string::npos) break;
        const auto word = [&](std::size_t from) {
          std::size_t to = from;
          while (to < text.size() && (std::isalnum(static_cast<unsigned char>(text[to])) || text[to] == '_')) ++to;
          return text.substr(from, to - from);
        };
        const std::string other = word(b);
        text.replace(a, word(a).size(), other);
        break;
      }
      case 7: text.erase(at, random.below(12)); break;
      default: text.resize(at);
    }
  }
  return text;
}

std::string mutated_plan(std::string plan, Random& random) {
  if (random.chance(0.7)) {
    std::string network = network_of(plan), tuning = tuning_of(plan);
    if (random.chance(0.8)) network = mutated_text(network, random);
    else tuning = mutated_text(tuning, random);
    return resealed(std::move(plan), network, tuning);
  }
  if (random.chance(0.1)) return plan.substr(0, random.below(plan.size()));
  for (std::uint64_t n = random.one_of({1, 2, 8, 64}); n > 0; --n) {
    const std::size_t reach = random.one_of({std::size_t{128}, std::size_t{4000}, plan.size()});
    plan[random.below(std::min(plan.size(), reach))] = static_cast<char>(random.below(256));
  }
  if (random.chance(0.5) && plan.size() >= kHeaderSize) {  // a header that says so itself
    put(plan, kHeaderChecksum, 0);
    put(plan, kHeaderChecksum, base::checksum(plan.data(), kHeaderSize));
  }
  return plan;
}

}  // namespace vireo::fuzz_testing
