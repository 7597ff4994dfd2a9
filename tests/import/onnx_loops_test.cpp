// Loop and Scan: unrolled where it is known how often and little is repeated, else run iteration by iteration. Every
// network runs by the references, built, and from a saved plan, to the same values.
#include <cmath>
#include <thread>

#include "tests/import/built.h"
#include "tests/import/loops.h"

namespace vireo::import_testing {
namespace {

/// Carries v, which is halved and has x added, and stacks it; reads x of the graph around.
onnx::GraphProto halving() {
  onnx::GraphProto body = body_of({"v"});
  *body.add_initializer() = tensor_of("half", {}, Floats{0.5});
  add_node(body, "Mul", {"v", "half"}, {"h"});
  add_node(body, "Add", {"h", "x"}, {"w"});
  return give_all(body, {"go", "w", "w"});
}

Values halved(Values v, const Values& x, int times, Values* stacked = nullptr) {
  for (int i = 0; i < times; ++i)
    for (std::size_t k = 0; k < v.size(); ++k) {
      v[k] = v[k] / 2 + x[k];
      if (stacked) stacked->push_back(v[k]);
    }
  return v;
}

Model halving_model(const Dims& dims, const std::string& trips) {
  Model model(17);
  model.input("x", dims);
  model.node("Loop", {trips, "", "x"}, {"y", "all"}, with_body(halving()));
  return std::move(model.node("Neg", {"all"}, {"n"}).output("y").output("n"));
}

TEST(Loops, AreUnrolledWhereTheyAreShort) {
  Model model = halving_model({2, 3}, "three");
  *model.proto.mutable_graph()->add_initializer() = one_integer("three", 3);
  Built built(model);
  EXPECT_EQ(layers_named(built.network(), "loop"), 0);
  const Values x{1, 2, 3, 4, 5, 6};
  EXPECT_VALUES(built({{2, 3}, x}), halved(x, x, 3));
  built.expect_compared({{2, 3}, x});
}

TEST(Loops, AreKeptWhereTheyAreLong) {
  Model model = halving_model({2, -1}, "many");
  *model.proto.mutable_graph()->add_initializer() = one_integer("many", 1500);
  Built built(model);
  EXPECT_EQ(layers_named(built.network(), "loop"), 1);
  EXPECT_VALUES(built({{2, 2}, {1, 2, 3, -4}}), Values{2, 4, 6, -8});
  EXPECT_VALUES(built({{2, 1}, {5, 0}}), Values{10, 0});
}

TEST(Loops, RunAsOftenAsTheDataSay) {
  Model model(17);
  model.input("x", {3});
  trips_by_data(model).node("Loop", {"trips", "", "x"}, {"y", "all"}, with_body(halving()));
  model.node("Neg", {"all"}, {"n"}).output("y").output("n");
  Built built(model);
  for (const Values& x : {Values{1, 1, 1}, {2, 2, 1}, {0, 0, 0}, {-1, -1, -5}, {9, 1, 2}, {1, 1, 1}}) {
    const double sum = x[0] + x[1] + x[2];
    EXPECT_VALUES(built({{3}, x}), halved(x, x, std::max(0, static_cast<int>(sum))));
    built.expect_compared({{3}, x});
  }
}

TEST(Loops, EndWhereTheirConditionFails) {
  onnx::GraphProto body = body_of({"v"});
  *body.add_initializer() = tensor_of("most", {}, Floats{100});
  add_node(body, "Add", {"v", "v"}, {"w"});
  add_node(body, "ReduceSum", {"w"}, {"sum"}, {{"keepdims", std::int64_t{0}}});
  add_node(body, "Less", {"sum", "most"}, {"on"});
  give_all(body, {"on", "w", "sum", "i"});
  Model model(17);
  model.input("x", {-1});
  decide_by_data(model).node("Loop", {"", "c", "x"}, {"y", "sums", "numbers"}, with_body(body));
  model.output("y").output("sums").output("numbers");
  Built built(model);
  EXPECT_VALUES(built({{2}, {1, 2}}), Values{64, 128});
  EXPECT_VALUES(built({{2}, {70, 80}}), Values{140, 160});
  EXPECT_VALUES(built({{3}, {-1, -2, 0}}), Values{-1, -2, 0});  // not one iteration
  EXPECT_VALUES(built({{1}, {30}}), Values{120});
}

TEST(Loops, ThatCountRunAsOftenAsTheyCount) {
  // As exporters of recurrent layers write them: the condition compares the number with the extent of an axis.
  onnx::GraphProto body = body_of({"n", "h"});
  *body.add_initializer() = one_integer("one", 1);
  add_node(body, "Gather", {"x", "i"}, {"row"});
  add_node(body, "Add", {"h", "row"}, {"s"});
  add_node(body, "Tanh", {"s"}, {"h2"});
  add_node(body, "Add", {"n", "one"}, {"n2"});
  add_node(body, "Less", {"n2", "rows"}, {"on"});
  give_all(body, {"on", "n2", "h2", "h2"});
  for (const bool open : {false, true}) {
    Model model(17);
    model.input("x", open ? Dims{-1, 2} : Dims{4, 2}).constant("h0", {2}, Floats{0, 0});
    *model.proto.mutable_graph()->add_initializer() = one_integer("none", 0);
    *model.proto.mutable_graph()->add_initializer() = one_integer("at", 0);
    model.node("Shape", {"x"}, {"extents"}).node("Gather", {"extents", "at"}, {"rows"});
    model.node("Loop", {"", "yes", "none", "h0"}, {"", "last", "all"}, with_body(body));
    model.node("Neg", {"all"}, {"y"}).output("y").output("last");
    auto& yes = *model.proto.mutable_graph()->add_initializer();
    yes.set_name("yes");
    yes.set_data_type(onnx::TensorProto::BOOL);
    yes.add_int32_data(1);
    Built built(model);
    EXPECT_EQ(layers_named(built.network(), "loop"), open ? 1 : 0);
    const double a = std::tanh(1), b = std::tanh(a + 2);
    EXPECT_NEAR(built({{4, 2}, {1, 0, 2, 0, 0, 0, 0, 0}})[2], -b, 1e-5);
    if (!open) continue;
    EXPECT_VALUES(built({{2, 2}, {1, 0, 2, 0}}), Values{-a, 0, -b, 0});
    const auto context = Engine::load(build(model.load(), quick()))->create_context();
    context->set_shape("x", {7, 2});
    EXPECT_EQ(context->shape("y"), (Dims{7, 2}));  // before any run
  }
}

TEST(Loops, MayCarryWhatGrowsAndWhatShrinks) {
  onnx::GraphProto body = body_of({"v", "r"});
  *body.add_initializer() = tensor_of("one", {1}, Ints{1});
  *body.add_initializer() = tensor_of("end", {1}, Ints{1 << 20});
  add_node(body, "Concat", {"v", "x"}, {"longer"}, {{"axis", std::int64_t{0}}});
  add_node(body, "Slice", {"r", "one", "end"}, {"shorter"});
  give_all(body, {"go", "longer", "shorter"});
  Model model(17);
  model.input("x", {4});
  trips_by_data(model).node("Loop", {"trips", "", "x", "x"}, {"y", "z"}, with_body(body));
  model.node("Neg", {"y"}, {"n"}).output("n").output("z");
  Built built(model);
  EXPECT_EQ(built({{4}, {1, 1, 0, 0}}).size(), 12u);
  EXPECT_EQ(built({{4}, {1, 1, 1, 0}}).size(), 16u);
  EXPECT_EQ(built({{4}, {0, 0, 0, 0}}).size(), 4u);
}

TEST(Loops, StandInsideEachOtherAndAroundBranches) {
  // v += x for each iteration of both; where the number of the outer one is 1, v is negated.
  onnx::GraphProto inner = body_of({"u"}), outer;
  add_node(inner, "Add", {"u", "x"}, {"s"});
  give_all(inner, {"go", "s"});
  take(outer, "j", onnx::TensorProto::INT64);
  take(outer, "on", onnx::TensorProto::BOOL);
  take(outer, "v");
  *outer.add_initializer() = one_integer("first", 1);
  add_node(outer, "Loop", {"trips", "", "v"}, {"w"}, with_body(inner));
  add_node(outer, "Equal", {"j", "first"}, {"flip"});
  add_node(outer, "If", {"flip"}, {"t"}, branches(branch_of("Neg", {"w"}), branch_of("Identity", {"w"})));
  outer.mutable_node(2)->mutable_attribute(0)->mutable_g()->mutable_output(0)->set_name("t");
  give_all(outer, {"on", "t"});
  Model model(17);
  model.input("x", {2});
  trips_by_data(model).node("Loop", {"trips", "", "x"}, {"y"}, with_body(outer)).output("y");
  Built built(model);
  const auto wanted = [](Values x) {
    const int trips = static_cast<int>(x[0] + x[1]);
    Values v = x;
    for (int j = 0; j < trips; ++j)
      for (std::size_t k = 0; k < 2; ++k) v[k] = (v[k] + trips * x[k]) * (j == 1 ? -1 : 1);
    return v;
  };
  for (const Values& x : {Values{1, 2}, {0, 1}, {2, 2}, {0, 0}, {3, 2}}) EXPECT_VALUES(built({{2}, x}), wanted(x));
}

TEST(Loops, BringWeightsAndReadThoseOutside) {
  Floats own, outside;
  for (int i = 0; i < 64; ++i) {
    own.push_back(static_cast<float>(i % 7 - 3) / 16);
    outside.push_back(static_cast<float>(i % 5 - 2) / 16);
  }
  onnx::GraphProto body = body_of({"h"});
  *body.add_initializer() = tensor_of("w", {8, 8}, own);
  add_node(body, "MatMul", {"h", "w"}, {"a"});
  add_node(body, "MatMul", {"x", "outside"}, {"b"});
  add_node(body, "Add", {"a", "b"}, {"s"});
  add_node(body, "Tanh", {"s"}, {"h2"});
  give_all(body, {"go", "h2", "h2"});
  Model model(17);
  model.input("x", {-1, 8}).constant("outside", {8, 8}, outside);
  trips_by_data(model).node("Loop", {"trips", "", "x"}, {"y", "all"}, with_body(body)).output("y").output("all");
  Built built(model);
  for (const double sum : {3.0, 5.0, 1.0})
    for (const std::int64_t rows : {1, 3}) {
      Values x(static_cast<std::size_t>(rows * 8), 0);
      x[0] = sum;
      built({{rows, 8}, x});
    }
}

TEST(Loops, HandOnWhatTheyAreGiven) {
  // a and b change places, what is carried unchanged costs nothing, and one tensor is carried twice.
  onnx::GraphProto body = body_of({"a", "b", "k", "d"});
  add_node(body, "Add", {"a", "k"}, {"s"});
  give_all(body, {"go", "b", "s", "k", "s"});
  Model model(17);
  model.input("x", {2});
  trips_by_data(model).node("Neg", {"x"}, {"m"});
  model.node("Loop", {"trips", "", "x", "m", "x", "m"}, {"p", "q", "r", "t"}, with_body(body));
  for (const char* name : {"p", "q", "r", "t"}) model.output(name);
  Built built(model);
  EXPECT_VALUES(built({{2}, {1, 2}}), Values{0, 0});
  EXPECT_VALUES(built({{2}, {1, 1}}), Values{2, 2});
  EXPECT_VALUES(built({{2}, {0, 0}}), Values{0, 0});
}

TEST(Loops, MayFindOutHowMuchThereIs) {
  // Per number the places where x is above it, as the detectors of torchvision do for each class.
  onnx::GraphProto body;
  take(body, "i", onnx::TensorProto::INT64);
  take(body, "go", onnx::TensorProto::BOOL);
  take_sequence(body, "s");
  add_node(body, "Cast", {"i"}, {"least"}, {{"to", std::int64_t{1}}});
  add_node(body, "Greater", {"x", "least"}, {"m"});
  add_node(body, "NonZero", {"m"}, {"at"});
  add_node(body, "Cast", {"at"}, {"f"}, {{"to", std::int64_t{1}}});
  add_node(body, "SequenceInsert", {"s", "f"}, {"s2"});
  give_all(body, {"go", "s2"});
  Model model(17);
  model.input("x", {4});
  trips_by_data(model).node("SequenceEmpty", {}, {"none"});
  model.node("Loop", {"trips", "", "none"}, {"s"}, with_body(body));
  model.node("ConcatFromSequence", {"s"}, {"y"}, {{"axis", std::int64_t{1}}}).node("Neg", {"y"}, {"n"});
  model.node("SequenceLength", {"s"}, {"length"}).output("n").output("length");
  Built built(model);
  EXPECT_VALUES(built({{4}, {1, 2, -2, 1}}), Values{0, -1, -3, -1});
  EXPECT_VALUES(built({{4}, {1, 0, 0, 0}}), Values{0});
  EXPECT_VALUES(built({{4}, {0, 0, 3, 1}}), Values{-2, -3, -2, -2});
}

TEST(Loops, InSeveralContextsAtOnceAreRight) {
  Model model(17);
  model.input("x", {64});
  trips_by_data(model).node("Loop", {"trips", "", "x"}, {"y", "all"}, with_body(halving())).output("y").output("all");
  const auto engine = Engine::load(build(model.load(), quick()), {}, {.threads = 2});
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&, t] {
      const auto context = engine->create_context();
      const Buffer x = context->allocate("x"), y = context->allocate("y");
      for (int round = 0; round < 20; ++round) {
        const int trips = 1 + (round + t) % 5;
        std::fill_n(x.as<float>(), 64, static_cast<float>(trips) / 64);
        ASSERT_TRUE(context->run().ok());
        const Values one{trips / 64.0};
        ASSERT_NEAR(y.as<float>()[7], halved(one, one, trips)[0], 1e-5);
        ASSERT_EQ(context->shape("all"), (Dims{trips, 64}));
      }
    });
  for (std::thread& thread : threads) thread.join();
}

TEST(LoopLimits, EndUnrollingInsideEachOther) {
  onnx::GraphProto body = halving();
  for (int depth = 0; depth < 4; ++depth) {  // 50 to the power of 5 copies, if all were unrolled
    onnx::GraphProto outer = body_of({"v"});
    *outer.add_initializer() = one_integer("fifty", 50);
    body.mutable_output()->DeleteSubrange(2, body.output_size() - 2);
    add_node(outer, "Loop", {"fifty", "", "v"}, {"w"}, with_body(body));
    body = give_all(outer, {"go", "w", "w"});
  }
  body.mutable_output()->DeleteSubrange(2, 1);
  Model model(17);
  *model.proto.mutable_graph()->add_initializer() = one_integer("fifty", 50);
  model.input("x", {2}).node("Loop", {"fifty", "", "x"}, {"y"}, with_body(body)).output("y");
  const Network network = model.load();
  EXPECT_GE(layers_named(network, "loop"), 1);
  EXPECT_LE(network.graph().layer_count(), 40'000);
}

TEST(LoopLimits, EndARun) {
  onnx::GraphProto body = body_of({"v"});
  add_node(body, "Abs", {"v"}, {"w"});
  add_node(body, "ReduceSum", {"w"}, {"sum"}, {{"keepdims", std::int64_t{0}}});
  *body.add_initializer() = tensor_of("zero", {}, Floats{0});
  add_node(body, "GreaterOrEqual", {"sum", "zero"}, {"on"});
  give_all(body, {"on", "w", "w"});
  Model model(17);
  model.input("x", {1024}).node("Loop", {"", "", "x"}, {"y", "all"}, with_body(body)).output("y").output("all");
  const Plan plan = build(model.load(), quick());
  EngineOptions iterations, bytes;
  iterations.threads = bytes.threads = 1;
  iterations.limits.max_iterations = 1000;
  bytes.limits.max_tensor_bytes = 1 << 20;
  for (const EngineOptions& options : {iterations, bytes}) {
    const auto context = Engine::load(plan, {}, options)->create_context();
    (void)context->allocate("x");
    (void)context->allocate("y");
    const Status status = context->run();
    EXPECT_EQ(status.code(), options.limits.max_iterations ? ErrorCode::cancelled : ErrorCode::out_of_memory)
        << status.message();
  }
}

TEST(Scans, ReadEntriesAndStackThem) {
  // The running sum of the rows of x, first to last and last to first, beside its columns.
  for (const bool open : {false, true})
    for (const std::int64_t reverse : {0, 1}) {
      onnx::GraphProto body;
      take(body, "s");
      take(body, "row");
      add_node(body, "Add", {"s", "row"}, {"t"});
      add_node(body, "Identity", {"t"}, {"u"});
      give_all(body, {"t", "u"});
      Model model(17);
      model.input("x", open ? Dims{-1, 3} : Dims{4, 3}).constant("zero", {3}, Floats{0, 0, 0});
      model.node("Scan", {"zero", "x"}, {"sum", "sums"},
                 {{"body", body},
                  {"num_scan_inputs", std::int64_t{1}},
                  {"scan_input_directions", Ints{reverse}},
                  {"scan_output_axes", Ints{1}},
                  {"scan_output_directions", Ints{reverse}}});
      model.output("sums").output("sum");
      Built built(model);
      EXPECT_EQ(layers_named(built.network(), "loop"), open ? 1 : 0);
      const Values x{1, 2, 3, 10, 20, 30, 100, 200, 300, 1000, 2000, 3000};
      const Values down{1, 11, 111, 1111, 2, 22, 222, 2222, 3, 33, 333, 3333},
          up{1111, 1110, 1100, 1000, 2222, 2220, 2200, 2000, 3333, 3330, 3300, 3000};
      EXPECT_VALUES(built({{4, 3}, x}), reverse ? up : down);
      if (open) {
        EXPECT_VALUES(built({{1, 3}, {1, 2, 3}}), Values{1, 2, 3});
      }
    }
}

TEST(Scans, OfTheOldKindHaveABatchAround) {
  onnx::GraphProto body;
  take(body, "s");
  take(body, "row");
  add_node(body, "Add", {"s", "row"}, {"t"});
  add_node(body, "Identity", {"t"}, {"u"});
  give_all(body, {"t", "u"});
  Model model(8);
  model.input("x", {2, 2, 1}).constant("zero", {2, 1}, Floats{0, 5});
  model.node("Scan", {"", "zero", "x"}, {"sum", "sums"}, {{"body", body}, {"num_scan_inputs", std::int64_t{1}}});
  model.output("sums").output("sum");
  Built built(model);
  EXPECT_VALUES(built({{2, 2, 1}, {1, 2, 3, 4}}), Values{1, 3, 8, 12});
}

TEST(LoopRefusals, NameWhatIsWrong) {
  const auto message_of = [](const onnx::GraphProto& body, const std::vector<std::string>& inputs) {
    Model model(17);
    model.input("x", {2});
    trips_by_data(model).node("Loop", inputs, {"y"}, with_body(body)).output("y");
    ErrorCode code{};
    const std::string message = error_of(model.bytes(), &code);
    EXPECT_EQ(code, ErrorCode::invalid_model) << message;
    return message;
  };
  onnx::GraphProto endless = body_of({"v"}), typed = body_of({"v"}), few = body_of({});
  add_node(endless, "Neg", {"v"}, {"w"});
  give_all(endless, {"go", "w"});
  EXPECT_NE(message_of(endless, {"", "", "x"}).find("nothing ends the loop"), std::string::npos);
  add_node(typed, "Cast", {"v"}, {"w"}, {{"to", std::int64_t{7}}});
  give_all(typed, {"go", "w"});
  EXPECT_NE(message_of(typed, {"trips", "", "x"}).find("carries float32 and hands on int64"), std::string::npos);
  give_all(few, {"go"});
  EXPECT_NE(message_of(few, {"trips", "", "x"}).find("inputs"), std::string::npos);
}

}  // namespace
}  // namespace vireo::import_testing
