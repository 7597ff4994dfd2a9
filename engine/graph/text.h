#pragma once
// Networks as text, one statement per line: what plans store, tests compare and `vireo inspect` shows.
//
// Examples:
//   graph "name"
//   meta "key" "value"
//   input "x" float32 1x3x?x? "batch" "" "height" "width"
//   const "w" float32 8x3x3x3 @4096 1f83d9abfb41bd6b
//   const "shape" int64 2 = 1 -1
//   "y" = conv("x", "w", -, "r") {activation="relu", strides=[2, 2]} "layer name"
//   output "y" "public name"
//
// Grammar, where * is any number, ? at most one:
//   line       = statement? comment?
//   statement  = graph | meta | input | const | layer | output
//   graph      = "graph" quoted
//   meta       = "meta" quoted quoted                              key, value
//   input      = "input" quoted dtype (dims | "any") quoted*       name; a symbol for each extent, "" for none. any:
//                                                                  not even the number of extents is known
//   const      = "const" quoted dtype dims (place | inline)
//   place      = "@" offset checksum?                              bytes into the weights; checksum in hexadecimal
//   inline     = "=" (number* | quoted*)                           as many as the dims say; texts for strings
//   layer      = name ("," name)* "=" operator "(" (name ("," name)*)? ")" attributes? quoted?
//                                                                  outputs, inputs, the layer's name
//   name       = quoted | "-"                                      - stands for an absent tensor
//   attributes = "{" (key "=" value ("," key "=" value)*)? "}"
//   key        = word | quoted
//   value      = number | quoted | "[" (number ("," number)*)? "]" | "[.]"
//   output     = "output" quoted quoted                            tensor, public name
//   dims       = "scalar" | extent ("x" extent)*                   extent: a number, or ? where unknown
//   quoted     = '"' ... '"'                                       any bytes; \" \\ \n and \xHH for control characters
//   comment    = "#" ... end of the line                           dump writes the inferred types there
//   word       = any characters but blanks and ( ) { } [ ] , = # " @
//
// Between the parts there may be blanks. A value with one of the characters "." "e" "n" in it (1.0, 1e5, nan, inf) is a
// real, any other an integer; one real in a list makes all of the list reals; "[.]" is an empty list of reals. What a
// line names must be defined in a line before it.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "engine/graph/graph.h"

namespace vireo::graph {

/// Appends the text as `quoted` of the grammar: without a line break, whatever bytes the text has.
void append_quoted(std::string& out, std::string_view text);
/// Takes a quoted text off the front. Nothing, and `rest` as it was, where there is none.
[[nodiscard]] std::optional<std::string> take_quoted(std::string_view& rest);

/// Where a constant goes that is not written inline: returns its byte offset.
using StoreConstant = std::function<std::size_t(const ConstantPtr&)>;
/// The constant at a byte offset; the name is for errors. Throws Error when it lies outside.
using FetchConstant = std::function<ConstantPtr(const std::string& name, DataType, const Dims&, std::size_t offset,
                                                std::optional<std::uint64_t> checksum)>;
using FindOperator = std::function<const Operator*(std::string_view)>;

/// Without `store`, large constants are written as `@?` (for reading, not for parsing).
[[nodiscard]] std::string dump_text(const Graph& graph, const StoreConstant& store = {});

/// Throws Error(invalid_model) naming line and what was expected. Infers all types and verifies.
[[nodiscard]] Graph parse_text(std::string_view text, const FindOperator& find, const FetchConstant& fetch = {});

}  // namespace vireo::graph
