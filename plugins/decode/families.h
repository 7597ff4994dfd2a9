#pragma once
// The rows of all decoder families, each defined in the file of its name. Only decoders.cpp and tests need this.

#include "plugins/sdk/decoder.h"

namespace vireo::decode {

extern const sdk::DecoderRow kBlazeface, kClassify, kDbnet, kDetr, kEnd2end, kFastestdet, kNanodet, kRetinaface,
    kScoresBoxes, kSegment, kSsd, kYolov5, kYolov8, kYolox, kYunet;

}  // namespace vireo::decode
