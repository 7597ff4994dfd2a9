#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "engine/base/file.h"
#include "engine/plan/plan_text.h"
#include "tests/runtime/networks.h"

namespace vireo {
namespace {

namespace fs = std::filesystem;

class PlanFile : public testing::Test {
 protected:
  void SetUp() override {
    path_ = fs::temp_directory_path() / ("vireo_plan_test_" + std::to_string(::getpid()) + ".plan");
    packed_plan(testing_networks::branches(1)).save(path_);
    read();
  }
  /// With every packed form in the file.
  static Plan packed_plan(const Network& network) {
    BuildOptions options;
    options.budget_s = 0;
    options.threads = 2;
    options.keep_packed = true;
    return build(network, options);
  }
  void TearDown() override { fs::remove(path_); }
  void read() {
    std::ifstream file(path_, std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(file), {});
  }
  /// A number of the header.
  std::uint64_t word(std::size_t at) const {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes_.data() + at, sizeof value);
    return value;
  }
  static constexpr std::size_t kSectionsOffset = 40, kWeightsOffset = 56, kPacksOffset = 72;  // offset, then bytes
  void change(std::size_t at) {
    std::string changed = bytes_;
    changed[at] = static_cast<char>(changed[at] ^ 0x40);
    rewrite(changed);
  }
  void rewrite(const std::string& bytes) {
    std::ofstream(path_, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  /// The file with another text in place of its network and sections, with all checksums as they should be.
  void craft(const std::string& network, const std::string& sections) {
    const std::uint64_t weights = word(kWeightsOffset), packs = word(kPacksOffset);
    std::string file = bytes_.substr(0, 128);
    const auto put = [&file](std::size_t at, std::uint64_t value) { std::memcpy(file.data() + at, &value, 8); };
    const auto page = [](std::uint64_t size) { return (size + 4095) / 4096 * 4096; };
    const std::uint64_t new_weights = page(128 + network.size() + sections.size());
    const std::uint64_t new_packs = page(new_weights + word(kWeightsOffset + 8));
    put(32, network.size());
    put(kSectionsOffset, 128 + network.size());
    put(kSectionsOffset + 8, sections.size());
    put(kWeightsOffset, new_weights);
    put(kPacksOffset, new_packs);
    put(16, new_packs + word(kPacksOffset + 8));
    put(88, base::checksum(sections.data(), sections.size(), base::checksum(network.data(), network.size())));
    put(96, 0);
    put(96, base::checksum(file.data(), 128));
    file += network + sections;
    file.resize(new_weights);
    file += bytes_.substr(weights, word(kWeightsOffset + 8));
    file.resize(new_packs);
    file += bytes_.substr(packs);
    rewrite(file);
  }
  std::string network() const { return bytes_.substr(128, word(32)); }
  std::string sections() const { return bytes_.substr(word(kSectionsOffset), word(kSectionsOffset + 8)); }
  static std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  }
  ErrorCode load_error() {
    try {
      (void)Engine::load(path_);
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(path_.filename().string()), std::string::npos) << error.what();
      return error.code();
    }
    ADD_FAILURE() << "the damaged plan was loaded";
    return ErrorCode::internal;
  }
  fs::path path_;
  std::string bytes_;
};

TEST_F(PlanFile, gives_the_same_results_as_the_plan_in_memory) {
  const auto x = testing_networks::ramp(3 * 16 * 16, 0.1f);
  auto from_file = Engine::load(path_);
  auto from_memory = Engine::load(testing_networks::quick_plan(testing_networks::branches(1)));
  const auto a = testing_networks::run(*from_file, x, 1), b = testing_networks::run(*from_memory, x, 1);
  ASSERT_EQ(a.size(), 4u * 16 * 16);
  EXPECT_EQ(a, b);
}

TEST_F(PlanFile, is_refused_at_every_truncation) {
  for (std::size_t keep = 0; keep < bytes_.size(); keep += 1 + bytes_.size() / 97) {
    rewrite(bytes_.substr(0, keep));
    EXPECT_EQ(load_error(), ErrorCode::invalid_model) << "kept " << keep;
  }
}

TEST_F(PlanFile, is_refused_or_gives_the_same_results_when_a_byte_changes) {
  const auto x = testing_networks::ramp(3 * 16 * 16, 0.1f);
  const auto wanted = testing_networks::run(*Engine::load(path_), x, 1);
  int refused = 0, tried = 0;
  for (std::size_t at = 0; at < bytes_.size(); at += 1 + bytes_.size() / 211) {
    change(at);
    ++tried;
    try {
      EXPECT_EQ(testing_networks::run(*Engine::load(path_), x, 1), wanted) << "byte " << at;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(path_.filename().string()), std::string::npos) << error.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, tried / 8);
}

TEST_F(PlanFile, is_refused_when_its_header_texts_or_packed_weights_change) {
  const std::uint64_t texts_end = word(kSectionsOffset) + word(kSectionsOffset + 8);
  for (std::size_t at = 0; at < texts_end; at += 1 + texts_end / 97) {
    change(at);
    const ErrorCode code = load_error();
    EXPECT_TRUE(code == ErrorCode::invalid_model || (code == ErrorCode::unsupported && at >= 8 && at < 12))
        << "byte " << at;
  }
  ASSERT_GT(word(kPacksOffset + 8), 0u);
  change(word(kPacksOffset));
  EXPECT_EQ(load_error(), ErrorCode::invalid_model);
}

TEST_F(PlanFile, needs_its_weights_only_where_nothing_is_packed_for_the_shapes) {
  const auto values = testing_networks::ramp(32 * 16 * 9);  // more than what passes look into
  const auto network = [&](std::int64_t batch) {
    Network n;
    const auto x = n.add_input("x", DataType::float32, {batch, 16, 8, 8});
    const auto w = n.add_constant("w", DataType::float32, {32, 16, 3, 3}, values.data(), values.size() * 4);
    n.mark_output(n.add_convolution(x, w, {}, {.pads = {1, 1, 1, 1}}, "conv"), "y");
    return n;
  };
  const auto result = [&] {
    auto context = Engine::load(path_)->create_context();
    context->set_shape("x", {1, 16, 8, 8});
    const Buffer in = context->allocate("x"), out = context->allocate("y");
    const auto x = testing_networks::ramp(in.bytes() / 4, 0.1f);
    std::copy(x.begin(), x.end(), in.as<float>());
    EXPECT_TRUE(context->run().ok());
    return std::vector<float>(out.as<float>(), out.as<float>() + out.bytes() / 4);
  };
  packed_plan(network(1)).save(path_);
  read();
  const auto wanted = result();
  change(word(kWeightsOffset) + 100);
  EXPECT_EQ(result(), wanted);

  packed_plan(network(kUnknown)).save(path_);  // no profile: packed when shapes are known
  read();
  EXPECT_EQ(word(kPacksOffset + 8), 0u);
  EXPECT_EQ(result(), wanted);
  change(word(kWeightsOffset) + 100);
  try {
    (void)result();
    ADD_FAILURE() << "an altered weight was packed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_model);
    EXPECT_NE(std::string(error.what()).find(path_.filename().string()), std::string::npos) << error.what();
  }
}

TEST_F(PlanFile, is_refused_when_a_weight_that_kernels_read_as_it_is_changes) {
  Network n;
  const auto table = testing_networks::ramp(64 * 8);
  const auto rows = n.add_input("rows", DataType::int64, {3});
  const auto data = n.add_constant("table", DataType::float32, {64, 8}, table.data(), table.size() * sizeof(float));
  n.mark_output(n.add_layer("gather", {data, rows}, {{"axis", std::int64_t{0}}}, "rows of the table")[0], "y");
  testing_networks::quick_plan(n).save(path_);
  read();
  EXPECT_NO_THROW((void)Engine::load(path_));
  change(word(kWeightsOffset) + 100);
  EXPECT_EQ(load_error(), ErrorCode::invalid_model);
}

TEST_F(PlanFile, with_a_text_that_lies_is_an_error) {
  craft(network(), sections());
  EXPECT_NO_THROW((void)Engine::load(path_)) << "as it is";
  const std::string weight = "5x3x3x3 @";
  for (const auto& [from, to] : {std::pair<std::string, std::string>{weight, "4611686018427387904x4 @"},
                                 {weight, "4611686018427387904 @"},
                                 {weight, "2305843009213693952x2 @"},
                                 {weight, "9223372036854775807 @"},
                                 {weight, "5x3x3x300000 @"},
                                 {weight, "5x3x3x3 @1"},
                                 {weight, "5x3x3x3 @18446744073709551552 #"},
                                 {weight, "5x3x3x3 @99999999999999999999 #"},
                                 {weight, "5x3x3x3 @0 #"},
                                 {"graph \"", "graph \"\\"},
                                 {"output \"", "output \"no "},
                                 {" = conv(", " = unknown("}}) {
    SCOPED_TRACE(to);
    craft(replaced(network(), from, to), sections());
    EXPECT_EQ(load_error(), ErrorCode::invalid_model);
  }
  for (const std::string line : {"pack 0",
                                 "pack 0 99999999999 0 \"k\"",
                                 "pack 18446744073709551615 1 0 \"k\"",
                                 "pack 64 18446744073709551615 0 \"k\"",
                                 "pack 1 1 0 \"k\"",
                                 "pack 0 1 0 k",
                                 "pack 0 1 0 \"k",
                                 "range 1 2 3 \"x\"",
                                 "profile\nrange 1 2 \"x\"",
                                 "profile\nrange 1x-1 2x2 3x3 \"x\"",
                                 "layout nhwc 1 2 3",
                                 "exact 2",
                                 "workspace -1",
                                 "precision fp64",
                                 "choice 1 tactic",
                                 "device cpu",
                                 "workers -1",
                                 "format nchw x \"l\"",
                                 "format nchw 0 l",
                                 "section s",
                                 "device \"d\"\nchoice nan tactic problem",
                                 "device \"d\"\nbeside 1 tactic",
                                 "nonsense"}) {
    SCOPED_TRACE(line);
    craft(network(), line + "\n" + sections());
    EXPECT_EQ(load_error(), ErrorCode::invalid_model);
    craft(network(), sections() + line + "\n");
    EXPECT_EQ(load_error(), ErrorCode::invalid_model) << "in a section";
  }
}

TEST_F(PlanFile, with_a_block_at_the_very_end_of_its_section_is_an_error) {
  // Kernels may read a line behind a block.
  std::string text = sections();
  const std::size_t at = text.find("pack ");
  ASSERT_NE(at, std::string::npos);
  const std::string end = std::to_string(word(kPacksOffset + 8) - 64);
  craft(network(), text + "pack " + end + " 64 0 \"k\"\n");
  EXPECT_EQ(load_error(), ErrorCode::invalid_model);
}

TEST_F(PlanFile, keeps_names_and_keys_of_any_bytes) {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  const auto values = testing_networks::ramp(16 * 16 * 9);
  for (const std::string& odd : {std::string("\n"), std::string("choice 1 a b\npack 0 0 0 k"), std::string("\""),
                                 std::string("a \\ b"), std::string("\0x", 2), bytes, std::string(50'000, 'x')}) {
    Network n;
    const auto x = n.add_input("x" + odd, DataType::float32, {kUnknown, 16, 8, 8});
    const auto w = n.add_constant("w" + odd, DataType::float32, {16, 16, 3, 3}, values.data(), values.size() * 4);
    n.mark_output(n.add_convolution(x, w, {}, {.pads = {1, 1, 1, 1}}, "conv" + odd), "y" + odd);
    n.set_metadata("key" + odd, "value" + odd);
    const Plan plan = testing_networks::quick_plan(n, {{{"x" + odd, {1, 16, 8, 8}, {1, 16, 8, 8}, {2, 16, 8, 8}}}});
    plan.save(path_);
    read();
    const Plan back = Plan::load(path_);
    EXPECT_EQ(back.inputs()[0].name, "x" + odd);
    EXPECT_EQ(back.outputs()[0].name, "y" + odd);
    EXPECT_EQ(back.metadata().at("key" + odd), "value" + odd);
    ASSERT_EQ(back.state().profiles.size(), 1u);
    EXPECT_EQ(back.state().profiles[0][0].input, "x" + odd);
    ASSERT_EQ(back.state().sections.size(), 1u);
    const plan::Section &is = back.state().sections[0], &was = plan.state().sections[0];
    EXPECT_EQ(is.packs->blocks().size(), was.packs->blocks().size());
    ASSERT_EQ(is.layouts.size(), was.layouts.size());
    for (std::size_t i = 0; i < is.layouts.size(); ++i) EXPECT_EQ(is.layouts[i].layer, was.layouts[i].layer);
    const std::string first = bytes_;
    back.save(path_);
    read();
    EXPECT_TRUE(bytes_ == first);
    EXPECT_NO_THROW((void)Engine::load(path_));
  }
}

TEST_F(PlanFile, keeps_formats_packs_and_choices_under_any_name) {
  Plan::State state;
  const std::string odd = "a\nb \"c\" \\";
  state.profiles = {{{odd, {}, {1, 2}, {3}}}, {}};
  plan::Section& section = state.sections.emplace_back();
  section.fingerprint = section.device = odd;
  section.workers = 3;
  section.formats.push_back({7, odd, "nchw"});
  section.layouts.push_back({.layer = odd, .op = "conv"});
  section.choices[odd] = {"tactic", 0.5, {{odd, 1e30}}};
  section.choices["plain key"] = {"tactic", 0.25, {}};
  plan::PackedTable packs{{{0, 1, 2, odd}, {3, 4, 5, ""}}}, packs_back;
  const std::string text = plan::sections_text(state, packs);
  Plan::State back;
  plan::parse_sections(text, back, packs_back);
  EXPECT_EQ(plan::sections_text(back, packs_back), text);
  ASSERT_EQ(back.sections.size(), 1u);
  EXPECT_EQ(back.sections[0].fingerprint, odd);
  EXPECT_EQ(back.sections[0].workers, 3);
  EXPECT_EQ(back.sections[0].formats[0].name, odd);
  EXPECT_EQ(back.sections[0].layouts[0].layer, odd);
  EXPECT_EQ(back.profiles[0][0].input, odd);
  EXPECT_EQ(back.sections[0].choices.at(odd).beside[0].first, odd);
  EXPECT_EQ(packs_back[0][0].key, odd);
  EXPECT_NE(text.find("choice 0.25 tactic plain key\n"), std::string::npos) << "readable";
}

TEST_F(PlanFile, keeps_the_passes_that_are_off_for_shapes_that_come_later) {
  Network network;
  const float two = 2;
  const auto x = network.add_input("x", DataType::float32, {kUnknown, 4});
  const auto c = network.add_constant("c", DataType::float32, {}, &two, sizeof two);
  const auto s = network.add_layer("unary", {x}, {{"function", std::string("sigmoid")}}, "s")[0];
  const auto y = network.add_layer("binary", {x, s}, {{"function", std::string("mul")}}, "y")[0];
  network.mark_output(network.add_layer("binary", {y, c}, {{"function", std::string("max")}}, "z")[0], "z");
  for (const bool off : {false, true}) {
    BuildOptions options;
    options.budget_s = 0;
    options.threads = 1;
    if (off) options.disabled_passes = {"activation_patterns"};
    build(network, options).save(path_);
    const auto report = Engine::load(path_)->report({{"x", {3, 4}}});
    EXPECT_EQ(report.size(), off ? 3u : 2u) << "x * sigmoid(x) is one layer, silu, or two";
  }
}

TEST_F(PlanFile, saved_through_a_link_is_replaced_where_the_link_points_to) {
  const fs::path link = path_.string() + ".link";
  fs::create_symlink(path_, link);
  fs::resize_file(path_, 1);
  testing_networks::quick_plan(testing_networks::branches(1)).save(link);
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_NO_THROW((void)Engine::load(path_));
  fs::remove(link);
}

TEST_F(PlanFile, saved_again_is_the_same_file) {
  const fs::path again = path_.string() + ".again";
  Plan::load(path_).save(again);
  std::ifstream file(again, std::ios::binary);
  EXPECT_EQ(bytes_, std::string(std::istreambuf_iterator<char>(file), {}));
  fs::remove(again);
}

TEST_F(PlanFile, of_a_network_given_away_equals_that_of_one_kept) {
  // 36 MB: enough for the weights to be set aside.
  const auto make = [] {
    Network n;
    const auto values = testing_networks::ramp(3000 * 3000, 1e-7f);
    const auto x = n.add_input("x", DataType::float32, {1, 3000});
    const auto w = n.add_constant("w", DataType::float32, {3000, 3000}, values.data(), values.size() * sizeof(float));
    n.mark_output(n.add_layer("matmul", {x, w}, {}, "product")[0], "y");
    return n;
  };
  BuildOptions options;
  options.budget_s = 0;
  Network given = make();
  const Plan a = build(std::move(given), options);
  EXPECT_TRUE(given.inputs().empty());
  const Network kept = make();
  build(kept, options).save(path_);
  EXPECT_EQ(kept.inputs().size(), 1u);
  read();
  const std::string wanted = bytes_;
  a.save(path_);
  read();
  EXPECT_TRUE(bytes_ == wanted);
}

TEST_F(PlanFile, that_is_missing_is_not_found) {
  fs::remove(path_);
  EXPECT_EQ(load_error(), ErrorCode::not_found);
}

TEST_F(PlanFile, of_another_version_says_so) {
  std::string changed = bytes_;
  changed[8] = 99;
  rewrite(changed);
  EXPECT_EQ(load_error(), ErrorCode::unsupported);
}

}  // namespace
}  // namespace vireo
