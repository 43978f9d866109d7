#include <samjoko/web/file_cache.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <samjoko/io/turn.hpp>
#include <samjoko/os/clock.hpp>
#include <samjoko/os/open_beneath.hpp>
#include <samjoko/os/privilege.hpp>
#include <samjoko/os/thread_id.hpp>

namespace samjoko::web {
namespace {

constinit std::atomic<unsigned> kept_open = 0;

/// Counts one more file, unless all threads together have enough.
bool reserve() noexcept {
  static const unsigned most = [] {
    const auto limit = os::open_files_limit();
    return static_cast<unsigned>(std::min<std::uint64_t>(limit ? *limit / 16 : 4, 512));
  }();
  if (kept_open.fetch_add(1, std::memory_order_relaxed) < most) return true;
  kept_open.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

result<std::shared_ptr<stored_file>> open_file(int directory, const char* path,
                                               const proto::media_types& types) {
  // Taken before the file is opened: a file that is settled by then was not replaced between the
  // calls.
  const auto now = os::coarse_wall_now();
  auto opened = os::open_beneath(directory, path);
  if (!opened) return failure_of(opened);
  const auto facts = os::facts_of(opened->get());
  if (!facts) return std::unexpected(facts.error());
  if (facts->kind == os::file_kind::directory) return failure(EISDIR, "open");
  if (facts->kind != os::file_kind::regular) return failure(ENOENT, "open");
  return std::make_shared<stored_file>(std::move(*opened), *facts, types.of(path), now);
}

bool is_shortage(const error& why) noexcept { return why.is(EMFILE) || why.is(ENFILE); }

}  // namespace

file_cache& file_cache::own() {
  thread_local file_cache mine;
  return mine;
}

file_cache::~file_cache() {
  const std::lock_guard lock(mutex_);
  clear();
}

std::span<file_cache::slot> file_cache::set_of(std::uint64_t directory,
                                               std::string_view path) noexcept {
  const auto hash = std::hash<std::string_view>{}(path) ^ directory;
  return std::span(slots_).subspan(hash % (most_files / ways) * ways, ways);
}

result<os::file_facts> file_cache::facts_by_name(const slot& found, served_directory& from) {
  const auto directory = from.open_within();
  if (!directory) return std::unexpected(directory.error());
  return os::facts_at((*directory)->get(), found.path.c_str());
}

/// A file that cannot be looked at is opened anew, which gives the reason.
bool file_cache::still_true(slot& found, served_directory& from, steady::time_point now, look how) {
  const auto& file = *found.file;
  if (file.content.changed) return false;
  const auto turn = io::this_turn();
  const bool is_due = now - found.checked >= served_directory::staleness;
  const bool is_seen = turn != 0 && found.seen_in == turn && how == look::once_in_a_turn;
  if (is_seen && !is_due) return true;
  // When a file is not settled, its time of change may stand still though its name was given away.
  const bool by_name = is_due || !file.is_settled();
  if (by_name) found.checked = now;
  found.seen_in = turn;
  const auto facts =
      by_name ? facts_by_name(found, from) : os::facts_of(file.content.descriptor.get());
  if (!facts || *facts != file.facts) return false;
  return file.is_settled() || os::coarse_wall_now() < stored_file::settles(file.facts);
}

result<std::shared_ptr<const stored_file>> file_cache::find(served_directory& from,
                                                            const char* path, look how) {
  auto found = [&] {
    const std::lock_guard lock(mutex_);
    return find_here(from, path, how);
  }();
  upkeep::begin();  // the directory was opened for a missing file, too
  return found;
}

result<std::shared_ptr<const stored_file>> file_cache::find_here(served_directory& from,
                                                                 const char* path, look how) {
  const auto now = os::coarse_now();
  if (slots_.empty()) slots_.resize(most_files);
  forget_inherited();
  const auto set = set_of(from.id(), path);
  const auto found = std::ranges::find_if(set, [&](const slot& each) {
    return each.file && each.directory == from.id() && each.path == path;
  });
  if (found != set.end()) {
    found->used = now;
    if (still_true(*found, from, now, how)) return found->file;
    drop(*found);
  }
  const auto directory = from.open_within();
  if (!directory) return std::unexpected(directory.error());
  auto opened = open_file((*directory)->get(), path, from.types());
  if (!opened && is_shortage(opened.error())) {
    clear();
    opened = open_file((*directory)->get(), path, from.types());
  }
  if (opened) keep(set, {from.id(), path, *opened, now, now, io::this_turn()});
  return opened;
}

void file_cache::keep(std::span<slot> among, slot fresh) noexcept {
  auto* place = &*std::ranges::min_element(among, {}, [](const slot& each) {
    return each.file ? each.used : steady::time_point::min();
  });
  if (place->file) drop(*place);
  if (reserve()) *place = std::move(fresh);
}

void file_cache::drop(slot& kept) noexcept {
  if (!kept.file) return;
  kept.file.reset();
  kept_open.fetch_sub(1, std::memory_order_relaxed);
}

/// A forked child closes what it inherits, and another file may have the numbers by now.
void file_cache::forget_inherited() noexcept {
  const auto process = os::current_thread_id().process;
  if (owner_ == process) return;
  for (auto& each : slots_) {
    if (each.file) static_cast<void>(each.file->content.descriptor.release());
    drop(each);
  }
  owner_ = process;
}

/// What a fork has inherited is forgotten when the child first looks for a file.
bool file_cache::close_unused(steady::time_point now) noexcept {
  const std::lock_guard lock(mutex_);
  if (owner_ != os::current_thread_id().process) return false;
  bool keeps = false;
  for (auto& each : slots_) {
    if (each.file && now - each.used >= unused_time) drop(each);
    keeps |= each.file != nullptr;
  }
  return keeps;
}

void file_cache::clear() noexcept {
  for (auto& each : slots_) drop(each);
}

}  // namespace samjoko::web
