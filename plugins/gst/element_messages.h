#pragma once
// What the elements tell in the same words. Any thread.

#include <gst/gst.h>

#include <string>

namespace vireo::gst {

/// Warns that a property was not taken: it can't change in this state, and reads back what it was.
inline void refuse_property(GstElement* element, const GParamSpec* spec) {
  GST_ELEMENT_WARNING(element, LIBRARY, SETTINGS,
                      ("Property '%s' can't change while the element is in use; it stays as it was.", spec->name),
                      ("set it in NULL or READY; gst-inspect-1.0 says of each property when it may change"));
}

/// Warns, once for each `told`, that results of a stage upstream don't get here; `culprit` is empty where they do.
inline void warn_of_lost_results(GstElement* element, const std::string& culprit, bool& told) {
  if (culprit.empty() || told) return;
  told = true;
  GST_ELEMENT_WARNING(element, STREAM, FAILED,
                      ("Results don't get past '%s': what it does to the picture can't be followed.", culprit.c_str()),
                      ("put %s before it", GST_OBJECT_NAME(element)));
}

}  // namespace vireo::gst
