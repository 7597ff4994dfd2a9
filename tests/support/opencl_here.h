#pragma once
// Whether this machine has an OpenCL device that engines run on; tests that need one skip where it hasn't.

#include <gtest/gtest.h>

#include <string>

#include "engine/device/device.h"

namespace vireo::testing {

/// "" or why not.
inline const std::string& why_no_opencl() {
  static const std::string why = []() -> std::string {
    try {
      (void)device::open("opencl:0");
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  }();
  return why;
}

class WithOpencl : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!why_no_opencl().empty()) GTEST_SKIP() << why_no_opencl();
  }
};

}  // namespace vireo::testing
