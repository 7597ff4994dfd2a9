// Deployment and model files: what is read, and what their errors say.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "app/deployment/config.h"
#include "config/deployment.pb.h"
#include "config/loader.h"
#include "config/model.pb.h"
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

template <typename Message>
std::string error_of(const std::string& text) {
  const File file(text);
  Message message;
  try {
    config::load(file.path, message);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Deployment, BecomesAPipelineWithPathsSeenFromItsFolder) {
  const File file(R"(
    source { uri: "clip.mp4" name: "door" }
    source { uri: "rtsp://camera/1" }
    inference { model: "net.onnx" batch_size: 4 max_delay_ms: 7.5 score: 0 classes: "car" classes: "person"
                option { key: "align" value: "center" } }
    draw { property { key: "thickness" value: "3" } }
    sink: "out/video.mp4"  sink: "jsonl:out.jsonl"  sink: "display"
    max_frames: 10)");
  config::Deployment deployment;
  config::load(file.path, deployment);
  const deployment::PipelineConfig config = deployment::from_deployment(deployment);
  ASSERT_EQ(config.sources.size(), 2u);
  EXPECT_EQ(config.sources[0].uri, (file.folder / "clip.mp4").string());
  EXPECT_EQ(config.sources[0].name, "door");
  EXPECT_EQ(config.sources[1].uri, "rtsp://camera/1");
  EXPECT_EQ(config.infer.at("model"), (file.folder / "net.onnx").string());
  EXPECT_EQ(config.infer.at("batch-size"), "4");
  EXPECT_EQ(config.infer.at("max-delay"), "7.5");
  EXPECT_EQ(config.infer.at("score-threshold"), "0") << "zero was asked for";
  EXPECT_EQ(config.infer.at("classes"), "car,person");
  EXPECT_EQ(config.infer.at("options"), "align=center");
  EXPECT_FALSE(config.infer.contains("threads"));
  EXPECT_TRUE(config.draw);
  EXPECT_EQ(config.draw_properties.at("thickness"), "3");
  const std::vector<std::string> sinks = {(file.folder / "out/video.mp4").string(),
                                          "jsonl:" + (file.folder / "out.jsonl").string(), "display"};
  EXPECT_EQ(config.sinks, sinks);
  EXPECT_EQ(config.max_frames, 10u);
}

TEST(Deployment, TakesAModelFileAndWinsOverIt) {
  const File model(R"(network: "net.onnx" decoder: "yolox" label: "a" label: "b" score: 0.5
                      input { size: "320x240" mean: 127 mean: 127 mean: 127 scale: 0.0078125 pad: 0 })",
                   "model.pbtxt");
  std::ofstream(model.folder / "d.pbtxt") << R"(source { uri: "test" } inference { model: "model.pbtxt" score: 0.25 })";
  config::Deployment deployment;
  config::load(model.folder / "d.pbtxt", deployment);
  const auto infer = deployment::from_deployment(deployment).infer;
  EXPECT_EQ(infer.at("model"), (model.folder / "net.onnx").string());
  EXPECT_EQ(infer.at("decoder"), "yolox");
  EXPECT_EQ(infer.at("labels"), "a,b");
  EXPECT_EQ(infer.at("input-size"), "320x240");
  EXPECT_EQ(infer.at("mean"), "127,127,127");
  EXPECT_EQ(infer.at("scale"), "0.0078125");
  EXPECT_EQ(infer.at("options"), "pad=0");
  EXPECT_EQ(infer.at("score-threshold"), "0.25");
}

TEST(Deployment, NamesFileLineAndAcceptedFieldsInErrors) {
  std::string error = error_of<config::Deployment>("source { uri: \"a\" }\ninference {\n  modell: \"x\"\n}\n");
  EXPECT_NE(error.find("test.pbtxt:3:"), std::string::npos) << error;
  EXPECT_NE(error.find("modell"), std::string::npos) << error;
  EXPECT_NE(error.find("max_delay_ms"), std::string::npos) << error;
  error = error_of<config::Deployment>("source {\n  width: wide\n}\n");
  EXPECT_NE(error.find("test.pbtxt:2:"), std::string::npos) << error;
  EXPECT_NE(error_of<config::Deployment>("").find("no source"), std::string::npos);
  EXPECT_NE(error_of<config::Deployment>("source { uri: \"test\" }").find("no model"), std::string::npos);
  EXPECT_NE(error_of<config::Deployment>(std::string("\x00\xff\x13 { {", 7)), "no error");
  EXPECT_NE(error_of<config::Model>("input { mean: [1, 2").find("test.pbtxt:1:"), std::string::npos);
  config::Deployment deployment;
  EXPECT_THROW(config::load("/nowhere/x.pbtxt", deployment), Error);
}

TEST(Deployment, ExampleOfTheRepositoryIsGood) {
  config::Deployment deployment;
  config::load(VIREO_SOURCE_DIR "/config/deployments/example.pbtxt", deployment);
  const auto pipeline = deployment::from_deployment(deployment);
  EXPECT_EQ(pipeline.sources.size(), 2u);
  EXPECT_TRUE(fs::exists(pipeline.infer.at("model")));
}

}  // namespace
}  // namespace vireo
