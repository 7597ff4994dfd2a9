#include "app/machine/machine.h"

#include <dlfcn.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <set>

namespace vireo::machine {
namespace {

namespace fs = std::filesystem;

constexpr double kLeastRoomMb = 200;  ///< a few large models' plans

std::vector<fs::path> entries(const fs::path& folder, const std::string& begin, const std::string& end) {
  std::vector<fs::path> found;
  std::error_code failed;
  for (auto entry = fs::directory_iterator(folder, failed); !failed && entry != fs::directory_iterator();
       entry.increment(failed)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with(begin) && name.ends_with(end)) found.push_back(entry->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::string first_line(const fs::path& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  line.erase(std::remove_if(line.begin(), line.end(), [](unsigned char c) { return c <= ' '; }), line.end());
  return line;
}

std::string group_name(unsigned id) {
  const group* found = getgrgid(id);
  return found ? found->gr_name : std::to_string(id);
}

bool may_read_and_write(const struct stat& file, const User& user) {
  if (user.id == 0) return true;
  const unsigned mode = file.st_mode;
  if (file.st_uid == user.id) return (mode & 0600) == 0600;
  if (std::find(user.groups.begin(), user.groups.end(), file.st_gid) != user.groups.end()) return (mode & 0060) == 0060;
  return (mode & 0006) == 0006;
}

/// The package with the OpenCL driver for a maker's graphics hardware (PCI vendor).
struct Maker {
  const char *vendor, *name, *icd, *package;
};
constexpr Maker kMakers[] = {{"0x8086", "Intel", "intel", "intel-opencl-icd"},
                             {"0x1002", "AMD", "", "mesa-opencl-icd"},
                             {"0x10de", "NVIDIA", "nvidia", "nvidia-opencl-icd"}};

}  // namespace

std::string install(const std::string& packages) {
  std::error_code failed;
  if (fs::exists("/etc/debian_version", failed)) return "sudo apt-get install " + packages;
  return "install what Debian calls " + packages;
}

User this_user() {
  User user{geteuid(), {getegid()}};
  std::vector<gid_t> groups(std::size_t(std::max(0, getgroups(0, nullptr))));
  const int count = getgroups(int(groups.size()), groups.data());
  for (int i = 0; i < count; ++i) user.groups.push_back(groups[std::size_t(i)]);
  return user;
}

std::vector<Finding> examine_opencl(const std::string& vendors, const fs::path& sys) {
  const fs::path folder = vendors.empty() ? fs::path("/etc/OpenCL/vendors") : fs::path(vendors);
  std::vector<Finding> list;
  std::string known;
  for (const fs::path& icd : entries(folder, "", ".icd")) {
    const std::string library = first_line(icd);
    known += icd.filename().string() + " " + library + " ";
    void* handle = library.empty() ? nullptr : dlopen(library.c_str(), RTLD_LAZY | RTLD_LOCAL);
    if (handle) {
      dlclose(handle);
      list.push_back({"opencl", State::ok, "OpenCL driver " + icd.filename().string() + " (" + library + ")", ""});
    } else {
      const char* why = library.empty() ? "it names no library" : dlerror();
      list.push_back({"opencl", State::broken, icd.string() + ": " + (why ? why : library + " can't be loaded"),
                      "reinstall its driver, or remove the file"});
    }
  }
  if (list.empty())
    list.push_back({"opencl", State::none, "no OpenCL driver in " + folder.string() + "; engines run on the processor",
                    install("pocl-opencl-icd") + "  # or the driver of your graphics hardware"});
  std::set<std::string> vendors_seen;
  for (const fs::path& card : entries(sys / "class/drm", "renderD", ""))
    vendors_seen.insert(first_line(card / "device/vendor"));
  for (const Maker& maker : kMakers) {
    const bool has_driver = known.find(*maker.icd ? maker.icd : "mesa") != std::string::npos ||
                            known.find("rusticl") != std::string::npos || known.find("amd") != std::string::npos;
    if (vendors_seen.contains(maker.vendor) && !has_driver)
      list.push_back({"opencl", State::absent, std::string("a driver for the graphics hardware by ") + maker.name,
                      install(maker.package)});
  }
  return list;
}

std::vector<Finding> examine_devices(const fs::path& dev, const User& user) {
  std::vector<Finding> list;
  const auto examine = [&](const fs::path& folder, const char* begin, const char* what, bool tell_none) {
    const std::vector<fs::path> nodes = entries(folder, begin, "");
    if (nodes.empty() && tell_none) list.push_back({"permissions", State::none, std::string("no ") + what, ""});
    for (const fs::path& node : nodes) {
      struct stat file {};
      if (::stat(node.c_str(), &file) != 0) continue;
      if (may_read_and_write(file, user)) {
        list.push_back({"permissions", State::ok, std::string(what) + " " + node.string() + " can be opened", ""});
      } else if ((file.st_mode & 0060) == 0060 && file.st_gid != 0) {
        list.push_back({"permissions", State::absent,
                        std::string(what) + " " + node.string() + " belongs to group " + group_name(file.st_gid) +
                            ", and this user does not",
                        "sudo usermod -aG " + group_name(file.st_gid) + " \"$USER\"  # then log in again"});
      } else {
        list.push_back({"permissions", State::absent, std::string(what) + " " + node.string() + " can't be opened",
                        "sudo chmod g+rw " + node.string() + "  # or a udev rule"});
      }
    }
  };
  examine(dev, "video", "camera", true);
  examine(dev / "dri", "renderD", "render node", false);
  return list;
}

Finding examine_cache(const fs::path& folder) {
  fs::path there = folder;
  std::error_code failed;
  while (!there.empty() && !fs::exists(there, failed) && there != there.root_path()) there = there.parent_path();
  if (there.empty()) there = ".";
  const std::string name = folder.string();
  const std::string fix = "set XDG_CACHE_HOME to a folder of yours, or plan-cache=off and wait at each start";
  if (!fs::is_directory(there, failed))
    return {"files", State::absent, "plans can't be kept in " + name + ": " + there.string() + " is no folder", fix};
  if (::access(there.c_str(), W_OK | X_OK) != 0)
    return {"files", State::absent,
            "plans can't be kept in " + name + ": " + there.string() + ": " + std::strerror(errno),
            "sudo chown \"$USER\" " + there.string() + "  # or " + fix};
  struct statvfs space {};
  const double mb = ::statvfs(there.c_str(), &space) == 0 ? double(space.f_bavail) * double(space.f_frsize) / 1e6 : 1e9;
  if (mb < kLeastRoomMb)
    return {"files", State::slow, "plans in " + name + ": only " + std::to_string(long(mb)) + " MB are left there",
            "rm -r " + name + "  # plans are made anew when they are needed"};
  return {"files", State::ok, "plans are kept in " + name, ""};
}

std::vector<Finding> examine_versions(const std::string& program, const std::string& plugin, const fs::path& maps) {
  std::set<std::string> libraries;
  std::ifstream lines(maps);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t path = line.find('/');
    if (path != std::string::npos && line.find("/libvireo.so") != std::string::npos)
      libraries.insert(line.substr(path));
  }
  std::vector<Finding> list;
  const std::string fix =
      "install all of one build, and unset GST_PLUGIN_PATH and LD_LIBRARY_PATH where they name another";
  if (libraries.size() > 1) {
    std::string all;
    for (const std::string& library : libraries) all += (all.empty() ? "" : " and ") + library;
    list.push_back({"versions", State::broken, "two copies of the engine are loaded: " + all, fix});
  }
  for (const std::string& library : libraries) {
    const std::size_t at = library.rfind(".so.");
    const std::string version = at == std::string::npos ? "" : library.substr(at + 4);
    const bool whole = version.find('.') != std::string::npos;  // "0" alone says no more than that they can be linked
    if (whole && version != program)
      list.push_back({"versions", State::broken, library + " is not of the program's version " + program, fix});
  }
  if (!plugin.empty() && plugin != program)
    list.push_back(
        {"versions", State::broken, "the GStreamer plugin has version " + plugin + ", the program " + program, fix});
  if (list.empty()) list.push_back({"versions", State::ok, "program, library and plugin: " + program, ""});
  return list;
}

}  // namespace vireo::machine
