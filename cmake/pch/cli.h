#pragma once
// What the program's files include.
#include <fmt/core.h>

#include <iostream>

#include "cmake/pch/plugins.h"
