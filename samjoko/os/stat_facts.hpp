#pragma once
// Charter: what stat(2) wrote, as facts. For room os.

#include <sys/stat.h>

#include <samjoko/os/file.hpp>

namespace samjoko::os {

[[nodiscard]] file_facts to_facts(const struct stat& from) noexcept;

}  // namespace samjoko::os
