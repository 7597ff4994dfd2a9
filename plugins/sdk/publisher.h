#pragma once
// The contract of publishers: something that carries frame results out of the process. A family is one file with one
// row. One thread calls a publisher at a time; it may block no longer than its own documented limit.

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "plugins/sdk/detection.h"
#include "plugins/sdk/params.h"

namespace vireo::sdk {

class Publisher {
 public:
  /// Flushes what it can and logs what it can't.
  virtual ~Publisher() = default;
  /// Hands over one frame's result. Throws Error(io) when it is lost for good.
  virtual void publish(const FrameResult& result) = 0;
  /// Returns when everything published is where it should go, or throws Error(io).
  virtual void flush() = 0;
};

struct PublisherRow {
  std::string_view name, summary;
  std::string_view scheme;  ///< "jsonl" in "jsonl:FILE"
  /// `target` is what follows the scheme: a file, an address.
  std::unique_ptr<Publisher> (*create)(const std::string& target, const Params& params);
  std::span<const ParamRow> params;
  /// Throws Error for values that create() would refuse, and opens nothing.
  void (*check)(const Params& params);
};

}  // namespace vireo::sdk
