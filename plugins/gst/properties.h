#pragma once
// The properties of an element as a table, one row each: it installs, writes and reads them, and knows when each may
// change. `S` is the plain struct that holds the values; its own defaults are the properties'. The element guards it by
// its object lock. Ids are the rows' numbers, from 1.

#include <gst/gst.h>

#include <cstdint>
#include <span>
#include <string>
#include <variant>

#include "plugins/gst/element_messages.h"

namespace vireo::gst {

/// When a property may change: before the element is in use, or any time (the next frame sees it).
enum class When : std::uint8_t { ready, playing };

/// An enumeration.
template <typename S>
struct Choice {
  int (*get)(const S& settings);
  void (*set)(S& settings, int value);
  GType (*type)();
};

template <typename S>
struct Property {
  const char *name, *nick, *blurb;  ///< the blurb says unit, range and default; when it may change is added
  std::variant<std::string S::*, int S::*, std::int64_t S::*, std::uint64_t S::*, double S::*, float S::*, bool S::*,
               Choice<S>>
      field;
  When when = When::ready;
  double min = 0, max = 0;  ///< of int, double and float; 64-bit numbers may be any
  bool marked = false;      ///< whatever the element wants to know of it
};

template <typename S>
using PropertyTable = std::span<const Property<S>>;

enum class SetResult : std::uint8_t { unknown, refused, set };

namespace detail {

inline constexpr const char* kReady = " Changeable in NULL and READY.";
inline constexpr const char* kPlaying = " Changeable while playing; the next frame sees it.";

template <typename... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <typename... F>
Overloaded(F...) -> Overloaded<F...>;

template <typename S>
GParamSpec* spec_of(const Property<S>& row) {
  const S defaults;
  const auto flags = GParamFlags(G_PARAM_READWRITE | G_PARAM_STATIC_NAME | G_PARAM_STATIC_NICK |
                                 (row.when == When::ready ? GST_PARAM_MUTABLE_READY : GST_PARAM_MUTABLE_PLAYING));
  const std::string text = row.blurb + std::string(row.when == When::ready ? kReady : kPlaying);
  const char *name = row.name, *nick = row.nick, *blurb = text.c_str();
  return std::visit(
      Overloaded{[&](std::string S::*field) {
                   const std::string& value = defaults.*field;
                   return g_param_spec_string(name, nick, blurb, value.empty() ? nullptr : value.c_str(), flags);
                 },
                 [&](int S::*field) {
                   return g_param_spec_int(name, nick, blurb, int(row.min), int(row.max), defaults.*field, flags);
                 },
                 [&](std::int64_t S::*field) {
                   return g_param_spec_int64(name, nick, blurb, G_MININT64, G_MAXINT64, defaults.*field, flags);
                 },
                 [&](std::uint64_t S::*field) {
                   return g_param_spec_uint64(name, nick, blurb, 0, G_MAXUINT64, defaults.*field, flags);
                 },
                 [&](double S::*field) {
                   return g_param_spec_double(name, nick, blurb, row.min, row.max, defaults.*field, flags);
                 },
                 [&](float S::*field) {
                   return g_param_spec_float(name, nick, blurb, float(row.min), float(row.max), defaults.*field, flags);
                 },
                 [&](bool S::*field) { return g_param_spec_boolean(name, nick, blurb, defaults.*field, flags); },
                 [&](const Choice<S>& choice) {
                   return g_param_spec_enum(name, nick, blurb, choice.type(), choice.get(defaults), flags);
                 }},
      row.field);
}

}  // namespace detail

template <typename S>
void install_properties(GObjectClass* object_class, PropertyTable<S> table) {
  for (guint i = 0; i < table.size(); ++i) {
    g_object_class_install_property(object_class, i + 1, detail::spec_of(table[i]));
  }
}

/// The row of an id, or null.
template <typename S>
[[nodiscard]] const Property<S>* find_property(PropertyTable<S> table, guint id) {
  return id >= 1 && id <= table.size() ? &table[id - 1] : nullptr;
}

/// `in_use`: rows that may change only before that are refused.
template <typename S>
[[nodiscard]] SetResult write_property(PropertyTable<S> table, S& settings, guint id, const GValue* value,
                                       bool in_use) {
  const Property<S>* row = find_property(table, id);
  if (!row) return SetResult::unknown;
  if (in_use && row->when == When::ready) return SetResult::refused;
  std::visit(detail::Overloaded{[&](std::string S::*field) {
                                  const gchar* given = g_value_get_string(value);
                                  settings.*field = given ? given : "";
                                },
                                [&](int S::*field) { settings.*field = g_value_get_int(value); },
                                [&](std::int64_t S::*field) { settings.*field = g_value_get_int64(value); },
                                [&](std::uint64_t S::*field) { settings.*field = g_value_get_uint64(value); },
                                [&](double S::*field) { settings.*field = g_value_get_double(value); },
                                [&](float S::*field) { settings.*field = g_value_get_float(value); },
                                [&](bool S::*field) { settings.*field = g_value_get_boolean(value); },
                                [&](const Choice<S>& choice) { choice.set(settings, g_value_get_enum(value)); }},
             row->field);
  return SetResult::set;
}

/// False when the table doesn't have the id.
template <typename S>
[[nodiscard]] bool read_property(PropertyTable<S> table, const S& settings, guint id, GValue* value) {
  const Property<S>* row = find_property(table, id);
  if (!row) return false;
  std::visit(detail::Overloaded{[&](std::string S::*field) {
                                  const std::string& held = settings.*field;
                                  g_value_set_string(value, held.empty() ? nullptr : held.c_str());
                                },
                                [&](int S::*field) { g_value_set_int(value, settings.*field); },
                                [&](std::int64_t S::*field) { g_value_set_int64(value, settings.*field); },
                                [&](std::uint64_t S::*field) { g_value_set_uint64(value, settings.*field); },
                                [&](double S::*field) { g_value_set_double(value, settings.*field); },
                                [&](float S::*field) { g_value_set_float(value, settings.*field); },
                                [&](bool S::*field) { g_value_set_boolean(value, settings.*field); },
                                [&](const Choice<S>& choice) { g_value_set_enum(value, choice.get(settings)); }},
             row->field);
  return true;
}

/// The whole of an element's set_property for ids of the table: takes the object lock, warns of what is refused.
template <typename S>
[[nodiscard]] SetResult set_property(GObject* object, PropertyTable<S> table, S& settings, guint id,
                                     const GValue* value, GParamSpec* spec, bool in_use) {
  GST_OBJECT_LOCK(object);
  const SetResult result = write_property(table, settings, id, value, in_use);
  GST_OBJECT_UNLOCK(object);
  if (result == SetResult::refused) refuse_property(GST_ELEMENT(object), spec);
  if (result == SetResult::unknown) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  return result;
}

/// Likewise of get_property.
template <typename S>
void get_property(GObject* object, PropertyTable<S> table, const S& settings, guint id, GValue* value,
                  GParamSpec* spec) {
  GST_OBJECT_LOCK(object);
  const bool known = read_property(table, settings, id, value);
  GST_OBJECT_UNLOCK(object);
  if (!known) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

/// True from READY→PAUSED on.
[[nodiscard]] inline bool in_use(gpointer element) {
  return GST_STATE(element) > GST_STATE_READY || GST_STATE_NEXT(element) > GST_STATE_READY;
}

}  // namespace vireo::gst
