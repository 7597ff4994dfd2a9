#pragma once
// One registration function for each element; plugin.cpp calls them all.

#include <gst/gst.h>

namespace vireo::gst {

gboolean register_vireoinfer(GstPlugin* plugin);
gboolean register_vireodraw(GstPlugin* plugin);
gboolean register_vireopublish(GstPlugin* plugin);
gboolean register_vireoscene(GstPlugin* plugin);

}  // namespace vireo::gst
