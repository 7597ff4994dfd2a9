// Deployment and model files: what is read, and what their errors say.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "app/deployment/deployment.h"
#include "app/deployment/elements.h"
#include "app/deployment/gst_objects.h"
#include "app/deployment/sinks.h"
#include "config/loader.h"
#include "engine/api/error.h"

namespace vireo {
namespace {

namespace fs = std::filesystem;

/// A folder with one file in it, gone with the test.
struct File {
  fs::path folder, path;
  explicit File(const std::string& text, const char* file = "test.pbtxt") {
    std::string name = (fs::temp_directory_path() / "vireo-config-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
    folder = name;
    path = folder / file;
    std::ofstream(path) << text;
  }
  ~File() {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }
};

config::DeploymentConfig load(const fs::path& path) {
  deployment::load_elements();
  return config::load_deployment(path, deployment::element_knobs());
}

std::string error_of(const std::string& text) {
  const File file(text);
  try {
    (void)load(file.path);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

/// What is wrong with a configuration that can be read.
std::string refusal_of(const std::string& text) {
  const File file(text);
  try {
    const config::DeploymentConfig config = load(file.path);
    deployment::Deployment::check(config);
    deployment::Ledger ledger;
    for (const config::StreamConfig& stream : deployment::resolved(config).streams) {
      const deployment::Stream made(stream, ledger, {});
    }
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

const std::string kStage = "stage { infer { model: \"" VIREO_SOURCE_DIR "/config/models/demo/street.onnx\" } }";

TEST(Config, SeesPathsFromItsFolder) {
  const File file(R"(
    stream {
      name: "door"
      source { uri: "clip.mp4" loop: true stall_timeout: 2.5 }
      stage { infer { model: "net.onnx" batch_size: 4 max_delay: 7.5 score_threshold: 0 classes: "car,person"
                      qos: false drop_policy: "newest" options: "align=center" } }
      draw { thickness: 3 boxes: false }
      sink { to: "out/video.mp4" }  sink { to: "jsonl:out.jsonl" }  sink { to: "display" }
      max_frames: 10
    }
    stream { source { uri: "rtsp://camera/1" property { key: "protocols" value: "tcp" } }
             stage { infer { model: "net.onnx" } } })");
  const config::DeploymentConfig config = deployment::resolved(load(file.path));
  ASSERT_EQ(config.streams.size(), 2u);
  const config::StreamConfig& door = config.streams[0];
  EXPECT_EQ(door.name, "door");
  EXPECT_EQ(door.source.uri, (file.folder / "clip.mp4").string());
  EXPECT_TRUE(door.source.loop);
  EXPECT_EQ(door.source.stall_timeout_s, 2.5);
  const config::Options& infer = door.stages.at(0).properties;
  const auto value = [&](const char* name) { return infer.at(name).value; };
  EXPECT_EQ(value("model"), (file.folder / "net.onnx").string());
  EXPECT_EQ(value("batch-size"), "4");
  EXPECT_EQ(value("max-delay"), "7.5");
  EXPECT_EQ(value("score-threshold"), "0") << "zero was asked for";
  EXPECT_EQ(value("classes"), "car,person");
  EXPECT_EQ(value("qos"), "false");
  EXPECT_EQ(value("drop-policy"), "newest");
  EXPECT_EQ(value("options"), "align=center");
  EXPECT_FALSE(infer.contains("threads"));
  EXPECT_TRUE(door.draw);
  EXPECT_EQ(door.draw_properties.at("thickness").value, "3");
  EXPECT_EQ(door.draw_properties.at("boxes").value, "false");
  std::vector<std::string> sinks;
  for (const config::SinkConfig& sink : door.sinks) sinks.push_back(sink.to);
  EXPECT_EQ(sinks, (std::vector<std::string>{(file.folder / "out/video.mp4").string(),
                                             "jsonl:" + (file.folder / "out.jsonl").string(), "display"}));
  EXPECT_EQ(door.max_frames, 10u);
  EXPECT_EQ(config.streams[1].name, "stream1");
  EXPECT_EQ(config.streams[1].source.uri, "rtsp://camera/1");
  EXPECT_EQ(config.streams[1].source.properties.at("protocols").value, "tcp");
  EXPECT_FALSE(config.streams[1].draw);
}

TEST(Config, FillsWhatStreamsLeaveOpenFromTheDefaults) {
  const File file(R"(
    defaults { source { stall_timeout: 3 } stage { infer { model: "net.onnx" score_threshold: 0.5 threads: 2 } }
               draw { thickness: 2 } sink { to: "all.mp4" } sink { to: "jsonl:all.jsonl" } max_frames: 7 }
    stream { name: "a" source { uri: "test" } stage { infer { score_threshold: 0 } } max_frames: 0 }
    stream { name: "b" source { uri: "test" stall_timeout: 0 } sink { to: "b.mp4" } draw { boxes: false } })");
  const config::DeploymentConfig config = deployment::resolved(load(file.path));
  const config::StreamConfig &a = config.streams.at(0), &b = config.streams.at(1);
  EXPECT_EQ(a.stages[0].properties.at("score-threshold").value, "0");
  EXPECT_EQ(a.stages[0].properties.at("threads").value, "2");
  EXPECT_EQ(a.source.stall_timeout_s, 3);
  EXPECT_EQ(a.max_frames, 0u);
  ASSERT_EQ(a.sinks.size(), 2u);
  EXPECT_EQ(a.sinks[0].to, (file.folder / "all-a.mp4").string()) << "a file of its own";
  EXPECT_EQ(a.sinks[1].to, "jsonl:" + (file.folder / "all.jsonl").string());
  EXPECT_EQ(b.stages[0].properties.at("score-threshold").value, "0.5");
  EXPECT_EQ(b.source.stall_timeout_s, 0);
  EXPECT_EQ(b.max_frames, 7u);
  ASSERT_EQ(b.sinks.size(), 1u);
  EXPECT_EQ(b.sinks[0].to, (file.folder / "b.mp4").string());
  EXPECT_EQ(b.draw_properties.at("thickness").value, "2");
  EXPECT_EQ(b.draw_properties.at("boxes").value, "false");
}

TEST(Config, AcceptsEveryPropertyOfTheElements) {
  for (const auto& [message, knobs] : (deployment::load_elements(), deployment::element_knobs())) {
    EXPECT_GT(knobs.size(), 5u) << message;
    std::string fields;
    for (const config::Knob& knob : knobs) {
      std::string name = knob.name;
      for (char& c : name)
        if (c == '-') c = '_';
      using Type = config::Knob::Type;
      fields += name + (knob.type == Type::boolean ? ": true " : knob.type == Type::text ? ": \"x\" " : ": 1 ");
    }
    const bool infer = message == "Infer";
    EXPECT_EQ(error_of("stream { source { uri: \"test\" } " +
                       (infer ? "stage { infer { " + fields + " } }" : kStage + " draw { " + fields + "}") + " }"),
              "no error");
  }
}

TEST(Config, TakesAModelFileAndWinsOverIt) {
  const File model(R"(network: "net.onnx" decoder: "yolox" label: "a" label: "b" score: 0.5
                      input { size: "320x240" mean: 127 mean: 127 mean: 127 scale: 0.0078125 pad: 0 })",
                   "model.pbtxt");
  std::ofstream(model.folder / "d.pbtxt") << R"(stream { source { uri: "test" }
      stage { infer { model: "model.pbtxt" score_threshold: 0.25 } } })";
  const config::DeploymentConfig config = load(model.folder / "d.pbtxt");
  const config::Options& infer = config.streams.at(0).stages.at(0).properties;
  const auto value = [&](const char* name) { return infer.at(name).value; };
  EXPECT_EQ(value("model"), (model.folder / "net.onnx").string());
  EXPECT_EQ(value("decoder"), "yolox");
  EXPECT_EQ(value("labels"), "a,b");
  EXPECT_EQ(value("input-size"), "320x240");
  EXPECT_EQ(value("mean"), "127,127,127");
  EXPECT_EQ(value("scale"), "0.0078125");
  EXPECT_EQ(value("options"), "pad=0");
  EXPECT_EQ(value("score-threshold"), "0.25");
  ASSERT_EQ(config.files.size(), 2u);
  EXPECT_EQ(config.files[1].second, (model.folder / "model.pbtxt").string());
}

TEST(Config, NamesFileLineAndAcceptedFieldsInErrors) {
  const auto expect = [](const std::string& error, std::initializer_list<const char*> words) {
    for (const char* word : words) EXPECT_NE(error.find(word), std::string::npos) << error << "\n  has no " << word;
  };
  expect(error_of("stream {\n stage { infer {\n  modell: \"x\"\n} } }\n"), {"test.pbtxt:3:", "modell", "max_delay"});
  expect(error_of("stream { source {\n  width: wide\n} }\n"), {"test.pbtxt:2:"});
  expect(error_of("stream { source {\n  width: -4 uri: \"test\" } " + kStage + " }"),
         {"test.pbtxt:2:3: width", "-4", "0 or more"});
  expect(error_of("stream { source { uri: \"test\" } stage { infer { model: \"x\" batch_size: 2.5 } } }"),
         {"test.pbtxt:1:"});
  expect(error_of(""), {"no stream"});
  expect(error_of("stream { source { uri: \"test\" } }"), {"test.pbtxt:1:1", "no model"});
  expect(error_of("stream { " + kStage + " }"), {"test.pbtxt:1:1", "without a source"});
  expect(error_of("inference { model: \"x\" }"), {"test.pbtxt:1:", "a stage of a stream"});
  expect(error_of("source { uri: \"x\" }"), {"belongs to a stream"});
  expect(error_of("defaults { name: \"x\" } stream { source { uri: \"test\" } " + kStage + " }"), {"test.pbtxt:1:12"});
  EXPECT_NE(error_of(std::string("\x00\xff\x13 { {", 7)), "no error");
  EXPECT_THROW((void)load("/nowhere/x.pbtxt"), Error);
  const File model("input { mean: [1, 2", "model.pbtxt");
  config::Options infer;
  EXPECT_THROW(config::apply_model_file(model.path, infer), Error);
}

TEST(Config, NamesTheFilesOwnWordsWhereAValueIsNotAccepted) {
  const auto stream = [](const std::string& words) {
    return "stream {\n source { uri: \"test\" }\n stage { infer { model: \"" VIREO_SOURCE_DIR
           "/config/models/demo/street.onnx\"\n  " +
           words + " } }\n sink { to: \"none\" } }";
  };
  EXPECT_EQ(refusal_of(stream("score_threshold: 0.5")), "no error");
  const std::string error = refusal_of(stream("score_threshold: 7"));
  EXPECT_NE(error.find("test.pbtxt:4:3: score_threshold: found '7', accepted is a number in -1..1"), std::string::npos)
      << error;
  EXPECT_NE(refusal_of(stream("drop_policy: \"some\"")).find("test.pbtxt:4:3: drop_policy"), std::string::npos);
  const std::string sink = refusal_of("stream { source { uri: \"test\" } " + kStage + "\n sink { to: \"what.xyz\" } }");
  EXPECT_NE(sink.find("test.pbtxt:2:"), std::string::npos) << sink;
  const std::string names = refusal_of("stream { name: \"a\" source { uri: \"test\" } " + kStage +
                                       " }\nstream { name: \"a\" source { uri: \"test\" } " + kStage + " }");
  EXPECT_NE(names.find("test.pbtxt:2:10: two streams are named 'a', the other one at"), std::string::npos) << names;
  const std::string missing = refusal_of("stream { source {\n uri: \"none.mp4\" } " + kStage + " }");
  EXPECT_NE(missing.find("test.pbtxt:2:2: source"), std::string::npos) << missing;
}

TEST(Config, WordsThatAreWrongAreFoundBeforeAnythingIsOpened) {
  const char* const scene = "uri: \"vireoscene\"";
  const char* const none = "to: \"none\"";
  const auto property = [](const char* name, const char* value) {
    return "\nproperty { key: \"" + std::string(name) + "\" value: \"" + value + "\" }";
  };
  struct Case {
    std::string source, stage, sink;
    std::vector<const char*> said;
  };
  const std::vector<Case> cases = {
      // sources, also those that are not opened until later
      {"uri: \"rtsp://x/y\"" + property("latencyy", "3"), "", none, {":2:1: rtspsrc", "did you mean 'latency'?"}},
      {"uri: \"rtsp://x/y\"" + property("latency", "-3"), "", none, {":2:1: latency: found '-3'", "0 or more"}},
      {"uri: \"rtsp://x/y\"" + property("protocols", "tcpp"), "", none, {":2:1: protocols", "udp", "a+b"}},
      {"uri: \"/dev/video77\"" + property("io-mod", "3"), "", none, {":2:1: v4l2src", "io-mode"}},
      {"live: true " + std::string(scene) + property("seed", "x"), "", none, {":2:1: seed", "whole number"}},
      {"uri: \"screen\"" + property("use-damag", "x"), "", none, {":2:1: ximagesrc", "use-damage"}},
      {"\nuri: \"rtsp://[x\"", "", none, {":2:1: source"}},
      {"\nuri: \"foo://x\"", "", none, {":2:1: source", "foo", "accepted are"}},
      // stages
      {scene, "\ndecoder: \"yoloxx\"", none, {":2:1: decoder: found 'yoloxx', accepted are auto, none"}},
      {scene, "\nlabels: \"none.txt\"", none, {":2:1: labels", "none.txt"}},
      {scene, "\ndevice: \"gpu7\"", none, {":2:1: device: found 'gpu7'", "opencl:N"}},
      {scene, "\noptions: \"pda=0\"", none, {":2:1: options", "'pda'", "pad"}},
      {scene, "\ninput_size: \"axb\"", none, {":2:1: input_size", "WxH"}},
      {scene, "\nmean: \"1,x\"", none, {":2:1: mean", "numbers"}},
      {scene, "\nresize: \"fit\"", none, {":2:1: resize", "letterbox"}},
      {scene, "\nthreads: 5000", none, {":2:1: threads", "0..1024"}},
      // sinks, and what they hand on
      {scene, "", "to: \"a.mp4\"" + property("quantizerr", "3"), {":2:1: ", "no property 'quantizerr'; did you mean"}},
      {scene,
       "",
       "to: \"a.mp4\"" + property("key-int-max", "-1"),
       {":2:1: key-int-max: found '-1', accepted is a whole"}},
      {scene, "", "to: \"a.mp4\"" + property("name", "x"), {":2:1: ", "no property 'name'"}},
      {scene, "", "to: \"a-%05d.mp4\"" + property("segment", "0"), {":2:1: segment"}},
      {scene,
       "",
       "to: \"clip:a-%05d.mp4\"" + property("when", "*") + " " + property("before", "61s"),
       {":3:1: before"}},
      {scene, "", "\nto: \"clip:a-%05d.mp4\"", {":2:1: ", "which events"}},
      {scene, "", "to: \"jsonl:a\"" + property("options", "flush_line=1"), {":2:1: ", "'flush_line'", "flush_lines"}},
      {scene, "", "to: \"jsonl:a\"" + property("options", "flush_lines=0"), {":2:1: ", "1..100000"}},
      {scene, "", "\nto: \"rtsp://:8554/\"", {":2:1: ", "names no stream"}},
      {scene, "", "to: \"none\"" + property("a", "b"), {":2:1: ", "no property 'a'"}},
      {scene, "", "to: \"display\"" + property("a", "b"), {":2:1: ", "no property 'a'"}},
  };
  for (const Case& c : cases) {
    if (c.sink.find("a.mp4") != std::string::npos && !deployment::has_element("x264enc")) continue;
    const std::string text = "stream { source { " + c.source +
                             " } stage { infer { model: \"" VIREO_SOURCE_DIR "/config/models/demo/street.onnx\" " +
                             c.stage + " } } sink { " + c.sink + " } }";
    const std::string error = refusal_of(text);
    for (const char* part : c.said) EXPECT_NE(error.find(part), std::string::npos) << text << "\n" << error;
  }
}

TEST(Config, ExamplesOfTheRepositoryAreGood) {
  int examples = 0;
  for (const auto& entry : fs::directory_iterator(VIREO_SOURCE_DIR "/config/deployments")) {
    SCOPED_TRACE(entry.path());
    const config::DeploymentConfig config = load(entry.path());
    EXPECT_FALSE(config.streams.empty());
    deployment::Ledger ledger;
    for (const config::StreamConfig& stream : config.streams) {
      EXPECT_TRUE(fs::exists(stream.stages.at(0).properties.at("model").value));
      config::StreamConfig alone = stream;
      alone.sinks.clear();  // their folders may not be there yet
      const deployment::Stream made(alone, ledger, {});
    }
    ++examples;
  }
  EXPECT_GE(examples, 3);
}

}  // namespace
}  // namespace vireo
