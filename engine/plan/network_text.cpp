#include "engine/api/convert.h"
#include "engine/graph/text.h"

namespace vireo {

std::string network_text(const Network& network) { return graph::dump_text(network.graph()); }

}  // namespace vireo
