#include "app/deployment/gst_objects.h"

#include <gst/video/video.h>

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
      {"v4l2src", "gstreamer1.0-plugins-good"},     {"ximagesink", "gstreamer1.0-x"},
      {"jpegenc", "gstreamer1.0-plugins-good"},     {"pngenc", "gstreamer1.0-plugins-good"}};
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

std::string factory_of(GstElement* element) { return GST_OBJECT_NAME(gst_element_get_factory(element)); }

/// "file.pbtxt:3:5: max_delay", the way the user wrote it, or "vireoinfer property 'max-delay'".
std::string written(GstElement* element, std::string name, const config::Place& place) {
  if (place.text.empty() || place.text.starts_with("--"))
    return (place.text.empty() ? "" : place.text + ": ") + factory_of(element) + " property '" + name + "'";
  for (char& c : name)
    if (c == '-') c = '_';
  return place.text + ": " + name;
}

[[noreturn]] void refuse(const GParamSpec* spec, GstElement* element, const config::Option& option,
                         const std::string& accepted) {
  throw Error(ErrorCode::invalid_argument,
              written(element, spec->name, option.place) + ": found '" + option.value + "', accepted is " + accepted);
}

/// Numbers are checked here: GLib would clamp them silently.
void check_number(const GParamSpec* spec, GstElement* element, const config::Option& option) {
  const std::string& value = option.value;
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
    refuse(spec, element, option, range);
  }
}

}  // namespace

OwnedPipeline new_pipeline(const std::string& name) {
  return OwnedPipeline(GST_ELEMENT(gst_object_ref_sink(gst_pipeline_new(name.c_str()))));
}

bool has_element(const char* factory) {
  GstElementFactory* known = gst_element_factory_find(factory);
  if (known) gst_object_unref(known);
  return known != nullptr;
}

GstElement* add_element(GstBin* bin, const char* factory, const std::string& name) {
  GstElement* element = gst_element_factory_make(factory, name.empty() ? nullptr : name.c_str());
  if (!element) {
    throw Error(ErrorCode::not_found, "GStreamer has no element '" + std::string(factory) + "'; install " +
                                          package_of(factory) + " ('vireo doctor' lists what is missing)");
  }
  gst_bin_add(bin, element);
  return element;
}

void set_property(GstElement* element, const std::string& name, const config::Option& option) {
  const GParamSpec* spec = g_object_class_find_property(G_OBJECT_GET_CLASS(element), name.c_str());
  if (!spec || !(spec->flags & G_PARAM_WRITABLE)) {
    throw Error(ErrorCode::invalid_argument, (option.place.text.empty() ? "" : option.place.text + ": ") +
                                                 factory_of(element) + " has no property '" + name +
                                                 "'; accepted are " + property_names(element));
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
    std::string accepted = g_type_name(spec->value_type);
    if (G_IS_PARAM_SPEC_ENUM(spec)) {
      accepted = "one of";
      const GEnumClass* type = G_PARAM_SPEC_ENUM(spec)->enum_class;
      for (guint i = 0; i < type->n_values; ++i) accepted += std::string(i ? ", " : " ") + type->values[i].value_nick;
    } else if (G_IS_PARAM_SPEC_BOOLEAN(spec)) {
      accepted = "true or false";
    }
    refuse(spec, element, option, accepted);
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
  OwnedPipeline bin = new_pipeline("check");
  set_properties(add_element(GST_BIN(bin.get()), factory), options);
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

void accept_any_planes(GstElement* sink) {
  Owned<GstPad> pad(gst_element_get_static_pad(sink, "sink"));
  gst_pad_add_probe(
      pad.get(), GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM,
      [](GstPad*, GstPadProbeInfo* info, gpointer) {
        GstQuery* query = GST_PAD_PROBE_INFO_QUERY(info);
        if (GST_QUERY_TYPE(query) != GST_QUERY_ALLOCATION) return GST_PAD_PROBE_OK;
        gst_query_add_allocation_meta(query, GST_VIDEO_META_API_TYPE, nullptr);
        return GST_PAD_PROBE_HANDLED;
      },
      nullptr, nullptr);
}

std::string describe(GstMessage* message) {
  GError* error = nullptr;
  gchar* debug = nullptr;
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error(message, &error, &debug);
  } else {
    gst_message_parse_warning(message, &error, &debug);
  }
  std::string text = error ? error->message : "unknown error";
  const std::string detail = take(debug);
  // The first line of the details is a place in the source code.
  const auto line = detail.rfind('\n');
  if (line != std::string::npos && line + 1 < detail.size()) text += " (" + detail.substr(line + 1) + ")";
  g_clear_error(&error);
  return text;
}

std::string start_failure(GstElement* pipeline) {
  Owned<GstBus> bus(gst_element_get_bus(pipeline));
  OwnedMessage message(gst_bus_pop_filtered(bus.get(), GST_MESSAGE_ERROR));
  return message ? describe(message.get()) : "it can't be started, GStreamer doesn't say why";
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
    if (specs[i]->owner_type == GST_TYPE_OBJECT || !(specs[i]->flags & G_PARAM_WRITABLE)) continue;
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
