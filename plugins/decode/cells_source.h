#pragma once
// The texts of cells.cl and suppress.cl, as the build puts them into the library.

namespace vireo::decode {
[[nodiscard]] const char* cells_source();
[[nodiscard]] const char* suppress_source();
}  // namespace vireo::decode
