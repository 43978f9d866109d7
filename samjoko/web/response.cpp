#include <samjoko/web/response.hpp>

#include <algorithm>
#include <samjoko/base/check.hpp>
#include <samjoko/proto/grammar.hpp>
#include <samjoko/proto/http1_writer.hpp>

namespace samjoko::web {
namespace {

/// Memory that one unusual answer needed is not kept for ever.
constexpr std::size_t kept_text = 16 * 1024;

void empty(std::string& text) noexcept {
  if (text.capacity() > kept_text) {
    text = std::string();
  } else {
    text.clear();
  }
}

}  // namespace

void response::field(std::string_view name, std::string_view value) {
  const auto clean = [](char c) { return proto::contains(proto::line_set, c); };
  well_formed_ &= std::ranges::all_of(value, clean);
  fields_.append(name).append(": ").append(value).append("\r\n");
}

void response::body(std::string_view lasting) noexcept {
  lasting_ = lasting;
  size_ = lasting.size();
}

void response::body(std::string own) noexcept {
  own_ = std::move(own);
  lasting_ = {};
  size_ = own_.size();
}

void response::body(std::string begun, std::unique_ptr<body_source> rest) noexcept {
  body(std::move(begun));
  source_ = std::move(rest);
}

void response::body(std::shared_ptr<const content_file> file, std::uint64_t offset,
                    std::uint64_t size) {
  file_ = std::move(file);
  offset_ = offset;
  size_ = size;
}

void response::add_text(std::string_view copied) {
  parts_.push_back({own_.size(), copied.size(), false});
  own_.append(copied);
  size_ += copied.size();
}

void response::add_file(std::uint64_t offset, std::uint64_t size) {
  SAMJOKO_CHECK(file_, "a body of several stretches begins with its file");
  parts_.push_back({offset, size, true});
  size_ += size;
}

void response::plain(int code, std::string_view why) {
  status_ = code;
  file_.reset();
  source_.reset();
  parts_.clear();
  auto text = std::string(proto::status_text(code));
  if (!why.empty()) text.append(": ").append(why);
  text.append("\n");
  content_type("text/plain");
  body(std::move(text));
}

response::piece response::piece_at(std::size_t index) const noexcept {
  if (parts_.empty()) {
    if (file_) return {{}, offset_, size_, true};
    const auto text = lasting_.empty() ? std::string_view(own_) : lasting_;
    return {text, 0, text.size(), false};
  }
  const auto& found = parts_[index];
  if (found.of_file) return {{}, found.offset, found.size, true};
  const auto text = std::string_view(own_).substr(found.offset, found.size);
  return {text, 0, text.size(), false};
}

void response::clear() noexcept {
  fields_.clear();
  empty(own_);
  lasting_ = {};
  file_.reset();
  source_.reset();
  parts_.clear();
  offset_ = size_ = 0;
  status_ = 200;
  well_formed_ = keeps_ = true;
}

}  // namespace samjoko::web
