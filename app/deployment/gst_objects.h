#pragma once
// Small helpers over GStreamer's C objects, for this folder only.

#include <gst/gst.h>

#include <memory>
#include <string>

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

/// Takes ownership of a string of GLib.
inline std::string take(gchar* text) {
  std::string copy = text ? text : "";
  g_free(text);
  return copy;
}

/// A new element inside the bin. Throws Error(not_found) that names the package it comes with.
GstElement* add_element(GstBin* bin, const char* factory, const std::string& name = {});
/// Sets a property from text. Throws Error listing the element's properties when the name is unknown or the value is
/// not accepted.
void set_property(GstElement* element, const std::string& name, const std::string& value);
/// Links two elements of one bin. Throws Error.
void link(GstElement* from, GstElement* to);
/// Gives the bin a ghost pad of the element's static pad.
void add_ghost(GstBin* bin, GstElement* element, const char* pad);

}  // namespace vireo::deployment
