#include "plugins/infer/plan_cache.h"

#include <dlfcn.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <sstream>
#include <vector>

#include "engine/api/builder.h"
#include "engine/api/device.h"
#include "engine/api/log.h"
#include "plugins/infer/model.h"

namespace vireo::infer {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOrigin = "vireo.origin";              ///< in the plan's metadata
constexpr const char* kExternalData = "onnx.external_data";  ///< the importer's list, one file a line
constexpr const char* kSuffix = ".cached.plan";
constexpr std::uintmax_t kMostBytes = std::uintmax_t{4} << 30;  ///< of all entries; the ones used last stay

/// Size and time of a file, which tell one version of it from the next.
std::string version_of(const fs::path& path) {
  std::error_code failed;
  const auto size = fs::file_size(path, failed);
  if (failed) return "missing";
  const auto time = fs::last_write_time(path, failed);
  return std::to_string(size) + " bytes, written " + std::to_string(time.time_since_epoch().count());
}

/// The library that builds: another one may build another plan.
std::string library_version() {
  static const std::string version = [] {
    Dl_info info{};
    using Build = Plan (*)(Network&&, const BuildOptions&, const Progress&);
    const auto build_function = static_cast<Build>(&build);
    if (!dladdr(reinterpret_cast<const void*>(build_function), &info) || !info.dli_fname) return std::string("unknown");
    return version_of(info.dli_fname);
  }();
  return version;
}

std::string devices_version(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names)
    if (const std::optional<DeviceInfo> device = find_device(name))
      text += (text.empty() ? "" : ", ") + device->fingerprint + " cores " + std::to_string(device->cores);
  return text.empty() ? "unknown" : text;
}

/// FNV-1a, 64 bits, as hexadecimal digits.
std::string digest(const std::string& text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const unsigned char c : text) hash = (hash ^ c) * 0x100000001b3;
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
  return digits;
}

std::string readable_stem(const fs::path& model) {
  std::string stem = model.stem().string().substr(0, 60);
  for (char& c : stem)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_' && c != '.') c = '_';
  return stem;
}

}  // namespace

CachedPlan::CachedPlan(const ModelOptions& options) {
  if (options.plan_cache.empty()) return;
  std::error_code failed;
  // Of a link the target is part of the origin, the folder is the link's own: external weights lie there.
  const fs::path target = fs::canonical(options.path, failed);
  if (failed) return;
  model_ = fs::canonical(fs::absolute(options.path).parent_path(), failed) / options.path.filename();
  if (failed) return;
  options_ = "model " + model_.string() + "\ndevice " + options.device + "\nprocessor " +
             devices_version(options.devices()) + "\nprecision " + std::string(to_string(options.precision)) +
             "\nthreads " + std::to_string(options.threads) + "\nbatch " + std::to_string(options.batch) + "\nbudget " +
             std::to_string(options.build_budget_s) + "\nsize " + options.size + "\nlayout " + options.layout + "\n";
  file_ = options.plan_cache / (readable_stem(model_) + "-" + digest(options_) + kSuffix);
  options_ += "library " + library_version() + "\nfile " + target.string() + " " + version_of(target) +
              "\n";  // before it is read
}

std::string CachedPlan::origin(const std::map<std::string, std::string>& metadata) const {
  std::string text = options_;
  const auto external = metadata.find(kExternalData);
  if (external == metadata.end()) return text;
  std::istringstream names(external->second);
  for (std::string name; std::getline(names, name);)
    text += "file " + name + " " + version_of(model_.parent_path() / name) + "\n";
  return text;
}

std::optional<Plan> CachedPlan::load() const {
  std::error_code failed;
  if (file_.empty() || !fs::exists(file_, failed)) return std::nullopt;
  try {
    Plan plan = Plan::load(file_);
    const auto found = plan.metadata().find(kOrigin);
    if (found == plan.metadata().end() || found->second != origin(plan.metadata())) {
      refuse("model or library changed since");
      return std::nullopt;
    }
    fs::last_write_time(file_, fs::file_time_type::clock::now(), failed);
    return plan;
  } catch (const Error& error) {
    refuse(error.what());
    return std::nullopt;
  }
}

void CachedPlan::refuse(const std::string& why) const {
  log(LogLevel::warning,
      "the cached plan '" + file_.string() + "' can't be used (" + why + "); '" + model_.string() + "' is built again");
}

void CachedPlan::label(Network& network) const {
  if (!file_.empty()) network.set_metadata(kOrigin, origin(network.metadata()));
}

void CachedPlan::store(const Plan& plan) const noexcept {
  if (file_.empty()) return;
  try {
    fs::create_directories(file_.parent_path());
    plan.save(file_);
    prune_cached_plans(file_.parent_path(), file_, kMostBytes);
  } catch (const std::exception& error) {
    log(LogLevel::info, std::string("the plan is not kept for the next start: ") + error.what());
  }
}

void prune_cached_plans(const fs::path& folder, const fs::path& kept, std::uintmax_t most_bytes) {
  struct Entry {
    fs::path path;
    fs::file_time_type used;
    std::uintmax_t bytes;
  };
  std::vector<Entry> entries;
  std::uintmax_t total = 0;
  std::error_code failed;
  const auto long_ago = fs::file_time_type::clock::now() - std::chrono::hours(1);
  for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
    const std::string name = at->path().filename().string();
    std::error_code gone;
    const Entry entry{at->path(), at->last_write_time(gone), at->file_size(gone)};
    if (gone) continue;  // another process removed it
    if (name.find(std::string(kSuffix) + ".tmp") != std::string::npos && entry.used < long_ago)
      fs::remove(entry.path, gone);  // a process that was killed left it
    if (!name.ends_with(kSuffix)) continue;
    total += entry.bytes;
    if (entry.path != kept) entries.push_back(entry);
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.used < b.used; });
  for (const Entry& entry : entries) {
    if (total <= most_bytes) return;
    if (fs::remove(entry.path, failed)) total -= entry.bytes;
  }
}

}  // namespace vireo::infer
