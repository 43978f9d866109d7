#pragma once
// Charter: a directory as a page: names, times and sizes, directories first. The names are read at
// once and sorted, and each is looked at when its row is made. Not shown: names that begin with a
// dot (they are served when asked for), and names that would be refused when asked for: what is
// neither file nor directory, what may not be read, and links that lead out of the root or nowhere.

#include <memory>
#include <samjoko/web/body_source.hpp>
#include <samjoko/web/directory_names.hpp>

namespace samjoko::web {

class listing final : public body_source {
 public:
  /// Links are followed below `root`. `path` is decoded and ends with "/"; `directory` is what it
  /// names. Errors: those of reading the directory; condition::too_long above `limits`: a page that
  /// shows only a part would be taken for the whole.
  [[nodiscard]] static result<std::unique_ptr<listing>> make(
      std::shared_ptr<const os::descriptor> root, os::descriptor directory, std::string_view path,
      const directory_limits& limits);

  /// Used by make(), with the names.
  listing(std::shared_ptr<const os::descriptor> root, os::descriptor directory,
          std::string_view path, directory_names names)
      : root_(std::move(root)),
        directory_(std::move(directory)),
        path_(path),
        names_(std::move(names)) {}

  /// HTML in UTF-8.
  [[nodiscard]] result<bool> add_to(std::string& text) override;

 private:
  void begin(std::string& text) const;
  [[nodiscard]] result<void> add_row(std::string& text, const char* name) const;
  [[nodiscard]] result<os::file_facts> facts_of(const char* name) const;

  std::shared_ptr<const os::descriptor> root_;
  os::descriptor directory_;
  std::string path_;
  directory_names names_;
  std::size_t next_ = 0;
  bool begun_ = false;
};

/// All but unreserved characters (RFC 3986 section 2.3) and slashes as %XX.
[[nodiscard]] std::string percent_encoded(std::string_view path);
/// The same for a path that is encoded in part already: "%" stays.
[[nodiscard]] std::string encoded_again(std::string_view path);

}  // namespace samjoko::web
