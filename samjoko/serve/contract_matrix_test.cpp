// Runs every case of the contract over every model, and prints at the end which model held what.

#include <map>
#include <samjoko/serve/testing/model_contract.hpp>
#include <vector>

namespace samjoko::serve {
namespace {

constexpr std::array all_models{multiplexed, thread_for_each, pooled_threads, process_for_each,
                                pooled_processes};

class matrix_printer : public ::testing::EmptyTestEventListener {
  void OnTestEnd(const ::testing::TestInfo& test) override {
    const std::string full = test.name();
    const auto slash = full.rfind('/');
    if (std::string_view(test.test_suite_name()).find("model_contract") == std::string::npos ||
        slash == std::string::npos)
      return;
    const auto name = full.substr(0, slash);
    if (!verdicts_.contains(name)) order_.push_back(name);
    const auto& outcome = *test.result();
    verdicts_[name][full.substr(slash + 1)] = outcome.Failed()    ? "FAILED"
                                              : outcome.Skipped() ? "-"
                                                                  : "holds";
  }

  void OnTestProgramEnd(const ::testing::UnitTest&) override {
    if (order_.empty()) return;
    std::printf("\nThe contract of the models\n%-62s", "case");
    for (const auto& each : all_models) std::printf("%-13s", each.name);
    std::printf("\n%-62s", "  loop");
    for (const auto& each : all_models) std::printf("%-13s", each.loop);
    for (const auto& name : order_) {
      std::printf("\n%-62s", name.c_str());
      for (const auto& each : all_models) {
        const auto& verdict = verdicts_[name][each.name];
        std::printf("%-13s", verdict.empty() ? "-" : verdict.c_str());
      }
    }
    std::printf("\n");
    std::fflush(stdout);
  }

  std::vector<std::string> order_;
  std::map<std::string, std::map<std::string, std::string>> verdicts_;
};

// gtest_main has no place to add a listener; the listeners own it from here on.
[[maybe_unused]] const bool added = [] {
  ::testing::UnitTest::GetInstance()->listeners().Append(
      std::make_unique<matrix_printer>().release());
  return true;
}();

INSTANTIATE_TEST_SUITE_P(every_model, model_contract, ::testing::ValuesIn(all_models),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace samjoko::serve
