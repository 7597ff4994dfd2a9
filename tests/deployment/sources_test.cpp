// Sources that are not cameras: files and playlists of a server, pictures that say how they are to be turned.

#include <algorithm>

#include "app/deployment/address.h"
#include "app/deployment/orientation.h"
#include "tests/deployment/harness.h"
#include "tests/support/http_files.h"

namespace vireo::deployment {
namespace {

/// Runs a pipeline of GStreamer's own to its end.
void make(const std::string& text) {
  load_elements();
  GError* error = nullptr;
  Owned<GstElement> pipeline(gst_parse_launch(text.c_str(), &error));
  ASSERT_EQ(error, nullptr) << error->message;
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  Owned<GstBus> bus(gst_element_get_bus(pipeline.get()));
  OwnedMessage message(
      gst_bus_timed_pop_filtered(bus.get(), 60 * GST_SECOND, GstMessageType(GST_MESSAGE_EOS | GST_MESSAGE_ERROR)));
  EXPECT_TRUE(message && GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_EOS);
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
}

constexpr char kVideo[] =
    "videotestsrc num-buffers=100 ! video/x-raw,width=320,height=240,framerate=25/1 ! x264enc speed-preset=ultrafast "
    "key-int-max=25 bframes=0 ! h264parse ! ";

bool lacks(std::initializer_list<const char*> elements) {
  load_elements();
  return !std::all_of(elements.begin(), elements.end(), has_element);
}

TEST(HttpSource, PlaysAFileOfAServerWhole) {
  if (lacks({"souphttpsrc", "x264enc", "mp4mux"})) GTEST_SKIP() << "GStreamer lacks what this takes";
  const Scratch scratch;
  make(kVideo + std::string("mp4mux ! filesink location=") + scratch.file("video.mp4"));
  const HttpFiles server(scratch.path);
  const RunStats stats = run(playing(server.uri("video.mp4") + "?token=secret"));
  EXPECT_TRUE(stats.failures.empty()) << stats.failures.front();
  EXPECT_EQ(stats.frames, 100u);
  EXPECT_GT(server.requests(), 0);
}

TEST(HttpSource, PlaysAPlaylistWhole) {
  if (lacks({"souphttpsrc", "x264enc", "hlssink2", "hlsdemux"})) GTEST_SKIP() << "GStreamer lacks what this takes";
  const Scratch scratch;
  make(kVideo + std::string("hlssink2 target-duration=1 playlist-length=0 max-files=0 location=") +
       scratch.file("part%05d.ts") + " playlist-location=" + scratch.file("list.m3u8"));
  const HttpFiles server(scratch.path);
  const RunStats stats = run(playing(server.uri("list.m3u8")));
  EXPECT_TRUE(stats.failures.empty()) << stats.failures.front();
  EXPECT_EQ(stats.frames, 100u);
  EXPECT_GT(server.requests(), 4) << "the list and its parts";
}

TEST(HttpSource, SaysWhatIsNotThere) {
  if (lacks({"souphttpsrc"})) GTEST_SKIP() << "GStreamer lacks what this takes";
  const Scratch scratch;
  const HttpFiles server(scratch.path);
  const std::string error = error_of(playing(server.uri("none.mp4") + "?token=secret"));
  EXPECT_NE(error.find(server.uri("none.mp4")), std::string::npos) << error;
  EXPECT_NE(error.find("check the path"), std::string::npos) << error;
  EXPECT_EQ(error.find("secret"), std::string::npos) << error;
}

TEST(HttpSource, ThatIsSaidToBeACameraIsOpenedAnewWhenItEnds) {
  if (lacks({"souphttpsrc", "x264enc", "mp4mux"})) GTEST_SKIP() << "GStreamer lacks what this takes";
  const Scratch scratch;
  make(kVideo + std::string("mp4mux ! filesink location=") + scratch.file("video.mp4"));
  const HttpFiles server(scratch.path);
  config::DeploymentConfig config = playing(server.uri("video.mp4"));
  first(config).source.live = true;
  EXPECT_TRUE(kind_of(first(config).source.uri, true).live);
  Deployment deployment;
  deployment.apply(config);
  EXPECT_TRUE(eventually([&] { return find(deployment.snapshot(), "street").restarts > 1; }));
  EXPECT_FALSE(deployment.done());
}

// ---- orientation ---------------------------------------------------------------------------------------------------

std::string exif(int orientation, bool little) {
  const std::string order = little ? std::string("II*\0\x08\0\0\0", 8) : std::string("MM\0*\0\0\0\x08", 8);
  const auto word = [&](int value) {
    return little ? std::string{char(value & 255), char(value >> 8)} : std::string{char(value >> 8), char(value & 255)};
  };
  const auto wide = [&](int value) { return little ? word(value) + word(0) : word(0) + word(value); };
  return order + word(2) + word(0x0100) + word(4) + wide(1) + wide(320) + word(0x0112) + word(3) + wide(1) +
         word(orientation) + word(0) + wide(0);
}

std::string contents(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void write(const std::string& file, const std::string& bytes) { std::ofstream(file, std::ios::binary) << bytes; }

std::string jpeg_with(const std::string& jpeg, const std::string& mark) {
  const std::string segment = std::string("Exif\0\0", 6) + mark;
  const auto size = segment.size() + 2;
  return jpeg.substr(0, 2) + "\xff\xe1" + char(size >> 8) + char(size & 255) + segment + jpeg.substr(2);
}

TEST(Orientation, IsFoundInEveryKindOfFileAndDamageIsNone) {
  const Scratch scratch;
  const std::string file = scratch.file("picture");
  for (int orientation = 1; orientation <= 8; ++orientation) {
    for (const bool little : {false, true}) {
      const std::string mark = exif(orientation, little);
      write(file, jpeg_with("\xff\xd8\xff\xe0" + std::string("\0\x04xx", 4) + "\xff\xda", mark));
      EXPECT_EQ(exif_orientation(file), orientation);
      write(file, "\x89PNG\r\n\x1a\n" + std::string("\0\0\0\x02teXtab....", 14) + std::string("\0\0\0", 3) +
                      char(mark.size()) + "eXIf" + mark + "....");
      EXPECT_EQ(exif_orientation(file), orientation);
      write(file, "RIFF....WEBPVP8X" + std::string("\x03\0\0\0abc\0", 8) + "EXIF" + char(mark.size()) +
                      std::string(3, '\0') + mark);
      EXPECT_EQ(exif_orientation(file), orientation);
    }
  }
  const std::string good = jpeg_with("\xff\xd8\xff\xda", exif(6, true));
  for (std::size_t size = 0; size < good.size() - 14; ++size) {
    write(file, good.substr(0, size));
    EXPECT_EQ(exif_orientation(file), 1) << "cut at " << size;
  }
  for (int value : {0, 9, 255}) {
    write(file, jpeg_with("\xff\xd8\xff\xda", exif(value, false)));
    EXPECT_EQ(exif_orientation(file), 1);
  }
  EXPECT_EQ(exif_orientation(scratch.path), 1);
}

/// Where the bright quarter of the frame is: 0 to 3, row by row.
struct Shown {
  int width = 0, height = 0, bright = -1;
};
Shown shown(const std::string& file) {
  config::DeploymentConfig config = playing(file);
  first(config).sinks.clear();
  first(config).draw = false;
  const Scratch out;
  add_sink(first(config), "snapshot:" + out.file("seen-%05d.png"));
  first(config).sinks.back().properties["every"] = {"0", {}};
  EXPECT_EQ(error_of(config), "no error");
  Shown shown;
  Owned<GstElement> pipeline(
      gst_parse_launch("filesrc name=file ! pngdec ! videoconvert ! video/x-raw,format=GRAY8 ! "
                       "appsink name=out sync=false",
                       nullptr));
  Owned<GstElement> source(gst_bin_get_by_name(GST_BIN(pipeline.get()), "file")),
      sink(gst_bin_get_by_name(GST_BIN(pipeline.get()), "out"));
  g_object_set(source.get(), "location", out.file("seen-00000.png").c_str(), nullptr);
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  GstSample* sample = nullptr;
  g_signal_emit_by_name(sink.get(), "pull-sample", &sample);
  if (sample) {
    const GstStructure* caps = gst_caps_get_structure(gst_sample_get_caps(sample), 0);
    gst_structure_get_int(caps, "width", &shown.width);
    gst_structure_get_int(caps, "height", &shown.height);
    GstMapInfo map;
    gst_buffer_map(gst_sample_get_buffer(sample), &map, GST_MAP_READ);
    const int stride = (shown.width + 3) / 4 * 4;
    for (int quarter = 0; quarter < 4; ++quarter) {
      const int x = shown.width / 4 + (quarter % 2) * shown.width / 2;
      const int y = shown.height / 4 + (quarter / 2) * shown.height / 2;
      if (map.data[y * stride + x] > 128) shown.bright = quarter;
    }
    gst_buffer_unmap(gst_sample_get_buffer(sample), &map);
    gst_sample_unref(sample);
  }
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  return shown;
}

TEST(Orientation, OfAPictureIsFollowed) {
  if (lacks({"videoflip", "jpegenc", "pngenc", "videobox"})) GTEST_SKIP() << "GStreamer lacks what this takes";
  const Scratch scratch;
  // 320 x 240, bright at the upper left.
  make(
      "videotestsrc num-buffers=1 pattern=white ! video/x-raw,format=I420,width=160,height=120 ! "
      "videobox right=-160 bottom=-120 fill=black ! jpegenc ! filesink location=" +
      scratch.file("plain.jpg"));
  const std::string plain = contents(scratch.file("plain.jpg"));
  static constexpr int kBright[] = {0, 1, 3, 2, 0, 1, 3, 2};  // by Exif's definition
  for (int orientation = 1; orientation <= 8; ++orientation) {
    SCOPED_TRACE(orientation);
    const std::string file = scratch.file("turned.jpg");
    write(file, jpeg_with(plain, exif(orientation, true)));
    const Shown seen = shown(file);
    EXPECT_EQ(seen.width, orientation > 4 ? 240 : 320);
    EXPECT_EQ(seen.height, orientation > 4 ? 320 : 240);
    EXPECT_EQ(seen.bright, kBright[orientation - 1]);
  }
}

}  // namespace
}  // namespace vireo::deployment
