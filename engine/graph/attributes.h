#pragma once
// The attributes of a layer: a small ordered map from name to value, with typed readers that give a default when the
// name is absent and throw Error when the type is another. Nothing is inline: what the inline functions of a
// precompiled header use of templates is instantiated in each unit, and of the variant and the map that was two fifths
// of the time that an empty unit takes.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/api/types.h"

namespace vireo::graph {

class Attributes {
 public:
  Attributes();
  Attributes(const Attributes& other);
  Attributes(Attributes&& other) noexcept;
  Attributes& operator=(const Attributes& other);
  Attributes& operator=(Attributes&& other) noexcept;
  ~Attributes();

  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] std::int64_t integer(std::string_view name, std::int64_t fallback) const;
  [[nodiscard]] double real(std::string_view name, double fallback) const;
  [[nodiscard]] std::string text(std::string_view name, std::string_view fallback) const;
  [[nodiscard]] std::vector<std::int64_t> integers(std::string_view name,
                                                   std::vector<std::int64_t> fallback = {}) const;
  [[nodiscard]] std::vector<double> reals(std::string_view name, std::vector<double> fallback = {}) const;

  void set(std::string_view name, AttributeValue value);
  void erase(std::string_view name);
  [[nodiscard]] const std::map<std::string, AttributeValue, std::less<>>& all() const { return values_; }
  friend bool operator==(const Attributes& a, const Attributes& b);

 private:
  std::map<std::string, AttributeValue, std::less<>> values_;
};

}  // namespace vireo::graph
