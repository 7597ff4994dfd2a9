#include "engine/graph/attributes.h"

#include "engine/base/text.h"

namespace vireo::graph {
namespace {
template <typename T>
const T& typed(const AttributeValue& value, std::string_view name, const char* wanted) {
  if (const T* found = std::get_if<T>(&value)) return *found;
  static constexpr const char* kKinds[] = {"integer", "real", "text", "integers", "reals"};
  base::fail(ErrorCode::invalid_model, "attribute '", name, "' is ", kKinds[value.index()], ", expected ", wanted);
}
}  // namespace

Attributes::Attributes() = default;
Attributes::Attributes(const Attributes& other) = default;
Attributes::Attributes(Attributes&& other) noexcept = default;
Attributes& Attributes::operator=(const Attributes& other) = default;
Attributes& Attributes::operator=(Attributes&& other) noexcept = default;
Attributes::~Attributes() = default;

bool operator==(const Attributes& a, const Attributes& b) { return a.values_ == b.values_; }

bool Attributes::has(std::string_view name) const { return values_.find(name) != values_.end(); }

void Attributes::set(std::string_view name, AttributeValue value) {
  values_.insert_or_assign(std::string(name), std::move(value));
}

std::int64_t Attributes::integer(std::string_view name, std::int64_t fallback) const {
  const auto it = values_.find(name);
  return it == values_.end() ? fallback : typed<std::int64_t>(it->second, name, "integer");
}

double Attributes::real(std::string_view name, double fallback) const {
  const auto it = values_.find(name);
  if (it == values_.end()) return fallback;
  if (const auto* integer = std::get_if<std::int64_t>(&it->second)) return static_cast<double>(*integer);
  return typed<double>(it->second, name, "real");
}

std::string Attributes::text(std::string_view name, std::string_view fallback) const {
  const auto it = values_.find(name);
  return it == values_.end() ? std::string(fallback) : typed<std::string>(it->second, name, "text");
}

std::vector<std::int64_t> Attributes::integers(std::string_view name, std::vector<std::int64_t> fallback) const {
  const auto it = values_.find(name);
  return it == values_.end() ? fallback : typed<std::vector<std::int64_t>>(it->second, name, "integers");
}

std::vector<double> Attributes::reals(std::string_view name, std::vector<double> fallback) const {
  const auto it = values_.find(name);
  if (it == values_.end()) return fallback;
  if (const auto* ints = std::get_if<std::vector<std::int64_t>>(&it->second)) return {ints->begin(), ints->end()};
  return typed<std::vector<double>>(it->second, name, "reals");
}

void Attributes::erase(std::string_view name) {
  const auto it = values_.find(name);
  if (it != values_.end()) values_.erase(it);
}

}  // namespace vireo::graph
