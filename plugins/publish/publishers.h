#pragma once
// The table of publishers. Stateless, any thread.

#include <memory>
#include <span>
#include <string>

#include "plugins/sdk/publisher.h"

namespace vireo::publish {

[[nodiscard]] std::span<const sdk::PublisherRow> publishers();

/// From "scheme:target", for example "jsonl:results.jsonl" ("-" as target: standard output). Throws Error(not_found)
/// for an unknown scheme.
[[nodiscard]] std::unique_ptr<sdk::Publisher> create_publisher(const std::string& address,
                                                               const sdk::Params& params = {});

/// Throws Error for an address or options that create_publisher() would refuse, and opens nothing.
void check_publisher(const std::string& address, const sdk::Params& params);

}  // namespace vireo::publish
