#pragma once
// Charter: opening a file that a client names, without leaving the served directory, whatever links
// and renames are under way meanwhile.

#include <samjoko/base/result.hpp>
#include <samjoko/os/descriptor.hpp>

namespace samjoko::os {

/// Opens for reading `path`, relative, without ".." ("." is the directory itself). Links may lead
/// anywhere below `directory`, absolute ones too; one that leaves it gives EXDEV. Never waits for
/// the writer of a fifo; what was opened may be of any kind. By openat2(2), RESOLVE_BENEATH, where
/// the kernel and its sandbox have it (5.6), else by walking names without following links.
[[nodiscard]] result<descriptor> open_beneath(int directory, const char* path);

/// The same without openat2.
[[nodiscard]] result<descriptor> open_beneath_by_steps(int directory, const char* path);

}  // namespace samjoko::os
