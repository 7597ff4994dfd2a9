#pragma once
// The rows of all publishers, each defined in the file of its name. Only publishers.cpp and tests need this.

#include "plugins/sdk/publisher.h"

namespace vireo::publish {

extern const sdk::PublisherRow kJsonl;

}  // namespace vireo::publish
