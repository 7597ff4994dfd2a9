#pragma once
// What most test programs include.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <thread>

#include "cmake/pch/engine.h"
#include "engine/api/builder.h"
#include "engine/api/engine.h"
#include "engine/api/log.h"
