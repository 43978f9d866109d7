#pragma once
// Charter: the names that stand in a directory.

#include <cstdint>
#include <functional>
#include <samjoko/os/file.hpp>
#include <string_view>

namespace samjoko::os {

/// Of the name itself: a link is a link.
enum class entry_kind : std::uint8_t { regular, directory, link, other };

/// Tells every name of an open directory but "." and "..", in no order, until `take` answers false.
/// The view has a NUL at its end and lives as long as that call.
[[nodiscard]] result<void> read_directory(
    int directory, const std::function<bool(std::string_view name, entry_kind kind)>& take);

/// What a name in a directory is, when it is no link; ELOOP for a link.
[[nodiscard]] result<file_facts> facts_of_entry(int directory, const char* name);
/// Whether this process may read the file, or look names up in the directory, that a name is.
/// EACCES if not.
[[nodiscard]] result<void> may_open_entry(int directory, const char* name, file_kind kind);

}  // namespace samjoko::os
