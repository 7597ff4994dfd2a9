#pragma once
// User names, passwords and keys in addresses and properties are never told. What was told without them finds them
// again when it comes back unchanged, so that whoever reads a configuration, changes a threshold and writes it keeps
// the cameras' passwords without ever seeing them.

#include "config/settings.h"

namespace vireo::control {

[[nodiscard]] config::StreamConfig without_secrets(config::StreamConfig stream);
/// Puts back what without_secrets() took from `known`.
void restore_secrets(config::StreamConfig& stream, const config::StreamConfig& known);

}  // namespace vireo::control
