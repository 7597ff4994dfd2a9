#pragma once
// Small helpers over GStreamer's C objects, for this folder only.

#include <gst/gst.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "config/loader.h"
#include "config/settings.h"
#include "engine/api/error.h"

namespace vireo::deployment {

struct GstUnref {
  void operator()(void* object) const noexcept { gst_object_unref(object); }
};
template <typename T>
using Owned = std::unique_ptr<T, GstUnref>;

struct CapsUnref {
  void operator()(GstCaps* caps) const noexcept { gst_caps_unref(caps); }
};
using OwnedCaps = std::unique_ptr<GstCaps, CapsUnref>;

struct SampleUnref {
  void operator()(GstSample* sample) const noexcept { gst_sample_unref(sample); }
};
using OwnedSample = std::unique_ptr<GstSample, SampleUnref>;

struct MessageUnref {
  void operator()(GstMessage* message) const noexcept { gst_message_unref(message); }
};
using OwnedMessage = std::unique_ptr<GstMessage, MessageUnref>;

/// A pipeline that is brought to NULL before it goes.
struct PipelineEnd {
  void operator()(GstElement* pipeline) const noexcept {
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(pipeline);
  }
};
using OwnedPipeline = std::unique_ptr<GstElement, PipelineEnd>;
[[nodiscard]] OwnedPipeline new_pipeline(const std::string& name);

using Clock = std::chrono::steady_clock;
/// Of the steady clock. Never 0.
inline std::int64_t now_ns() { return Clock::now().time_since_epoch().count(); }
inline double seconds_since(std::int64_t then_ns) { return double(now_ns() - then_ns) / 1e9; }

/// Takes ownership of a string of GLib.
inline std::string take(gchar* text) {
  std::string copy = text ? text : "";
  g_free(text);
  return copy;
}

[[nodiscard]] bool has_element(const char* factory);
/// A new element inside the bin. Throws Error(not_found) that names the package it comes with.
GstElement* add_element(GstBin* bin, const char* factory, const std::string& name = {});
/// Sets a property from text. Throws Error that names the place, and the element's properties when the name is unknown
/// or what is accepted when the value is not.
void set_property(GstElement* element, const std::string& name, const config::Option& option);
void set_property(GstElement* element, const std::string& name, const std::string& value);
void set_properties(GstElement* element, const config::Options& options);
/// The same on an element that nobody uses: throws where set_properties() would.
void try_properties(const char* factory, const config::Options& options);
/// The error with the place in front, unless it begins with it, or with that of one of the options, already.
[[nodiscard]] Error placed(const Error& error, const config::Place& place, const config::Options& options);
/// Links two elements of one bin. Throws Error.
void link(GstElement* from, GstElement* to);
/// Gives the bin a ghost pad of the element's static pad.
void add_ghost(GstBin* bin, GstElement* element, const char* pad);

/// Frames may come with their planes anywhere: without this answer of a sink, elements before it would copy them.
void accept_any_planes(GstElement* sink);

/// The frame's caps, times and metas alone, for who wants results.
[[nodiscard]] OwnedSample without_pixels(GstSample* sample);

/// An error's or warning's text, without and with its remedy and details, as one line.
[[nodiscard]] std::string describe(GstMessage* message);
/// Why a state change failed: the first error on the pipeline's bus.
[[nodiscard]] std::string start_failure(GstElement* pipeline);

/// The writable properties of Vireo's elements that configuration files may set, by message of the schema.
[[nodiscard]] config::Knobs element_knobs();

}  // namespace vireo::deployment
