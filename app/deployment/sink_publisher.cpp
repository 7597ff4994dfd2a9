// Results to a publisher: JSON lines. Frames leave their pixels behind.

#include <filesystem>

#include "app/deployment/sinks.h"
#include "plugins/publish/publishers.h"

namespace vireo::deployment {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kRoom = 64;  ///< results that wait for a slow target

class Publication final : public Output {
 public:
  Publication(const config::SinkConfig& sink, const OutputContext& context) : Output(sink, context, kRoom) {}
  [[nodiscard]] bool takes_pictures() const override { return false; }

 protected:
  /// A file of an earlier run is emptied by the first result of this one, and by nothing else.
  void opening() override {
    const std::string file = sink_file(sink());
    std::error_code failed;
    if (file.empty() || adds()) return;
    const fs::path one = fs::weakly_canonical(file, failed);
    context().ledger->begin(failed ? file : one.string(), [&] {
      if (fs::is_regular_file(file, failed)) fs::resize_file(file, 0, failed);
    });
  }
  void build(GstBin* pipeline, GstElement* appsrc) override {
    GstElement* publisher = add_element(pipeline, "vireopublish");
    set_properties(publisher, sink().properties);
    set_property(publisher, "to", sink().to);
    if (!sink_file(sink()).empty() && !adds()) {
      const auto options = sink().properties.find("options");
      set_property(publisher, "options",
                   (options == sink().properties.end() ? "" : options->second.value + ";") + "append=true");
    }
    GstElement* end = add_element(pipeline, "fakesink");
    g_object_set(end, "sync", FALSE, "async", FALSE, nullptr);
    link(appsrc, publisher);
    link(publisher, end);
  }
  OwnedSample prepare(GstSample* sample, GstClockTime, GstClockTime) override { return without_pixels(sample); }
  /// Who reads a pipe and has gone does not come back.
  [[nodiscard]] bool may_try_again() const override { return !sink_file(sink()).empty(); }

 private:
  /// The user asked for it.
  [[nodiscard]] bool adds() const {
    const auto options = sink().properties.find("options");
    return options != sink().properties.end() && options->second.value.find("append=") != std::string::npos;
  }
};

std::optional<SinkAddress> parse(const std::string& to) {
  static constexpr std::string_view kEnds[] = {".jsonl", ".json"};
  if (to == "-" || to == "jsonl") return SinkAddress{"jsonl:", "-"};
  if (is_file_named(to, kEnds)) return SinkAddress{"jsonl:", to};
  if (to.starts_with("jsonl:") && !to.starts_with("jsonl://")) return SinkAddress{"jsonl:", to.substr(6)};
  return std::nullopt;
}

/// Said when the element starts, too late for who checks a configuration.
void check_options(const config::SinkConfig& sink) {
  const auto options = sink.properties.find("options");
  try {
    publish::check_publisher(sink.to,
                             sdk::Params::parse(options == sink.properties.end() ? "" : options->second.value));
  } catch (const Error& error) {
    throw placed(error, options == sink.properties.end() ? sink.place : options->second.place, {});
  }
}

std::unique_ptr<Output> create(const config::SinkConfig& sink, const OutputContext& context) {
  check_options(sink);
  return std::make_unique<Publication>(sink, context);
}

}  // namespace

extern const SinkRow kPublisherSink;
const SinkRow kPublisherSink{"jsonl:FILE, jsonl:-", true, false, false, parse, create};

}  // namespace vireo::deployment
