// What RADV's compiler makes of every kernel variant (tools/kernel_stats), against the table of
// tests/fixtures/radv_navi21.txt. A spill of registers to memory costs many times what the
// arithmetic does, and with too few subgroups on a SIMD nothing hides the latency of memory: both
// come silently with a harmless-looking change, and no test of results notices.
//
// Columns: wave is the subgroup size; vspill and sspill are registers that did not fit; LDS and
// scratch are bytes; waves are subgroups per SIMD as RADV counts them, in halves of 64 lanes; cost
// is inverse throughput, the compiler's guess of cycles.
//
// The same sources give other code with another compiler, so numbers are compared only where all
// versions are the table's; a spill fails everywhere.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string>

#include "base/file.h"
#include "tests/temporary.h"

using namespace lacuna;

namespace {

struct Row {
  int64_t wave, vgprs, sgprs, vspill, sspill, lds, scratch, waves, cost, bytes;
  int64_t spilled() const { return vspill + sspill; }
  bool operator==(const Row&) const = default;
};

struct Table {
  // Who made the code, without the distribution's part of the version: "Mesa 25.0.7; glslang ..."
  std::string compilers;
  std::map<std::string, Row> rows;  // by "kernel type constants"
};

std::string compilers_of(const std::string& line) {
  const size_t begin = line.find("Mesa "), end = line.find("; ");
  if (begin == std::string::npos || end == std::string::npos) return {};
  return line.substr(begin, line.find_first_of(" -(;", begin + 5) - begin) + line.substr(end);
}

Table parse(const std::string& text) {
  Table table;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#') && table.compilers.empty()) table.compilers = compilers_of(line);
    if (line.empty() || line.starts_with('#')) continue;
    std::istringstream words(line);
    std::string kernel, type, constants;
    Row r{};
    words >> kernel >> type >> constants >> r.wave >> r.vgprs >> r.sgprs >> r.vspill >> r.sspill >>
        r.lds >> r.scratch >> r.waves >> r.cost >> r.bytes;
    REQUIRE_MESSAGE(words, "not a line of a table: ", line);
    table.rows[kernel + " " + type + " " + constants] = r;
  }
  return table;
}

struct Outcome {
  int status;  // -1: it crashed
  std::string table, error;
};

Outcome kernel_stats() {
  const tests::TemporaryFolder folder;
  const auto out = folder / "out", err = folder / "err";
  const std::string command = "RADV_FORCE_FAMILY=navi21 \"" LACUNA_KERNEL_STATS "\" > \"" +
                              out.string() + "\" 2> \"" + err.string() + "\" </dev/null";
  const int status = std::system(command.c_str());
  const auto text = [](const std::filesystem::path& path) { return read_file(path, 10'000'000); };
  // A shell reports a signal as 128 and more.
  const bool ended = WIFEXITED(status) && WEXITSTATUS(status) < 128;
  return {ended ? WEXITSTATUS(status) : -1, text(out), text(err)};
}

constexpr const char* refresh =
    "run scripts/kernel-table and commit tests/fixtures/radv_navi21.txt";

// `before` is null where other compilers made the table.
void check_row(const std::string& variant, const Row& now, const Row* before) {
  if (now.spilled() > 0)
    FAIL_CHECK(
        fmt::format("{} spills {} VGPRs and {} SGPRs: make its tile smaller or keep less alive at "
                    "a time",
                    variant, now.vspill, now.sspill));
  if (!before) return;
  if (now.waves < before->waves)
    FAIL_CHECK(fmt::format(
        "{} lets {} subgroups run on a SIMD instead of {}, with {} VGPRs and {} bytes of LDS "
        "instead of {} and {}; if that is worth it, {}",
        variant, now.waves, before->waves, now.vgprs, now.lds, before->vgprs, before->lds,
        refresh));
}

// What happened to the table, for whoever reads the log.
class Changes {
 public:
  void add(const std::string& line) {
    if (count_++ < most) text_ += "\n  " + line;
  }
  void tell() const {
    if (count_ == 0) return;
    MESSAGE(
        fmt::format("{} lines of the table have changed, none for the worse in spills or "
                    "occupancy unless said above; {}:{}{}",
                    count_, refresh, text_, count_ > most ? "\n  ..." : ""));
  }

 private:
  static constexpr size_t most = 20;
  size_t count_ = 0;
  std::string text_;
};

std::string summary(const Row& r) {
  return fmt::format("{} VGPRs, {} subgroups, cost {}, {} bytes", r.vgprs, r.waves, r.cost,
                     r.bytes);
}

Table committed() {
  return parse(read_file(LACUNA_SOURCE_DIR "/tests/fixtures/radv_navi21.txt", 1'000'000));
}

}  // namespace

TEST_CASE("no kernel spills or loses occupancy on RADV") {
  const Table table = committed();
  const Outcome outcome = kernel_stats();
  const Table now = parse(outcome.table);
  const bool same = now.compilers == table.compilers;
  if (outcome.status == 3 || (outcome.status < 0 && !same)) {
    const std::string why = outcome.status < 0 ? "the driver crashed" : outcome.error;
    MESSAGE("skipped: no RADV that compiles without a GPU: ", why);
    return;
  }
  if (outcome.status != 0)
    FAIL(fmt::format("kernel_stats {}: {}", outcome.status < 0 ? "crashed" : "failed",
                     outcome.error));

  Changes changes;
  for (const auto& [variant, row] : now.rows) {
    const auto found = table.rows.find(variant);
    const Row* before = found == table.rows.end() ? nullptr : &found->second;
    if (!before) FAIL_CHECK(fmt::format("{} is not in the table: {}", variant, refresh));
    if (!same) before = nullptr;
    check_row(variant, row, before);
    if (before && row != *before)
      changes.add(fmt::format("{}: {}; before {}", variant, summary(row), summary(*before)));
  }
  for (const auto& [variant, row] : table.rows)
    if (!now.rows.contains(variant)) changes.add(variant + " is gone");
  changes.tell();
  if (!same)
    MESSAGE("skipped: the table was made with ", table.compilers, " and this is ", now.compilers,
            ": only spills were looked at");
}
