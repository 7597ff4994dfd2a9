#include "app/cli/list_plugins.h"

#include <fmt/core.h>

#include "app/deployment/survey.h"
#include "plugins/decode/decoders.h"
#include "plugins/publish/publishers.h"

namespace vireo::cli {

void list_plugins(const std::string& what) {
  if (what == "decoders")
    for (const sdk::DecoderRow& row : decode::decoders()) fmt::print("{:<16} {}\n", row.name, row.summary);
  else if (what == "publishers")
    for (const sdk::PublisherRow& row : publish::publishers()) fmt::print("{:<16} {}\n", row.name, row.summary);
  else if (what == "trackers") fmt::print(stderr, "this build has no trackers\n");
  else if (what == "elements")
    for (const deployment::ElementInfo& e : deployment::list_elements()) fmt::print("{:<16} {}\n", e.name, e.summary);
}

}  // namespace vireo::cli
