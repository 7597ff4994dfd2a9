#include "app/deployment/sources.h"

#include "app/deployment/address.h"

#include <glob.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <span>

#include "app/deployment/decoder_threads.h"

namespace vireo::deployment {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPictures[] = {".jpg", ".jpeg", ".png", ".bmp", ".webp",
                                          ".tif", ".tiff", ".ppm", ".pgm", ".gif"};
constexpr std::string_view kVideos[] = {".mp4", ".m4v",  ".mov", ".mkv", ".webm", ".avi", ".ts",  ".m2ts", ".mts",
                                        ".mpg", ".mpeg", ".flv", ".wmv", ".3gp",  ".ogv", ".asf", ".vob"};

bool is_named(const fs::path& path, std::span<const std::string_view> extensions) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return std::find(extensions.begin(), extensions.end(), extension) != extensions.end();
}

bool is_glob(const std::string& path) {
  return path.find("://") == std::string::npos && path.find_first_of("*?[") != std::string::npos;
}

/// Of a directory or a glob, sorted.
std::vector<std::string> files_in(const std::string& path, std::span<const std::string_view> extensions) {
  std::vector<std::string> files;
  std::error_code failed;
  if (fs::is_directory(path, failed)) {
    for (const auto& entry : fs::directory_iterator(path, failed))
      if (entry.is_regular_file(failed)) files.push_back(entry.path().string());
  } else if (!fs::is_regular_file(path, failed) && is_glob(path)) {
    glob_t found{};
    if (glob(path.c_str(), 0, nullptr, &found) == 0) files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    globfree(&found);
  }
  std::erase_if(files, [&](const std::string& file) { return !is_named(file, extensions); });
  std::sort(files.begin(), files.end());
  return files;
}

GstElement* add_bin(GstBin* pipeline, const std::string& name) {
  GstElement* bin = gst_bin_new(name.c_str());
  gst_bin_add(pipeline, bin);
  return bin;
}

/// Size and rate that the user asked for.
OwnedCaps wanted_caps(const config::SourceConfig& source) {
  GstCaps* caps = gst_caps_new_empty_simple("video/x-raw");
  if (source.width > 0) gst_caps_set_simple(caps, "width", G_TYPE_INT, source.width, nullptr);
  if (source.height > 0) gst_caps_set_simple(caps, "height", G_TYPE_INT, source.height, nullptr);
  if (source.fps > 0) {
    gint n = 0, d = 1;
    gst_util_double_to_fraction(source.fps, &n, &d);
    gst_caps_set_simple(caps, "framerate", GST_TYPE_FRACTION, n, d, nullptr);
  }
  return OwnedCaps(caps);
}

/// vireoscene, videotestsrc: a source element followed by a capsfilter.
GstElement* add_generator(GstBin* pipeline, const char* factory, const config::SourceConfig& source,
                          const std::string& name) {
  GstElement* bin = add_bin(pipeline, name);
  GstElement* generator = add_element(GST_BIN(bin), factory);
  set_properties(generator, source.properties);
  if (source.live) set_property(generator, "is-live", "true");
  GstElement* filter = add_element(GST_BIN(bin), "capsfilter");
  g_object_set(filter, "caps", wanted_caps(source).get(), nullptr);
  link(generator, filter);
  add_ghost(GST_BIN(bin), filter, "src");
  return bin;
}

GstElement* add_camera(GstBin* pipeline, const std::string& device, const config::SourceConfig& source,
                       const std::string& name) {
  GstElement* bin = add_bin(pipeline, name);
  GstElement* camera = add_element(GST_BIN(bin), "v4l2src");
  g_object_set(camera, "device", device.c_str(), nullptr);
  set_properties(camera, source.properties);
  GstElement* filter = add_element(GST_BIN(bin), "capsfilter");
  OwnedCaps caps = wanted_caps(source);
  GstCaps* jpeg = gst_caps_copy(caps.get());  // the same from cameras that send pictures compressed
  gst_structure_set_name(gst_caps_get_structure(jpeg, 0), "image/jpeg");
  OwnedCaps either(gst_caps_merge(gst_caps_copy(caps.get()), jpeg));
  g_object_set(filter, "caps", either.get(), nullptr);
  share_decoder_threads(GST_BIN(bin));
  GstElement* decode = add_element(GST_BIN(bin), "decodebin");
  GstElement* out = add_element(GST_BIN(bin), "identity");
  link(camera, filter);
  link(filter, decode);
  g_signal_connect(decode, "pad-added", G_CALLBACK(+[](GstElement*, GstPad* pad, gpointer next) {
                     Owned<GstPad> sink(gst_element_get_static_pad(GST_ELEMENT(next), "sink"));
                     if (!gst_pad_is_linked(sink.get())) gst_pad_link(pad, sink.get());
                   }),
                   out);
  add_ghost(GST_BIN(bin), out, "src");
  return bin;
}

/// "screen", "screen://:1": an X11 display. A size is that of the part behind its corner (startx, starty).
GstElement* add_screen(GstBin* pipeline, const config::SourceConfig& source, const std::string& name) {
  const std::string display = source.uri.starts_with("screen://") ? source.uri.substr(9) : "";
  GstElement* bin = add_bin(pipeline, name);
  GstElement* screen = add_element(GST_BIN(bin), "ximagesrc");
  if (!display.empty()) set_property(screen, "display-name", display);
  set_property(screen, "use-damage", "false");  // which costs more than whole pictures, and hides what moves slowly
  set_properties(screen, source.properties);
  guint x = 0, y = 0;
  g_object_get(screen, "startx", &x, "starty", &y, nullptr);
  if (source.width > 0) g_object_set(screen, "endx", x + guint(source.width) - 1, nullptr);
  if (source.height > 0) g_object_set(screen, "endy", y + guint(source.height) - 1, nullptr);
  config::SourceConfig rate;
  rate.fps = source.fps > 0 ? source.fps : 25;
  GstElement* filter = add_element(GST_BIN(bin), "capsfilter");
  g_object_set(filter, "caps", wanted_caps(rate).get(), nullptr);
  link(screen, filter);
  add_ghost(GST_BIN(bin), filter, "src");
  return bin;
}

void link_first_video(GstElement*, GstPad* pad, gpointer next) {
  OwnedCaps caps(gst_pad_query_caps(pad, nullptr));
  const bool video = !gst_caps_is_empty(caps.get()) && !gst_caps_is_any(caps.get()) &&
                     g_str_has_prefix(gst_structure_get_name(gst_caps_get_structure(caps.get(), 0)), "video/");
  Owned<GstPad> sink(gst_element_get_static_pad(GST_ELEMENT(next), "sink"));
  if (video && !gst_pad_is_linked(sink.get())) gst_pad_link(pad, sink.get());
}

void complain_without_video(GstElement* decode, gpointer next) {
  Owned<GstPad> sink(gst_element_get_static_pad(GST_ELEMENT(next), "sink"));
  if (gst_pad_is_linked(sink.get())) return;
  GST_ELEMENT_ERROR(decode, STREAM, WRONG_TYPE, ("The source has no video that can be decoded."),
                    ("check the file; 'vireo doctor' lists missing decoders"));
}

/// Properties that cameras and servers need unless the user says otherwise.
config::Options source_properties(GstElement* element, const config::Options& given) {
  config::Options properties = given;
  GstElementFactory* factory = gst_element_get_factory(element);
  // The jitter buffer's two seconds are for playing music.
  if (factory && g_str_equal(GST_OBJECT_NAME(factory), "rtspsrc"))
    properties.try_emplace("latency", config::Option{"200", {}});
  return properties;
}

/// The element that opens the address is made later, by others: one of its kind is made here, to say what is wrong.
void check_element(const std::string& uri, const config::Options& properties) {
  GError* error = nullptr;
  GstElement* element = gst_element_make_from_uri(GST_URI_SRC, uri.c_str(), nullptr, &error);
  if (element) {
    Owned<GstElement> owned(GST_ELEMENT(gst_object_ref_sink(element)));
    set_properties(element, properties);
    return;
  }
  const std::string why = error ? without_secrets(error->message, uri) : "GStreamer doesn't say why";
  const bool unknown = error && g_error_matches(error, GST_URI_ERROR, GST_URI_ERROR_UNSUPPORTED_PROTOCOL);
  g_clear_error(&error);
  const std::string what = "source '" + safe_address(uri) + "' can't be opened: " + why;
  if (!unknown) throw Error(ErrorCode::invalid_argument, what);
  throw Error(ErrorCode::not_found,
              what +
                  "; accepted are files, directories, /dev/videoN, rtsp://, http(s)://, udp://, srt:// and others "
                  "that GStreamer has an element for, screen, vireoscene, test; 'vireo doctor' lists what is missing");
}

void set_up_source(GstElement*, GstElement* element, gpointer data) {
  try {
    set_properties(element, source_properties(element, *static_cast<config::Options*>(data)));
  } catch (const Error&) {  // another element than the one they were checked on
  }
}

/// Files and everything with a scheme: whatever GStreamer can open and decode.
GstElement* add_uri(GstBin* pipeline, const std::string& uri, const config::SourceConfig& source,
                    const std::string& name) {
  check_element(uri, source.properties);
  GstElement* bin = add_bin(pipeline, name);
  share_decoder_threads(GST_BIN(bin));
  GstElement* decode = add_element(GST_BIN(bin), "uridecodebin", "decode");
  g_object_set(decode, "uri", uri.c_str(), nullptr);
  g_signal_connect_data(
      decode, "source-setup", G_CALLBACK(set_up_source), new config::Options(source.properties),
      [](gpointer data, GClosure*) { delete static_cast<config::Options*>(data); }, GConnectFlags(0));
  // Sound and subtitles are left undecoded; their pads stay unlinked.
  g_signal_connect(decode, "autoplug-continue",
                   G_CALLBACK(+[](GstElement*, GstPad*, GstCaps* caps, gpointer) -> gboolean {
                     const char* type = gst_structure_get_name(gst_caps_get_structure(caps, 0));
                     return !g_str_has_prefix(type, "audio/") && !g_str_has_prefix(type, "text/");
                   }),
                   nullptr);
  GstElement* out = add_element(GST_BIN(bin), "identity");
  g_signal_connect(decode, "pad-added", G_CALLBACK(link_first_video), out);
  g_signal_connect(decode, "no-more-pads", G_CALLBACK(complain_without_video), out);
  GstElement* last = out;
  if (uri.starts_with("file:") && has_element("videoflip")) {  // phones turn pictures by a mark in the file
    last = add_element(GST_BIN(bin), "videoflip");
    set_property(last, "video-direction", "auto");
    link(out, last);
  }
  add_ghost(GST_BIN(bin), last, "src");
  return bin;
}

}  // namespace

bool is_generator(const std::string& uri) { return uri == "vireoscene" || uri == "test"; }

bool is_path(const std::string& uri) {
  return !is_generator(uri) && uri != "screen" && uri.find("://") == std::string::npos;
}

std::vector<std::string> find_pictures(const std::string& path) {
  std::error_code failed;
  if (!fs::is_regular_file(path, failed)) return files_in(path, kPictures);
  return is_named(path, kPictures) ? std::vector{path} : std::vector<std::string>{};
}

std::vector<std::string> find_videos(const std::string& path) {
  return find_pictures(path).empty() ? files_in(path, kVideos) : std::vector<std::string>{};
}

std::string video_file_of(const std::string& uri) {
  std::string path = uri;
  if (uri.starts_with("file://")) path = take(g_filename_from_uri(uri.c_str(), nullptr, nullptr));
  std::error_code failed;
  return fs::is_regular_file(path, failed) && find_pictures(uri).empty() ? path : "";
}

GstElement* add_source(GstBin* pipeline, const config::SourceConfig& source, const std::string& name) {
  const std::string& uri = source.uri;
  if (is_generator(uri)) {
    return add_generator(pipeline, uri == "test" ? "videotestsrc" : "vireoscene", source, name);
  }
  if (uri == "screen" || uri.starts_with("screen://")) return add_screen(pipeline, source, name);
  if (uri.starts_with("/dev/video")) return add_camera(pipeline, uri, source, name);
  if (uri.starts_with("v4l2://")) return add_camera(pipeline, uri.substr(7), source, name);
  if (uri.find("://") != std::string::npos) {
    if (!gst_uri_is_valid(uri.c_str()))
      throw Error(ErrorCode::invalid_argument, "source '" + safe_address(uri) + "' is no valid URI");
    return add_uri(pipeline, uri, source, name);
  }
  if (auto pictures = find_pictures(uri); !pictures.empty()) {
    return add_image_source(pipeline, std::move(pictures), source.fps, name);
  }
  if (const auto videos = find_videos(uri); !videos.empty()) {  // the input names each when its turn comes
    return add_uri(pipeline, take(gst_filename_to_uri(videos.front().c_str(), nullptr)), source, name);
  }
  std::error_code failed;
  if (fs::is_directory(uri, failed)) {
    throw Error(ErrorCode::not_found, "source '" + uri +
                                          "': the directory holds no pictures (jpg, png, bmp, gif, webp, tif, ppm) and "
                                          "no videos (mp4, mov, mkv, webm, avi, ts, mpg, …)");
  }
  if (!fs::exists(uri, failed)) {
    throw Error(ErrorCode::not_found,
                "source '" + uri +
                    "': no such file; accepted are a file, a directory or glob of pictures or videos, "
                    "/dev/videoN, screen, a URI (rtsp://…), vireoscene or test");
  }
  if (!fs::is_regular_file(uri, failed)) {  // opening a pipe would wait for ever
    throw Error(ErrorCode::invalid_argument, "source '" + uri + "' is neither a file nor a directory nor a camera");
  }
  return add_uri(pipeline, take(gst_filename_to_uri(uri.c_str(), nullptr)), source, name);
}

}  // namespace vireo::deployment
