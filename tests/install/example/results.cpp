// Runs a pipeline of Vireo's elements and reads what they found from the buffers. results MODEL
#include <vireo/gst/frame_meta.h>
#include <cstdio>
#include <string>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  gst_init(nullptr, nullptr);
  const std::string text =
      "vireoscene num-buffers=3 ! video/x-raw,width=640,height=480 ! vireoinfer plan-cache=off model=" +
      std::string(argv[1]) + " ! fakesink name=end signal-handoffs=true sync=false";
  GError* error = nullptr;
  GstElement* pipeline = gst_parse_launch(text.c_str(), &error);
  if (error) {
    std::fprintf(stderr, "%s\n", error->message);
    return 1;
  }
  std::size_t found = 0, frames = 0;
  struct Counts {
    std::size_t *found, *frames;
  } counts{&found, &frames};
  GstElement* end = gst_bin_get_by_name(GST_BIN(pipeline), "end");
  const auto look = +[](GstElement*, GstBuffer* buffer, GstPad*, gpointer user) {
    const auto& to = *static_cast<Counts*>(user);
    if (const vireo::gst::FrameNote* note = vireo::gst::find_note(buffer, vireo::gst::NoteKind::result)) {
      ++*to.frames;
      *to.found += note->result.detections.size();
    }
  };
  g_signal_connect(end, "handoff", G_CALLBACK(look), &counts);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstBus* bus = gst_element_get_bus(pipeline);
  GstMessage* last =
      gst_bus_timed_pop_filtered(bus, GST_CLOCK_TIME_NONE, GstMessageType(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
  const bool good = GST_MESSAGE_TYPE(last) == GST_MESSAGE_EOS;
  gst_message_unref(last);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(bus);
  gst_object_unref(end);
  gst_object_unref(pipeline);
  std::printf("%zu frames, %s\n", frames, found ? "objects" : "nothing");
  return good ? 0 : 1;
}
