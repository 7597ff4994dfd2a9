#include "plugins/publish/publishers.h"

#include <vector>

#include "engine/api/error.h"
#include "plugins/publish/families.h"

namespace vireo::publish {

std::span<const sdk::PublisherRow> publishers() {
  static const std::vector<sdk::PublisherRow> rows{kJsonl};
  return rows;
}

namespace {

const sdk::PublisherRow& row_of(const std::string& address, const sdk::Params& params) {
  const auto colon = address.find(':');
  std::string schemes;
  for (const auto& row : publishers()) {
    schemes += (schemes.empty() ? "" : ", ") + std::string(row.scheme);
    if (colon == std::string::npos || std::string_view(address).substr(0, colon) != row.scheme) continue;
    params.check(std::span(&row.params, 1));
    return row;
  }
  throw Error(ErrorCode::not_found, "publisher '" + address + "': accepted is scheme:target, schemes are " + schemes);
}

}  // namespace

std::unique_ptr<sdk::Publisher> create_publisher(const std::string& address, const sdk::Params& params) {
  return row_of(address, params).create(address.substr(address.find(':') + 1), params);
}

void check_publisher(const std::string& address, const sdk::Params& params) { row_of(address, params).check(params); }

}  // namespace vireo::publish
