#include "app/deployment/gst_objects.h"

#include <cmath>
#include <string_view>

namespace vireo::deployment {
namespace {

/// Debian's package for an element; other systems use similar names.
std::string package_of(std::string_view factory) {
  struct Row {
    std::string_view factory, package;
  };
  static constexpr Row kRows[] = {
      {"x264enc", "gstreamer1.0-plugins-ugly"},     {"openh264enc", "gstreamer1.0-plugins-bad"},
      {"h264parse", "gstreamer1.0-plugins-bad"},    {"mp4mux", "gstreamer1.0-plugins-good"},
      {"matroskamux", "gstreamer1.0-plugins-good"}, {"avenc_mpeg4", "gstreamer1.0-libav"},
      {"v4l2src", "gstreamer1.0-plugins-good"},     {"ximagesink", "gstreamer1.0-x"}};
  for (const Row& row : kRows) {
    if (row.factory == factory) return std::string(row.package);
  }
  return "gstreamer1.0-plugins-base";
}

std::string property_names(GstElement* element) {
  guint count = 0;
  GParamSpec** specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(element), &count);
  std::string names;
  for (guint i = 0; i < count; ++i) {
    if (specs[i]->owner_type == GST_TYPE_OBJECT || !(specs[i]->flags & G_PARAM_WRITABLE)) continue;
    names += (names.empty() ? "" : ", ") + std::string(specs[i]->name);
  }
  g_free(specs);
  return names;
}

[[noreturn]] void refuse(const GParamSpec* spec, GstElement* element, const std::string& value,
                         const std::string& accepted) {
  throw Error(ErrorCode::invalid_argument, std::string(GST_OBJECT_NAME(gst_element_get_factory(element))) +
                                               " property '" + spec->name + "': found '" + value + "', accepted is " +
                                               accepted);
}

/// Numbers are checked here: GLib would clamp them silently.
void check_number(const GParamSpec* spec, GstElement* element, const std::string& value) {
  double least = 0, most = 0;
  if (G_IS_PARAM_SPEC_INT(spec)) {
    least = G_PARAM_SPEC_INT(spec)->minimum, most = G_PARAM_SPEC_INT(spec)->maximum;
  } else if (G_IS_PARAM_SPEC_DOUBLE(spec)) {
    least = G_PARAM_SPEC_DOUBLE(spec)->minimum, most = G_PARAM_SPEC_DOUBLE(spec)->maximum;
  } else if (G_IS_PARAM_SPEC_FLOAT(spec)) {
    least = G_PARAM_SPEC_FLOAT(spec)->minimum, most = G_PARAM_SPEC_FLOAT(spec)->maximum;
  } else {
    return;
  }
  gchar* end = nullptr;
  const double number = g_ascii_strtod(value.c_str(), &end);
  if (value.empty() || *end != '\0' || !std::isfinite(number) || number < least || number > most) {
    char range[96];
    std::snprintf(range, sizeof range, "a number in %g..%g", least, most);
    refuse(spec, element, value, range);
  }
}

}  // namespace

GstElement* add_element(GstBin* bin, const char* factory, const std::string& name) {
  GstElement* element = gst_element_factory_make(factory, name.empty() ? nullptr : name.c_str());
  if (!element) {
    throw Error(ErrorCode::not_found, "GStreamer has no element '" + std::string(factory) + "'; install " +
                                          package_of(factory) + " ('vireo doctor' lists what is missing)");
  }
  gst_bin_add(bin, element);
  return element;
}

void set_property(GstElement* element, const std::string& name, const std::string& value) {
  const GParamSpec* spec = g_object_class_find_property(G_OBJECT_GET_CLASS(element), name.c_str());
  if (!spec || !(spec->flags & G_PARAM_WRITABLE)) {
    throw Error(ErrorCode::invalid_argument, std::string(GST_OBJECT_NAME(gst_element_get_factory(element))) +
                                                 " has no property '" + name + "'; accepted are " +
                                                 property_names(element));
  }
  check_number(spec, element, value);
  if (G_IS_PARAM_SPEC_STRING(spec)) {  // unchanged: the parser of values would remove quotes and escapes
    g_object_set(element, name.c_str(), value.c_str(), nullptr);
    return;
  }
  GValue parsed = G_VALUE_INIT;
  g_value_init(&parsed, spec->value_type);
  if (!gst_value_deserialize(&parsed, value.c_str())) {
    g_value_unset(&parsed);
    std::string accepted = g_type_name(spec->value_type);
    if (G_IS_PARAM_SPEC_ENUM(spec)) {
      accepted = "one of";
      const GEnumClass* type = G_PARAM_SPEC_ENUM(spec)->enum_class;
      for (guint i = 0; i < type->n_values; ++i) accepted += std::string(i ? ", " : " ") + type->values[i].value_nick;
    } else if (G_IS_PARAM_SPEC_BOOLEAN(spec)) {
      accepted = "true or false";
    }
    refuse(spec, element, value, accepted);
  }
  g_object_set_property(G_OBJECT(element), name.c_str(), &parsed);
  g_value_unset(&parsed);
}

void link(GstElement* from, GstElement* to) {
  if (gst_element_link(from, to)) return;
  throw Error(ErrorCode::internal, "elements '" + take(gst_object_get_name(GST_OBJECT(from))) + "' and '" +
                                       take(gst_object_get_name(GST_OBJECT(to))) + "' can't be linked");
}

void add_ghost(GstBin* bin, GstElement* element, const char* pad) {
  Owned<GstPad> target(gst_element_get_static_pad(element, pad));
  gst_element_add_pad(GST_ELEMENT(bin), gst_ghost_pad_new(pad, target.get()));
}

}  // namespace vireo::deployment
