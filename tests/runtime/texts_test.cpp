// String tensors: the table of texts, and networks over them, built, saved and run.
#include "engine/api/text.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "engine/api/builder.h"
#include "engine/api/engine.h"
#include "engine/api/tensor_file.h"
#include "engine/graph/graph.h"
#include "engine/graph/text.h"
#include "engine/ops/table.h"

namespace vireo {
namespace {

using Texts = std::vector<std::string>;
using Ids = std::vector<std::uint64_t>;

Ids ids_of(const Texts& texts) {
  Ids ids;
  for (const std::string& text : texts) ids.push_back(text_id(text));
  return ids;
}

Network::Tensor add_texts(Network& network, const std::string& name, const Texts& texts) {
  const Ids ids = ids_of(texts);
  return network.add_constant(name, DataType::string, {static_cast<std::int64_t>(ids.size())}, ids.data(),
                              ids.size() * sizeof(ids[0]));
}

/// Written and read again, so that nothing is left of the network that was built.
std::shared_ptr<Engine> engine_of(const Network& network, const std::string& name) {
  const auto path = std::filesystem::temp_directory_path() / ("vireo-texts-" + name + std::to_string(getpid()));
  BuildOptions options;
  options.budget_s = 0;
  build(network, options).save(path);
  auto engine = Engine::load(path);
  std::filesystem::remove(path);
  return engine;
}

void give(Context& context, const std::string& input, const Texts& texts) {
  const Ids ids = ids_of(texts);
  context.set_shape(input, {static_cast<std::int64_t>(ids.size())});
  context.allocate(input).write(ids.data(), ids.size() * sizeof(ids[0]));
}

void run(Context& context, const Engine& engine) {
  for (const TensorInfo& output : engine.outputs())
    if (is_static(context.shape(output.name))) (void)context.allocate(output.name);
  const Status status = context.run();
  ASSERT_TRUE(status.ok()) << status.message();
}

Texts texts_in(Context& context, const std::string& output) {
  Texts texts;
  const Buffer buffer = context.result(output);
  const std::int64_t count = element_count(context.shape(output));
  for (std::int64_t i = 0; i < count; ++i) texts.emplace_back(text_of(buffer.as<std::uint64_t>()[i]));
  return texts;
}

TEST(TextTable, EqualTextsHaveOneIdAndTheEmptyOneIsZero) {
  EXPECT_EQ(text_id(""), 0u);
  EXPECT_EQ(text_of(0), "");
  const std::string odd("a\0b\xff", 4);
  const std::uint64_t id = text_id(odd);
  EXPECT_EQ(text_of(id), odd);
  EXPECT_EQ(text_id(odd), id);
  EXPECT_NE(text_id("a"), id);
}

TEST(TextTable, ANumberThatNobodyGaveIsAnError) {
  EXPECT_THROW((void)text_of(std::uint64_t{1} << 40), Error);
  EXPECT_THROW((void)text_of(~std::uint64_t{0}), Error);
}

TEST(TextTable, ManyThreadsAgree) {
  constexpr int kThreads = 4, kTexts = 20000;
  std::vector<Ids> ids(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([t, &ids] {
      for (int i = 0; i < kTexts; ++i) {
        ids[static_cast<std::size_t>(t)].push_back(text_id("thread text " + std::to_string(i)));
        if (text_of(ids[static_cast<std::size_t>(t)].back()) != "thread text " + std::to_string(i)) std::abort();
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const Ids& own : ids) EXPECT_EQ(own, ids[0]);
}

TEST(TextTable, IsFullAtItsLimitAndSaysSo) {
  const std::uint64_t before = text_table_use().max_bytes;
  const std::uint64_t known = text_id("known already");
  text_table_limit(text_table_use().bytes + 10);
  try {
    (void)text_id("one that is not known, and too long");
    ADD_FAILURE() << "was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::out_of_memory);
    EXPECT_NE(std::string(error.what()).find("the table of texts is full"), std::string::npos) << error.what();
  }
  EXPECT_EQ(text_id("known already"), known);
  text_table_limit(before);
  EXPECT_NO_THROW((void)text_id("one that is not known, and too long"));
}

TEST(Texts, ConstantsAreWrittenAsTextsHoweverMany) {
  Network network;
  Texts many;
  for (int i = 0; i < 100; ++i) many.push_back("entry \"" + std::to_string(i) + "\"\n");
  network.mark_output(add_texts(network, "many", many), "many");
  const std::string text = graph::dump_text(network.graph());
  EXPECT_NE(text.find("\"entry \\\"99\\\"\\n\""), std::string::npos);
  const graph::Graph back = graph::parse_text(text, ops::find_operator);
  const graph::Tensor& tensor = back.tensor(back.outputs()[0].tensor);
  ASSERT_EQ(tensor.dtype, DataType::string);
  EXPECT_EQ(text_of(tensor.constant->as<std::uint64_t>()[99]), many[99]);
  EXPECT_THROW((void)graph::parse_text("const \"a\" string 2 = \"one\"", ops::find_operator), Error);
  EXPECT_THROW((void)graph::parse_text("const \"a\" string 1 = 3", ops::find_operator), Error);
  EXPECT_THROW((void)graph::parse_text("const \"a\" string 1 @0", ops::find_operator), Error);
}

TEST(Texts, APlanHoldsTextsAndNotIds) {
  Network network;
  const auto x = network.add_input("x", DataType::string, {kUnknown});
  const auto y = network.add_layer("text_concat", {x, add_texts(network, "tail", {" a tail to look for"})})[0];
  network.mark_output(y, "y");
  const auto path = std::filesystem::temp_directory_path() / ("vireo-texts-plan" + std::to_string(getpid()));
  BuildOptions options;
  options.budget_s = 0;
  build(network, options).save(path);
  std::stringstream bytes;
  bytes << std::ifstream(path).rdbuf();
  std::filesystem::remove(path);
  EXPECT_NE(bytes.str().find("\" a tail to look for\""), std::string::npos);
}

TEST(Texts, PiecesAndTheirNumberComeAtRunTime) {
  Network network;
  const auto x = network.add_input("x", DataType::string, {kUnknown});
  const std::map<std::string, AttributeValue> comma{{"delimiter", std::string(",")}, {"maxsplit", std::int64_t{-1}}};
  const auto counts = network.add_layer("text_count", {x}, comma);
  const auto pieces = network.add_layer("text_split", {x, counts[1]}, comma)[0];
  network.mark_output(network.add_layer("text_map", {pieces}, {{"function", std::string("upper")}})[0], "pieces");
  network.mark_output(counts[0], "counts");
  const auto engine = engine_of(network, "pieces");
  auto context = engine->create_context();
  const std::pair<Texts, Texts> runs[] = {{{"a,b,c", "d"}, {"A", "B", "C", "D", "", ""}},
                                          {{"x"}, {"X"}},
                                          {{",", "e,f", ""}, {"", "", "E", "F", "", ""}},
                                          {{}, {}},
                                          {{"a,b,c", "d"}, {"A", "B", "C", "D", "", ""}}};
  for (const auto& [given, expected] : runs) {
    give(*context, "x", given);
    run(*context, *engine);
    EXPECT_EQ(texts_in(*context, "pieces"), expected);
    EXPECT_EQ(context->shape("counts"), (Dims{static_cast<std::int64_t>(given.size())}));
  }
}

TEST(Texts, WhatIsLeftOfAFilterIsCompared) {
  Network network;
  const auto x = network.add_input("x", DataType::string, {kUnknown});
  const auto left = network.add_layer("text_filter", {x, add_texts(network, "stop", {"the", "a"})})[0];
  const auto same =
      network.add_layer("binary", {left, add_texts(network, "cat", {"cat"})}, {{"function", std::string("equal")}})[0];
  network.mark_output(left, "left");
  network.mark_output(same, "same");
  const auto engine = engine_of(network, "filter");
  auto context = engine->create_context();
  for (const auto& [given, expected] :
       {std::pair<Texts, Texts>{{"the", "cat", "saw", "a", "dog"}, {"cat", "saw", "dog"}},
        {{"the", "the"}, {""}},
        {{"cat"}, {"cat"}}}) {
    give(*context, "x", given);
    run(*context, *engine);
    ASSERT_EQ(texts_in(*context, "left"), expected);
    const Buffer buffer = context->result("same");
    for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(buffer.as<bool>()[i], expected[i] == "cat");
  }
}

TEST(Texts, MoveThroughWhatMovesAnything) {
  Network network;
  const auto x = network.add_input("x", DataType::string, {6});
  const std::int64_t shape[] = {2, 3};
  const auto dims = network.add_constant("dims", DataType::int64, {2}, shape, sizeof shape);
  const auto matrix = network.add_layer("reshape", {x, dims})[0];
  const auto turned = network.add_layer("transpose", {matrix}, {{"perm", std::vector<std::int64_t>{1, 0}}})[0];
  const std::int64_t last[] = {2, -3};
  const auto index = network.add_constant("index", DataType::int64, {2}, last, sizeof last);
  network.mark_output(network.add_layer("gather", {turned, index}, {{"axis", std::int64_t{0}}})[0], "y");
  const auto engine = engine_of(network, "moves");
  auto context = engine->create_context();
  const Ids ids = ids_of({"a", "b", "c", "d", "e", "f"});
  context->allocate("x").write(ids.data(), ids.size() * 8);
  run(*context, *engine);
  EXPECT_EQ(texts_in(*context, "y"), (Texts{"c", "f", "a", "d"}));
}

TEST(Texts, ArithmeticIsRefusedWithTheLayersName) {
  for (const char* function : {"add", "less", "max"}) {
    Network network;
    const auto x = network.add_input("x", DataType::string, {2});
    (void)network.add_layer("binary", {x, x}, {{"function", std::string(function)}}, "the sum");
    try {
      network.validate();
      ADD_FAILURE() << function << " of texts";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("the sum"), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find("string"), std::string::npos) << error.what();
    }
  }
}

TEST(Texts, AnIdThatIsNoneFailsTheRun) {
  Network network;
  const auto x = network.add_input("x", DataType::string, {1});
  network.mark_output(network.add_layer("text_map", {x}, {{"function", std::string("upper")}})[0], "y");
  const auto engine = engine_of(network, "wrong");
  auto context = engine->create_context();
  const std::uint64_t wrong = ~std::uint64_t{0};
  context->allocate("x").write(&wrong, sizeof wrong);
  (void)context->allocate("y");
  EXPECT_FALSE(context->run().ok());
}

TEST(Texts, TensorFilesHoldThem) {
  const auto path = std::filesystem::temp_directory_path() / ("vireo-texts-tensor" + std::to_string(getpid()));
  const Ids ids = ids_of({"", "two\nlines", "\xff"});
  HostTensor tensor{"names", DataType::string, {3}, std::vector<std::byte>(24)};
  std::memcpy(tensor.data.data(), ids.data(), 24);
  write_tensor(path, tensor);
  const HostTensor back = read_tensor(path);
  std::filesystem::remove(path);
  EXPECT_EQ(back.dtype, DataType::string);
  EXPECT_EQ(back.dims, (Dims{3}));
  EXPECT_EQ(back.data, tensor.data);
}

}  // namespace
}  // namespace vireo
