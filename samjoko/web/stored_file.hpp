#pragma once
// Charter: an open file with the header lines of every answer about it, prepared once.

#include <chrono>
#include <optional>
#include <samjoko/os/file.hpp>
#include <samjoko/web/response.hpp>
#include <string>
#include <string_view>

namespace samjoko::web {

struct stored_file {
  using time_of_day = std::chrono::system_clock::time_point;

  /// `type`: of its content. `looked` is when the facts were asked for, by
  /// os::coarse_wall_now(), the clock that the times of files come from.
  stored_file(os::descriptor opened, const os::file_facts& of, std::string_view type,
              time_of_day looked);

  /// The moment from which a change of the file is sure to change these facts. A file system counts
  /// time in steps, so a file that was changed a moment ago may change again and look the same. A
  /// change time without a fraction of a second tells of steps of whole seconds (FAT counts two).
  /// All others are at most a tick of the kernel, which is 10 ms at most.
  [[nodiscard]] static time_of_day settles(const os::file_facts& facts) noexcept;
  /// Whether that moment had passed when the facts were asked for; if not, they must be asked for
  /// again.
  [[nodiscard]] bool is_settled() const noexcept { return !etag.empty(); }

  /// Header lines: Last-Modified and ETag. A time of change in the future is given as `now` (RFC
  /// 9110 section 8.8.2.1). A time in the first two seconds of 1970 is left out: stores that keep
  /// no times write it in every version of a file.
  [[nodiscard]] std::string_view validators(std::time_t now) const;
  /// The validators, Content-Type and Accept-Ranges.
  [[nodiscard]] std::string_view lines(std::time_t now) const;
  /// None where it is left out.
  [[nodiscard]] std::optional<std::time_t> last_modified() const noexcept;

  content_file content;
  os::file_facts facts;
  std::string media_type;
  /// Made of size, time of modification, and a mix of time of change and inode: each change moves
  /// the time of change, whatever is set back afterwards. Empty until the facts are settled. Copies
  /// of a file on other machines have other tags.
  std::string etag;

 private:
  void write_lines(std::time_t last_modified) const;

  mutable std::string lines_;  ///< written anew only while the time of change lies in the future
  mutable std::size_t validators_at_ = 0;
  mutable std::size_t validators_size_ = 0;
  mutable std::time_t told_ = 0;
};

}  // namespace samjoko::web
