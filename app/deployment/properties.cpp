// Properties of elements from text: a value that an element would clamp, or not understand, is refused here, with the
// place where the user wrote it and what is accepted.

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "app/deployment/gst_objects.h"

namespace vireo::deployment {
namespace {

/// GstObject's own (name, parent) are the program's.
bool is_settable(const GParamSpec* spec) {
  return spec->owner_type != GST_TYPE_OBJECT && (spec->flags & G_PARAM_WRITABLE) &&
         !(spec->flags & G_PARAM_CONSTRUCT_ONLY);
}

std::vector<std::string> property_names(GstElement* element) {
  guint count = 0;
  GParamSpec** specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(element), &count);
  std::vector<std::string> names;
  for (guint i = 0; i < count; ++i)
    if (is_settable(specs[i])) names.emplace_back(specs[i]->name);
  g_free(specs);
  return names;
}

std::string factory_of(GstElement* element) { return GST_OBJECT_NAME(gst_element_get_factory(element)); }

/// As few letters have to be put in, left out or replaced to make one of the other.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t(0));
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t corner = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = corner + (a[i - 1] == b[j - 1] ? 0 : 1);
      corner = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

/// "; did you mean 'quantizer'? accepted are …".
std::string hint(const std::string& name, const std::vector<std::string>& names) {
  const auto nearest = std::min_element(
      names.begin(), names.end(), [&](const auto& a, const auto& b) { return distance(name, a) < distance(name, b); });
  std::string text = "; ";
  if (nearest != names.end() && distance(name, *nearest) <= std::min<std::size_t>(2, name.size() / 3))
    text += "did you mean '" + *nearest + "'? ";
  text += "accepted are ";
  for (const std::string& one : names) text += (&one == &names.front() ? "" : ", ") + one;
  return text;
}

/// "file.pbtxt:3:5: max_delay", the way the user wrote it, or "vireoinfer property 'max-delay'".
std::string written(GstElement* element, const std::string& name, const config::Place& place) {
  if (!place.written.empty()) return place.text + ": " + place.written;
  return (place.text.empty() ? "" : place.text + ": ") + factory_of(element) + " property '" + name + "'";
}

[[noreturn]] void refuse(const GParamSpec* spec, GstElement* element, const config::Option& option,
                         const std::string& accepted) {
  throw Error(ErrorCode::invalid_argument,
              written(element, spec->name, option.place) + ": found '" + option.value + "', accepted is " + accepted);
}

template <typename Number>
std::string range(const char* what, Number least, Number most) {
  const bool open = most >= std::numeric_limits<Number>::max() / 2,
             deep = least <= std::numeric_limits<Number>::lowest() / 2;
  const auto text = [](Number number) {
    if constexpr (std::is_integral_v<Number>) return std::to_string(number);
    char digits[40];
    std::snprintf(digits, sizeof digits, "%g", double(number));
    return std::string(digits);
  };
  if (!open) return std::string(what) + " in " + text(least) + ".." + text(most);
  return deep && least != 0 ? std::string(what) : std::string(what) + ", " + text(least) + " or more";
}

template <typename Spec>
void check_real(const Spec* spec, const GParamSpec* base, GstElement* element, const config::Option& option) {
  gchar* end = nullptr;
  const double number = g_ascii_strtod(option.value.c_str(), &end);
  if (option.value.empty() || *end != '\0' || !std::isfinite(number) || number < double(spec->minimum) ||
      number > double(spec->maximum))
    refuse(base, element, option, range("a number", spec->minimum, spec->maximum));
}

template <typename Spec>
void check_whole(const Spec* spec, const GParamSpec* base, GstElement* element, const config::Option& option) {
  const std::string& value = option.value;
  gchar* end = nullptr;
  errno = 0;
  bool good = !value.empty();
  if constexpr (std::is_signed_v<decltype(spec->minimum)>) {
    const gint64 number = g_ascii_strtoll(value.c_str(), &end, 0);
    good = good && number >= spec->minimum && number <= spec->maximum;
  } else {
    const guint64 number = g_ascii_strtoull(value.c_str(), &end, 0);  // which takes negative ones, too
    good = good && value.find('-') == std::string::npos && number >= spec->minimum && number <= spec->maximum;
  }
  if (!good || errno != 0 || *end != '\0')
    refuse(base, element, option, range("a whole number", spec->minimum, spec->maximum));
}

/// Numbers are checked here: GLib would clamp them silently, or leave the property as it is.
void check_number(const GParamSpec* spec, GstElement* element, const config::Option& option) {
  if (G_IS_PARAM_SPEC_INT(spec)) check_whole(G_PARAM_SPEC_INT(spec), spec, element, option);
  else if (G_IS_PARAM_SPEC_UINT(spec)) check_whole(G_PARAM_SPEC_UINT(spec), spec, element, option);
  else if (G_IS_PARAM_SPEC_LONG(spec)) check_whole(G_PARAM_SPEC_LONG(spec), spec, element, option);
  else if (G_IS_PARAM_SPEC_ULONG(spec)) check_whole(G_PARAM_SPEC_ULONG(spec), spec, element, option);
  else if (G_IS_PARAM_SPEC_INT64(spec)) check_whole(G_PARAM_SPEC_INT64(spec), spec, element, option);
  else if (G_IS_PARAM_SPEC_UINT64(spec)) check_whole(G_PARAM_SPEC_UINT64(spec), spec, element, option);
  else if (G_IS_PARAM_SPEC_FLOAT(spec)) check_real(G_PARAM_SPEC_FLOAT(spec), spec, element, option);
  else if (G_IS_PARAM_SPEC_DOUBLE(spec)) check_real(G_PARAM_SPEC_DOUBLE(spec), spec, element, option);
}

template <typename Class>
std::string nicks(const Class* type) {
  std::string names;
  for (guint i = 0; i < type->n_values; ++i)
    names += std::string(names.empty() ? "" : ", ") + type->values[i].value_nick;
  return names;
}

std::string accepted_by(const GParamSpec* spec) {
  if (G_IS_PARAM_SPEC_ENUM(spec)) return "one of " + nicks(G_PARAM_SPEC_ENUM(spec)->enum_class);
  if (G_IS_PARAM_SPEC_FLAGS(spec)) return "one or more of " + nicks(G_PARAM_SPEC_FLAGS(spec)->flags_class) + ", as a+b";
  if (G_IS_PARAM_SPEC_BOOLEAN(spec)) return "true or false";
  if (spec->value_type == GST_TYPE_FRACTION) return "a fraction, such as 30/1";
  if (spec->value_type == GST_TYPE_CAPS) return "caps, such as video/x-raw,width=640";
  return std::string("a ") + g_type_name(spec->value_type);
}

}  // namespace

void set_property(GstElement* element, const std::string& name, const config::Option& option) {
  const GParamSpec* spec = g_object_class_find_property(G_OBJECT_GET_CLASS(element), name.c_str());
  if (!spec || !is_settable(spec)) {
    throw Error(ErrorCode::invalid_argument, (option.place.text.empty() ? "" : option.place.text + ": ") +
                                                 factory_of(element) + " has no property '" + name + "'" +
                                                 hint(name, property_names(element)));
  }
  check_number(spec, element, option);
  if (G_IS_PARAM_SPEC_STRING(spec)) {  // unchanged: the parser of values would remove quotes and escapes
    g_object_set(element, name.c_str(), option.value.c_str(), nullptr);
    return;
  }
  GValue parsed = G_VALUE_INIT;
  g_value_init(&parsed, spec->value_type);
  if (!gst_value_deserialize(&parsed, option.value.c_str())) {
    g_value_unset(&parsed);
    refuse(spec, element, option, accepted_by(spec));
  }
  g_object_set_property(G_OBJECT(element), name.c_str(), &parsed);
  g_value_unset(&parsed);
}

void set_property(GstElement* element, const std::string& name, const std::string& value) {
  set_property(element, name, config::Option{value, {}});
}

void set_properties(GstElement* element, const config::Options& options) {
  for (const auto& [name, option] : options) set_property(element, name, option);
}

void try_properties(const char* factory, const config::Options& options) {
  if (options.empty()) return;
  OwnedPipeline bin = new_pipeline("check");
  set_properties(add_element(GST_BIN(bin.get()), factory), options);
}

Error placed(const Error& error, const config::Place& place, const config::Options& options) {
  const std::string what = error.what();
  const auto begins = [&](const config::Place& one) { return !one.text.empty() && what.starts_with(one.text + ":"); };
  const bool said =
      place.text.empty() || begins(place) ||
      std::any_of(options.begin(), options.end(), [&](const auto& one) { return begins(one.second.place); });
  return said ? error : Error(error.code(), place.text + ": " + what);
}

namespace {

std::vector<config::Knob> knobs_of(const char* factory) {
  GstElement* element = gst_element_factory_make(factory, nullptr);
  if (!element) throw Error(ErrorCode::not_found, std::string("GStreamer has no element '") + factory + "'");
  Owned<GstElement> owned(GST_ELEMENT(gst_object_ref_sink(element)));
  guint count = 0;
  GParamSpec** specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(element), &count);
  std::vector<config::Knob> knobs;
  for (guint i = 0; i < count; ++i) {
    using Type = config::Knob::Type;
    if (!is_settable(specs[i])) continue;
    Type type = Type::text;
    switch (G_TYPE_FUNDAMENTAL(specs[i]->value_type)) {
      case G_TYPE_BOOLEAN: type = Type::boolean; break;
      case G_TYPE_INT:
      case G_TYPE_INT64: type = Type::integer; break;
      case G_TYPE_UINT:
      case G_TYPE_UINT64: type = Type::natural; break;
      case G_TYPE_FLOAT:
      case G_TYPE_DOUBLE: type = Type::number; break;
      case G_TYPE_STRING:
      case G_TYPE_ENUM: break;
      default: continue;
    }
    knobs.push_back({specs[i]->name, type});
  }
  g_free(specs);
  return knobs;
}

}  // namespace

config::Knobs element_knobs() { return {{"Infer", knobs_of("vireoinfer")}, {"Draw", knobs_of("vireodraw")}}; }

}  // namespace vireo::deployment
