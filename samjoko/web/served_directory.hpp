#pragma once
// Charter: the directory that files are served from. Each process opens it when it is used, and
// looks it up anew twice a second, so that replacing it, or the link that leads to it, takes
// effect. Unused for a second it is closed.

#include <memory>
#include <mutex>
#include <samjoko/base/deadline.hpp>
#include <samjoko/os/file.hpp>
#include <samjoko/proto/media_type.hpp>
#include <samjoko/web/upkeep.hpp>

namespace samjoko::web {

/// Usable by several threads, and in children of a fork (which have no threads when they fork).
class served_directory {
 public:
  /// How old the knowledge of a name may be. A name is looked up in a directory whose own name was
  /// looked up as long ago: together a second.
  static constexpr milliseconds staleness{500};

  /// Errors: ENOENT, ENOTDIR, EACCES.
  [[nodiscard]] static result<std::shared_ptr<served_directory>> make(const std::string& path,
                                                                      proto::media_types types);
  served_directory(std::string absolute_path, proto::media_types types) noexcept;

  /// The directory as it is now. Its descriptor is valid while the result is held.
  [[nodiscard]] result<std::shared_ptr<const os::descriptor>> open();
  /// The same for a caller that holds a lock which its own look waits for. The caller must call
  /// upkeep::begin() when it has released the lock.
  [[nodiscard]] result<std::shared_ptr<const os::descriptor>> open_within();
  [[nodiscard]] const proto::media_types& types() const noexcept { return types_; }
  /// Differs from every other id of this process.
  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }

 private:
  [[nodiscard]] bool is_current() const;
  bool close_unused(steady::time_point now) noexcept;

  const std::string path_;
  const proto::media_types types_;
  const std::uint64_t id_;
  std::mutex mutex_;
  std::shared_ptr<os::descriptor> opened_;
  os::file_facts facts_;
  steady::time_point checked_;
  steady::time_point used_;
  pid_t owner_ = 0;
  upkeep upkeep_{[](void* self, steady::time_point now) noexcept {
                   return static_cast<served_directory*>(self)->close_unused(now);
                 },
                 this};
};

}  // namespace samjoko::web
