// Files that end before their time: all their frames are processed, and the user is told. Real footage, which is whole,
// is looked for beside the repository and skipped where it is missing.

#include "app/deployment/truncation.h"

#include <algorithm>
#include <fstream>

#include "tests/deployment/harness.h"

namespace vireo::deployment {
namespace {

std::string contents(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(Truncation, SaysThatAFileWasCutOffBehindTheFramesThatAreThere) {
  Scratch scratch;
  config::DeploymentConfig config = scene(120);
  add_sink(first(config), scratch.file("whole.mp4"));
  add_sink(first(config), scratch.file("whole.mkv"));
  (void)run(config);
  for (const char* kind : {".mp4", ".mkv"}) {
    SCOPED_TRACE(kind);
    const std::string whole = scratch.file("whole") + kind, half = scratch.file("half") + kind;
    const RunStats all = run(playing(whole));
    EXPECT_EQ(all.frames, 120u);
    EXPECT_TRUE(all.cut_short.empty()) << all.cut_short[0];
    const std::string bytes = contents(whole);
    std::ofstream(half, std::ios::binary) << bytes.substr(0, bytes.size() / 2);
    config = playing(half);
    add_sink(first(config), scratch.file("copy.mp4"));
    const RunStats part = run(config);
    EXPECT_GT(part.frames, 20u);
    EXPECT_LT(part.frames, 110u);
    EXPECT_EQ(read_back(scratch.file("copy.mp4")).frames, part.frames) << "all of them are kept";
    ASSERT_EQ(part.cut_short.size(), 1u);
    EXPECT_NE(part.cut_short[0].find(half), std::string::npos);
    EXPECT_NE(part.cut_short[0].find("it has " + std::to_string(bytes.size() / 2) + " bytes"), std::string::npos);
    EXPECT_NE(to_json(part).find("ended early"), std::string::npos);
    config = playing("file://" + half);
    first(config).max_frames = 5;
    EXPECT_TRUE(run(config).cut_short.empty()) << "no more than these frames were asked for";
  }
}

TEST(Truncation, SaysThatAVideoIsShorterThanItsFileStates) {
  Scratch scratch;
  config::DeploymentConfig config = scene(120);
  add_sink(first(config), scratch.file("whole.mp4"));
  (void)run(config);
  std::string bytes = contents(scratch.file("whole.mp4"));
  std::fill(bytes.begin() + std::ptrdiff_t(bytes.size() / 2), bytes.end(), '\0');  // a download that left a hole
  std::ofstream(scratch.file("hole.mp4"), std::ios::binary) << bytes;
  const RunStats part = run(playing(scratch.file("hole.mp4")));
  EXPECT_GT(part.frames, 20u);
  EXPECT_LT(part.frames, 110u);
  ASSERT_EQ(part.cut_short.size(), 1u);
  EXPECT_NE(part.cut_short[0].find("it should be 4.00 s long"), std::string::npos) << part.cut_short[0];
}

TEST(Truncation, NamesTheCutWhereAnIndexAtTheEndIsMissing) {
  Scratch scratch;
  load_elements();
  const std::string file = scratch.file("index-last.mp4"),
                    text = "vireoscene num-buffers=30 ! videoconvert ! jpegenc ! qtmux ! filesink location=" + file;
  Owned<GstElement> writer(gst_parse_launch(text.c_str(), nullptr));
  gst_element_set_state(writer.get(), GST_STATE_PLAYING);
  Owned<GstBus> bus(gst_element_get_bus(writer.get()));
  gst_message_unref(
      gst_bus_timed_pop_filtered(bus.get(), 20 * GST_SECOND, GstMessageType(GST_MESSAGE_EOS | GST_MESSAGE_ERROR)));
  gst_element_set_state(writer.get(), GST_STATE_NULL);
  EXPECT_EQ(missing_end(file), "");
  fs::resize_file(file, fs::file_size(file) / 2);
  const std::string error = error_of(playing(file));
  EXPECT_NE(error.find("was cut off: it has"), std::string::npos) << error;
  EXPECT_EQ(error.find("no frame has come"), std::string::npos) << "it waited until it stalled: " << error;
}

TEST(Truncation, KnowsFormatsByTheirStructure) {
  Scratch scratch;
  const auto missing = [&](const std::string& bytes) {
    std::ofstream(scratch.file("x"), std::ios::binary) << bytes;
    return missing_end(scratch.file("x"));
  };
  using namespace std::string_literals;
  const std::string avi = "RIFF\x0c\0\0\0AVI 12345678"s, packet = "\x47" + std::string(187, 'p');
  EXPECT_EQ(missing(avi), "");
  EXPECT_EQ(missing(avi + "junk behind the chunk"), "");
  EXPECT_EQ(missing(avi.substr(0, 15)), "it has 15 bytes, its RIFF chunk ends at 20");
  EXPECT_EQ(missing("RIFF\0\0\0\0AVI 1234"s), "") << "a size that was never filled in";
  EXPECT_EQ(missing(packet + packet + packet + packet), "");
  EXPECT_EQ(missing(packet + packet + packet + packet + packet.substr(0, 100)),
            "it has 852 bytes, its last transport packet ends at 940");
  const std::string ebml = "\x1a\x45\xdf\xa3\x80"s, open = "\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff"s;
  EXPECT_EQ(missing(ebml + "\x18\x53\x80\x67\x82"
                           "ab"s),
            "");
  EXPECT_EQ(missing(ebml + "\x18\x53\x80\x67\x84"
                           "ab"s),
            "it has 12 bytes, its segment ends at 14");
  EXPECT_EQ(missing(ebml + open +
                    "\xa3\x82"
                    "ab"s),
            "")
      << "as a live recorder leaves it";
  EXPECT_NE(missing(ebml + open +
                    "\xa3\x84"
                    "ab"s),
            "");
  const std::string boxes =
      "\0\0\0\x08"
      "ftyp\0\0\0\x08"
      "moov"s;
  EXPECT_EQ(missing(boxes + "\0\0\0\0"
                            "mdat12"s),
            "")
      << "up to the end, wherever that is";
  EXPECT_EQ(missing(boxes + "\0\0\0\x0c"
                            "mdat12"s),
            "it has 26 bytes, its 'mdat' box ends at 28");
  for (const char* junk :
       {"\r\n--------multipart", "TAG My Video Title, 2026", "a log line that went to the wrong place"}) {
    EXPECT_EQ(missing(boxes + junk), "") << junk;
    EXPECT_EQ(missing(ebml + "\x18\x53\x80\x67\x82" + "ab" + junk), "") << junk;
  }
  const std::string picture =
      "\0\0\0\x08"
      "ftyp\0\0\0\x08"
      "meta"s;
  EXPECT_EQ(missing(picture), "") << "a picture has no moov";
  EXPECT_EQ(missing(boxes + "\0\0\0\x01"
                            "mdat\0\0\0\0\0\0\0\x20"
                            "12"s),
            "it has 34 bytes, its 'mdat' box ends at 48");
  for (const char* other : {"", "abc", "no video at all"}) EXPECT_EQ(missing(other), "");
  EXPECT_EQ(missing_end("/nowhere/file.mp4"), "");
}

TEST(Truncation, TakesWholeVideosForWhole) {
  const fs::path codecs = kAssets / "video/codecs";
  if (!fs::is_directory(codecs)) GTEST_SKIP() << "no assets";
  for (const auto& entry : fs::directory_iterator(codecs)) {
    EXPECT_EQ(missing_end(entry.path()), "");
    config::DeploymentConfig config = playing(entry.path().string());
    set(infer(config), "interval", "1000");
    for (const std::string& sentence : run(config).cut_short) ADD_FAILURE() << sentence;
  }
}

}  // namespace
}  // namespace vireo::deployment
