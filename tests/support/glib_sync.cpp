// Shows ThreadSanitizer the hand-overs inside GLib and GStreamer. Both are installed without it, and GLib's locks are
// futexes of its own, so a buffer that goes from one thread to another through a GMutex or a GAsyncQueue would look
// like a race in our code. Linked into the tests of the elements in the build with ThreadSanitizer only: a symbol of
// the program comes before the library's, so these run first, say what is handed over, and call the library's own.

#include <dlfcn.h>
#include <gst/gst.h>
#include <unistd.h>

#include <cstdlib>

extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);

// The macros of these names would hide the functions.
#undef g_once_init_leave
#undef g_object_unref

namespace {

template <typename Function>
Function* library_own(Function*, const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

/// A reference is given up: what this holder did happens before what the last holder does.
void pass_on(void* object) {
  __tsan_acquire(object);
  __tsan_release(object);
}

/// The result of a call that waited for the object: what others handed over with it came before.
template <typename Result>
Result acquired(void* object, Result result) {
  __tsan_acquire(object);
  return result;
}

/// GLib's slices would go from thread to thread inside of the library: what one thread freed and another one got would
/// look like one object that both write. With plain malloc it is seen. The library reads this before any code of ours
/// runs, so the program is begun once more.
__attribute__((constructor)) void without_slices(int, char** arguments, char**) {
  if (std::getenv("G_SLICE")) return;
  setenv("G_SLICE", "always-malloc", 1);
  execv("/proc/self/exe", arguments);
}

}  // namespace

extern "C" {

void g_mutex_lock(GMutex* mutex) {
  static auto* const own = library_own(&g_mutex_lock, "g_mutex_lock");
  own(mutex);
  __tsan_acquire(mutex);
}

gboolean g_mutex_trylock(GMutex* mutex) {
  static auto* const own = library_own(&g_mutex_trylock, "g_mutex_trylock");
  const gboolean taken = own(mutex);
  if (taken) __tsan_acquire(mutex);
  return taken;
}

void g_mutex_unlock(GMutex* mutex) {
  static auto* const own = library_own(&g_mutex_unlock, "g_mutex_unlock");
  __tsan_release(mutex);
  own(mutex);
}

void g_cond_wait(GCond* condition, GMutex* mutex) {
  static auto* const own = library_own(&g_cond_wait, "g_cond_wait");
  __tsan_release(mutex);
  own(condition, mutex);
  __tsan_acquire(mutex);
}

gboolean g_cond_wait_until(GCond* condition, GMutex* mutex, gint64 end) {
  static auto* const own = library_own(&g_cond_wait_until, "g_cond_wait_until");
  __tsan_release(mutex);
  return acquired(mutex, own(condition, mutex, end));
}

void g_once_init_leave(volatile void* location, gsize result) {
  static auto* const own = library_own(&g_once_init_leave, "g_once_init_leave");
  __tsan_release(const_cast<void*>(location));
  own(location, result);
}

void g_async_queue_push(GAsyncQueue* queue, gpointer item) {
  static auto* const own = library_own(&g_async_queue_push, "g_async_queue_push");
  __tsan_release(queue);
  own(queue, item);
}

gpointer g_async_queue_pop(GAsyncQueue* queue) {
  static auto* const own = library_own(&g_async_queue_pop, "g_async_queue_pop");
  return acquired(queue, own(queue));
}

gpointer g_async_queue_try_pop(GAsyncQueue* queue) {
  static auto* const own = library_own(&g_async_queue_try_pop, "g_async_queue_try_pop");
  return acquired(queue, own(queue));
}

gpointer g_async_queue_timeout_pop(GAsyncQueue* queue, guint64 timeout_us) {
  static auto* const own = library_own(&g_async_queue_timeout_pop, "g_async_queue_timeout_pop");
  return acquired(queue, own(queue, timeout_us));
}

void g_object_unref(gpointer object) {
  static auto* const own = library_own(&g_object_unref, "g_object_unref");
  pass_on(object);
  own(object);
}

void gst_object_unref(gpointer object) {
  static auto* const own = library_own(&gst_object_unref, "gst_object_unref");
  pass_on(object);
  own(object);
}

/// Gives the reference up here unless it is the last one: only after its own decrement does a holder know that it is
/// the last, so the library can't be called before what the others hand over is taken.
void gst_mini_object_unref(GstMiniObject* object) {
  static auto* const own = library_own(&gst_mini_object_unref, "gst_mini_object_unref");
  __tsan_release(object);
  gint count = __atomic_load_n(&object->refcount, __ATOMIC_ACQUIRE);
  while (count > 1) {
    if (__atomic_compare_exchange_n(&object->refcount, &count, count - 1, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
      return;
  }
  __tsan_acquire(object);
  // A sample gives up its buffer inside of the library: it is held meanwhile, and given up here.
  GstBuffer* buffer = GST_IS_SAMPLE(object) ? gst_sample_get_buffer(GST_SAMPLE(object)) : nullptr;
  if (buffer) gst_mini_object_ref(GST_MINI_OBJECT(buffer));
  own(object);
  if (buffer) gst_mini_object_unref(GST_MINI_OBJECT(buffer));
}

/// Who finds itself the only holder may change the object: the others gave their references up before.
gboolean gst_mini_object_is_writable(const GstMiniObject* object) {
  static auto* const own = library_own(&gst_mini_object_is_writable, "gst_mini_object_is_writable");
  return acquired(const_cast<GstMiniObject*>(object), own(object));
}

/// The same object for its only holder, else a copy, and the reference given up inside.
GstMiniObject* gst_mini_object_make_writable(GstMiniObject* object) {
  static auto* const own = library_own(&gst_mini_object_make_writable, "gst_mini_object_make_writable");
  pass_on(object);
  return own(object);
}

gboolean gst_bus_post(GstBus* bus, GstMessage* message) {
  static auto* const own = library_own(&gst_bus_post, "gst_bus_post");
  __tsan_release(bus);
  return own(bus, message);
}

GstMessage* gst_bus_timed_pop_filtered(GstBus* bus, GstClockTime timeout, GstMessageType types) {
  static auto* const own = library_own(&gst_bus_timed_pop_filtered, "gst_bus_timed_pop_filtered");
  return acquired(bus, own(bus, timeout, types));
}

}  // extern "C"
