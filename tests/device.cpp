#include "tests/device.h"

#include <cstdio>
#include <memory>
#include <vector>

#include "base/error.h"

namespace lacuna::test {
namespace {

struct Opened {
  std::unique_ptr<Device> device;
  bool validation = false;

  Opened() {
    try {
      device = Device::open({.validation = true, .pipeline_cache = false, .tuning = false});
      validation = true;
      return;
    } catch (const Error& error) {
      std::fprintf(stderr, "tests run without validation: %s\n", error.what());
    }
    try {
      device = Device::open({.pipeline_cache = false, .tuning = false});
    } catch (const Error& error) {
      std::fprintf(stderr, "tests that need a device are skipped: %s\n", error.what());
    }
  }
};

Opened& opened() {
  static Opened once;
  return once;
}

std::vector<std::function<void()>>& closers() {
  static std::vector<std::function<void()>> all;
  return all;
}

// doctest's word that the last test has ended; everything else it says is for others.
class End : public doctest::IReporter {
 public:
  explicit End(const doctest::ContextOptions&) {}
  void test_run_end(const doctest::TestRunStats&) override {
    for (auto& all = closers(); !all.empty(); all.pop_back()) all.back()();
    opened().device.reset();
  }
  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_case_start(const doctest::TestCaseData&) override {}
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_end(const doctest::CurrentTestCaseStats&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}
};
REGISTER_LISTENER("end", 1, End);

}  // namespace

void at_end(std::function<void()> close) { closers().push_back(std::move(close)); }

Device& device() {
  if (!opened().device) throw DeviceError("[test] there is no device: add needs_device()");
  return *opened().device;
}

doctest::skip needs_device() { return doctest::skip(!opened().device); }
doctest::skip needs_validation() { return doctest::skip(!opened().validation); }

}  // namespace lacuna::test
