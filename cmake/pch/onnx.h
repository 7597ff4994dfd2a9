#pragma once
// What the importer's files include.
#include <onnx/onnx_pb.h>

#include "cmake/pch/engine.h"
