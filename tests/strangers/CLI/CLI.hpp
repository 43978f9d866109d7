#pragma once
// Charter: "another CLI11" for tools/package_test.py: classes and inline functions of the same
// names as those in the library, on objects of another layout. Each says so when it is given an
// object of the other's.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace CLI {

class marked {
 public:
  void look(const char* where) const {
    if (mark_ == own) return;
    std::fprintf(stderr, "%s was called with an object of another CLI11\n", where);
    std::_Exit(98);
  }

 private:
  static constexpr std::uint64_t own = 0x5a11'0c0d'e5a1'10c0U;
  std::uint64_t mark_ = own;
};

class Error : public std::runtime_error {
 public:
  Error(std::string name, std::string text, int code)
      : std::runtime_error(std::move(text)), name_(std::move(name)), code_(code) {}
  ~Error() override { mark_.look("CLI::Error::~Error"); }
  [[nodiscard]] int code() const { return code_; }

 private:
  marked mark_;
  std::vector<int> more_ = {1, 2, 3};
  std::string name_;
  int code_;
};
class ParseError : public Error {
 public:
  ParseError(std::string text, int code) : Error("ParseError", std::move(text), code) {}
};

class Option {
 public:
  virtual ~Option() { mark_.look("CLI::Option::~Option"); }
  virtual void clear() { mark_.look("CLI::Option::clear"); }

 private:
  marked mark_;
  std::vector<std::string> values_;
};

class App {
 public:
  explicit App(std::string description = "", std::string name = "")
      : name_(std::move(name)), description_(std::move(description)) {}
  virtual ~App() { mark_.look("CLI::App::~App"); }
  virtual void pre_callback() { mark_.look("CLI::App::pre_callback"); }
  void clear() { mark_.look("CLI::App::clear"); }
  void increment_parsed() { mark_.look("CLI::App::increment_parsed"); }
  void _configure() { mark_.look("CLI::App::_configure"); }
  void _validate() const { mark_.look("CLI::App::_validate"); }
  App* add_subcommand(std::string name, std::string description) {
    mark_.look("CLI::App::add_subcommand");
    children_.push_back(std::make_unique<App>(std::move(description), std::move(name)));
    return children_.back().get();
  }
  Option* add_flag(std::string) {
    mark_.look("CLI::App::add_flag");
    options_.emplace_back();
    return &options_.back();
  }
  [[nodiscard]] std::size_t count_all() const {
    mark_.look("CLI::App::count_all");
    return children_.size() + options_.size();
  }

 private:
  marked mark_;
  std::string name_;
  std::vector<std::unique_ptr<App>> children_;
  std::vector<Option> options_;
  std::string description_;
};

}  // namespace CLI
