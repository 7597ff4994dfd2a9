#pragma once
// An output that gets its frames compressed, one by one: what sinks that decide about each of them are made of. The
// destructor of the derived class must call release().

#include "app/deployment/encoder.h"
#include "app/deployment/output.h"
#include "app/deployment/sink_options.h"

namespace vireo::deployment {

/// A compressed frame. `at`: time since the output began; the buffer's own times have the same beginning, moved so that
/// none is negative.
struct EncodedFrame {
  GstBuffer* buffer;
  GstCaps* caps;
  GstClockTime at;
  bool key;  ///< can be understood without those before it
};

class EncodedOutput : public Output {
 protected:
  /// `own`: the names of the properties that are not the encoder's.
  EncodedOutput(const config::SinkConfig& config, const OutputContext& context, std::vector<std::string_view> own,
                GstClockTime key_every)
      : Output(config, context, 4), options_(sink(), std::move(own)), chain_(key_every) {}

  void build(GstBin* pipeline, GstElement* appsrc) override;
  OwnedSample prepare(GstSample* sample, GstClockTime running, GstClockTime start) override {
    return chain_.prepare(sample, running, start);
  }
  /// From the encoder's thread.
  virtual void encoded(const EncodedFrame& frame) = 0;
  /// Behind the last one, from the same thread: the output ends when this returns.
  virtual void encoded_all() = 0;
  /// The output has failed; from the encoder's thread.
  void fail_for_good(const std::string& why);

 private:
  const SinkOptions options_;
  EncoderChain chain_;
  GstElement* end_ = nullptr;  ///< borrowed from the pipeline
};

}  // namespace vireo::deployment
