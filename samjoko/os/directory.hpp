#pragma once
// Charter: the names that stand in a directory.

#include <cstdint>
#include <functional>
#include <samjoko/os/file.hpp>
#include <string_view>

namespace samjoko::os {

/// The kind of the name itself: a link is a link.
enum class entry_kind : std::uint8_t { regular, directory, link, other };

/// Gives `take` each name of an open directory except "." and "..", in no order, until it answers
/// false. The view has a NUL at its end and lives as long as that call.
[[nodiscard]] result<void> read_directory(
    int directory, const std::function<bool(std::string_view name, entry_kind kind)>& take);

/// What a name in a directory is, when it is not a link; ELOOP for a link.
[[nodiscard]] result<file_facts> facts_of_entry(int directory, const char* name);
/// Whether this process may read the file that has the name, or look names up in the directory that
/// has it. EACCES if not.
[[nodiscard]] result<void> may_open_entry(int directory, const char* name, file_kind kind);

}  // namespace samjoko::os
