#include "engine/device/opencl/plan_kernel.h"

#include <algorithm>
#include <set>

#include "engine/base/text.h"
#include "engine/device/opencl/plan_text.h"

namespace vireo::device::opencl {
namespace {

using Part = OpenclKernel::Part;

bool is_word(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

std::size_t items_of(const OpenclKernel& k) { return k.local[0] * k.local[1] * k.local[2]; }
std::size_t groups_of(const OpenclKernel& k) { return k.groups[0] * k.groups[1] * k.groups[2]; }

/// "-DA=1 -DB={1,2}" as name and text; false for options that are no defines.
bool defines_of(const std::string& options, std::vector<std::pair<std::string, std::string>>& defines) {
  for (std::size_t at = 0; at < options.size();) {
    const std::size_t end = std::min(options.find(' ', at), options.size());
    const std::string word = options.substr(at, end - at);
    at = end + 1;
    if (word.empty()) continue;
    if (word.rfind("-D", 0) != 0) return false;
    const std::size_t equals = std::min(word.find('='), word.size());
    defines.emplace_back(word.substr(2, equals - 2), equals < word.size() ? word.substr(equals + 1) : "1");
  }
  return true;
}

std::string literal(const OpenclArgument& argument) {
  std::string words;
  for (std::size_t i = 0; i < argument.size; i += 4) {
    std::uint32_t word = 0;
    std::memcpy(&word, argument.value.data() + i, 4);
    words += base::str(i ? "," : "", word, "u");
  }
  const std::size_t count = argument.size / 4;
  return count == 1 ? base::str("as_", argument.type, "(", words, ")")
                    : base::str("as_", argument.type, "((uint", count, ")(", words, "))");
}

/// Without lines that are comments: a plan kernel has many texts.
std::string code_of(std::string_view text) {
  std::string code;
  code.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    const std::string_view line = text.substr(at, end - at);
    const std::size_t begin = std::min(line.find_first_not_of(' '), line.size());
    if (line.substr(begin, 2) != "//") code += line;
    at = end;
  }
  return code;
}

/// Without the kernels of the text that are not `entry`: they ask the machine for a place that only the entry is told.
std::string without_others(const std::string& text, const std::string& entry) {
  std::string kept;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    const std::string_view line(text.data() + at, end - at);
    const bool kernel = line.starts_with("kernel ") ||
                        (line.starts_with("__attribute__") && line.find(" kernel ") != std::string_view::npos);
    const std::size_t name = kernel ? text.find("void ", at) : std::string::npos;
    if (name != std::string::npos && text.compare(name + 5, entry.size() + 1, entry + "(") != 0) {
      at = std::min(text.find("\n}\n", at), text.size() - 3) + 3;
      continue;
    }
    kept += line;
    at = end;
  }
  return kept;
}

/// The text without what only a kernel of its own may say, its entry with `parameters` before its own.
std::string as_function(std::string text, const std::string& entry, std::string_view parameters) {
  constexpr std::string_view kSize = "__attribute__((reqd_work_group_size(";
  for (std::size_t at = 0; (at = text.find(kSize, at)) != std::string::npos;)
    text.erase(at, text.find(")))", at) + 3 - at);
  const std::string head = base::str("void ", entry, "(");
  const std::size_t at = text.find(head);
  if (at == std::string::npos) base::fail(ErrorCode::internal, "no kernel '", entry, "' in its text");
  text.insert(at + head.size(), parameters);
  return text;
}

/// What a kernel asks the machine for its place, answered by the loop that calls it.
constexpr std::string_view kPlace = R"(
#define get_local_size(d) ((d) == 0 ? VIREO_X : (d) == 1 ? VIREO_Y : VIREO_Z)
#define get_num_groups(d) ((d) == 0 ? VIREO_GROUPS_X : (d) == 1 ? VIREO_GROUPS_Y : VIREO_GROUPS_Z)
#define get_global_size(d) (get_local_size(d) * get_num_groups(d))
#define get_group_id(d) ((d) == 0 ? vireo_x : (d) == 1 ? vireo_y : vireo_z)
#define get_local_id(d) \
  ((d) == 0 ? vireo_item % VIREO_X : (d) == 1 ? vireo_item / VIREO_X % VIREO_Y : vireo_item / (VIREO_X * VIREO_Y))
#define get_global_id(d) (get_group_id(d) * get_local_size(d) + get_local_id(d))
#define VIREO_LOCAL(type, name, count)                                \
  local type *name = (local type *)(vireo_pool + vireo_used); \
  vireo_used += (sizeof(type) * (count) + 15) / 16 * 16
#define barrier(flags) vireo_meet(2 + vireo_lane, VIREO_X * VIREO_Y * VIREO_Z)
)";
constexpr std::string_view kNotPlace = R"(
#undef get_local_size
#undef get_num_groups
#undef get_global_size
#undef get_group_id
#undef get_local_id
#undef get_global_id
#undef barrier
)";
constexpr std::string_view kParameters =
    "local uchar *vireo_pool, uint vireo_used, const int vireo_lane, const int vireo_x, const int vireo_y, "
    "const int vireo_z, const int vireo_item, ";

/// Text of kind `number`: the kernel as a function, its names its own, and kind_N(), which does a group's share.
std::string kind_text(const OpenclKernel& kernel, std::size_t number) {
  std::vector<std::pair<std::string, std::string>> defines;
  (void)defines_of(kernel.options, defines);
  FileNames names = names_of(kernel.source);
  std::string text = base::str("// ", kernel.entry, "\n");
  for (const auto& [name, value] : defines) text += base::str("#define ", name, " ", value, "\n");
  for (const std::string& name : names.functions) text += base::str("#define ", name, " ", name, "_", number, "\n");
  const bool resident = kernel.part == Part::resident;
  if (!resident) {
    const char* axes = "XYZ";
    for (std::size_t d = 0; d < 3; ++d)
      text += base::str("#define VIREO_", axes[d], " ", kernel.local[d], "\n#define VIREO_GROUPS_", axes[d], " ",
                        kernel.groups[d], "\n");
    text += kPlace;
  }
  text += "#define kernel VIREO_PLAIN\n";
  text += as_function(without_others(code_of(kernel.source), kernel.entry), kernel.entry, resident ? "" : kParameters);
  text += "\n#undef kernel\n";

  std::string arguments;
  std::size_t place = 0;
  for (const OpenclArgument& argument : kernel.arguments) {
    if (!arguments.empty()) arguments += ", ";
    if (argument.kind == OpenclArgument::Kind::value) arguments += literal(argument);
    else arguments += base::str("(global char *)places[", place++, "], 0UL");
  }
  text +=
      base::str("VIREO_PLAIN void kind_", number, "(vireo_run *run, local uchar *pool, local const ulong *places) {\n");
  if (resident) {
    text += base::str("  ", kernel.entry, "(run, ", arguments, ");\n");
  } else {
    const std::size_t lanes = items_of(kernel), together = kPlanItems / lanes;
    const std::string separator = arguments.empty() ? "" : ", ";
    text += base::str("  const uint lane = run->me / ", lanes, ";\n  if (lane >= ", together, ") return;\n");
    // Few groups spread over all multiprocessors.
    text += base::str("  for (uint group = run->group + run->groups * lane; group < ", groups_of(kernel),
                      "; group += run->groups * ", together, ") {\n");
    text += base::str("    ", kernel.entry, "(pool, lane * ", (kernel.local_bytes + 15) / 16 * 16,
                      ", lane, group % VIREO_GROUPS_X, group / VIREO_GROUPS_X % VIREO_GROUPS_Y, ",
                      "group / (VIREO_GROUPS_X * VIREO_GROUPS_Y), run->me % ", lanes, separator, arguments, ");\n");
    if (kernel.part == Part::groups) text += base::str("    vireo_meet(2 + lane, ", lanes, ");\n");
    text += "  }\n";
  }
  text += "}\n";
  if (!resident) text += kNotPlace;
  for (const auto& [name, value] : defines) names.macros.push_back(name);
  if (!resident)
    for (const char* name :
         {"VIREO_LOCAL", "VIREO_X", "VIREO_Y", "VIREO_Z", "VIREO_GROUPS_X", "VIREO_GROUPS_Y", "VIREO_GROUPS_Z"})
      names.macros.emplace_back(name);
  for (const auto* list : {&names.functions, &names.macros})
    for (const std::string& name : std::set<std::string>(list->begin(), list->end()))
      text += base::str("#undef ", name, "\n");
  return text;
}

constexpr std::size_t kWorkBytes = 65536 + 3 * 37376 + 36864 + 8192 + 64;  // as in plan_text.cpp
constexpr std::size_t kLocalBytes = 231424;  // of a group of a Hopper GPU, less its own 1 KB

}  // namespace

FileNames names_of(std::string_view text) {
  FileNames names;
  int depth = 0;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    if (!line.empty() && line[0] == '#') {
      while (!line.empty() && line.back() == '\\' && end < text.size()) {  // to the end of the macro
        const std::size_t from = end + 1;
        end = std::min(text.find('\n', from), text.size());
        line = text.substr(from, end - from);
      }
      constexpr std::string_view kDefine = "#define ";
      if (text.substr(at, kDefine.size()) == kDefine) {
        std::size_t stop = at + kDefine.size();
        while (stop < text.size() && is_word(text[stop])) ++stop;
        names.macros.emplace_back(text.substr(at + kDefine.size(), stop - at - kDefine.size()));
      }
      at = end + 1;
      continue;
    }
    if (const std::size_t comment = line.find("//"); comment != std::string_view::npos && line.find('"') > comment)
      line = line.substr(0, comment);
    if (constexpr std::string_view kType = "typedef "; depth == 0 && line.substr(0, kType.size()) == kType) {
      const std::size_t stop = line.find(';');
      std::size_t begin = std::min(stop, line.size());
      while (begin > 0 && is_word(line[begin - 1])) --begin;
      names.functions.emplace_back(line.substr(begin, std::min(stop, line.size()) - begin));
    } else if (depth == 0 && !line.empty() && is_word(line[0])) {
      // The name before the first bracket that isn't an attribute's.
      std::size_t open = line.find('(');
      for (constexpr std::string_view kAttribute = "__attribute__";
           open != std::string_view::npos && open >= kAttribute.size() &&
           line.substr(open - kAttribute.size(), kAttribute.size()) == kAttribute;) {
        const std::size_t close = line.find(")) ", open);
        open = close == std::string_view::npos ? close : line.find('(', close + 3);
      }
      if (open != std::string_view::npos) {
        std::size_t begin = open;
        while (begin > 0 && is_word(line[begin - 1])) --begin;
        if (begin > 0 && begin < open) names.functions.emplace_back(line.substr(begin, open - begin));
      }
    }
    for (const char c : line) depth += c == '{' ? 1 : c == '}' ? -1 : 0;
    at = end + 1;
  }
  return names;
}

std::string refuse_part(const OpenclKernel& kernel, bool hopper) {
  if (kernel.part == Part::none) return "is a kernel of its own";
  if (kernel.part == Part::groups && !hopper) return "has barriers";
  if (kernel.part == Part::resident && !hopper && !kernel.anywhere) return "is for NVIDIA's GPUs";
  if (hopper && !kernel.proven) return "is a kernel that NVIDIA's compiler was not tried with";
  if (std::vector<std::pair<std::string, std::string>> defines; !defines_of(kernel.options, defines))
    return "has options of its own";
  if (kernel.part == Part::resident) return {};
  const std::size_t items = items_of(kernel);
  if (items > kPlanItems) return "has large groups";
  if (kernel.part == Part::groups && items % 32 != 0) return "has groups that are no warps";
  if (kernel.local_bytes * (kPlanItems / items) > 65536) return "takes much local memory";
  return {};
}

std::string kind_of(const OpenclKernel& kernel) {
  std::string key = base::str(static_cast<int>(kernel.part), " ", kernel.entry, " ", kernel.options, " ",
                              kernel.groups[0], " ", kernel.groups[1], " ", kernel.groups[2], " ", kernel.local[0], " ",
                              kernel.local[1], " ", kernel.local[2]);
  for (const OpenclArgument& argument : kernel.arguments)
    key += argument.kind == OpenclArgument::Kind::value ? " " + literal(argument) : " t";
  return key + "\n" + kernel.source;
}

std::size_t places_of(const OpenclKernel& kernel) {
  return static_cast<std::size_t>(
      std::count_if(kernel.arguments.begin(), kernel.arguments.end(),
                    [](const OpenclArgument& a) { return a.kind != OpenclArgument::Kind::value; }));
}

std::size_t most_table_bytes() { return kLocalBytes - kWorkBytes - 256; }

OpenclKernel plan_kernel(std::span<const OpenclKernel* const> kinds, bool hopper, int groups, std::size_t table_bytes) {
  OpenclKernel made;
  made.entry = "vireo_plan";
  made.source = hopper ? plan_text_hopper() : plan_text_plain();
  std::string cases;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    made.source += kind_text(*kinds[i], i);
    cases += base::str("      case ", i, ": kind_", i, "(&run, pool, place + VIREO_PLACE); break;\n");
  }
  made.source += base::str("#define VIREO_CASES \\\n");
  for (char& c : cases)
    if (c == '\n') made.source += " \\\n";
    else made.source += c;
  made.source += "\n";
  made.source += hopper ? plan_end_hopper() : plan_end_plain();
  made.options = base::str("-DVIREO_TABLE_BYTES=", (table_bytes + 63) / 64 * 64);
  if (!hopper) {
    std::size_t pool = 64;
    for (const OpenclKernel* kind : kinds) pool = std::max(pool, kind->local_bytes);
    made.options += base::str(" -DVIREO_POOL_BYTES=", pool);
  }
  made.groups = {static_cast<std::size_t>(groups), 1, 1};
  made.local = {hopper ? kPlanItems + 64 : kPlanItems, 1, 1};
  made.hopper = hopper;
  made.most_registers = hopper ? 168 : 0;
  return made;
}

double compile_seconds(const Segment& segment, const OpenclFacts& facts) {
  constexpr double kKind = 0.4;         // NVIDIA's driver 580: ResNet-50's 28 kinds took 7.8 s, YOLOv8n's 67 26.6 s
  constexpr double kKindOfTests = 0.1;  // elsewhere: PoCL
  std::set<std::string> kinds;
  for (const Step& step : segment.steps) {
    const auto* launch = step.launch.as<OpenclLaunch>();
    if (!launch || step.wave < 0) continue;
    for (const OpenclKernel& kernel : launch->kernels)
      if (refuse_part(kernel, facts.wgmma).empty()) kinds.insert(kind_of(kernel));
  }
  return static_cast<double>(kinds.size()) * (facts.wgmma ? kKind : kKindOfTests);
}

}  // namespace vireo::device::opencl
