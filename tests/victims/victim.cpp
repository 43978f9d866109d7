// victim WAY SLOTS SAY HEAR [bare|blind]: dies in a WAY (victims/faults.cpp), with the slots for
// its capture in the shared file SLOTS. bare: without a handler. blind: the slots cannot be
// touched.
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <samjoko/postmortem/crash_handler.hpp>
#include <string_view>
#include <victims/faults.hpp>

namespace {

int number(const char* text) {
  int value = -1;
  std::from_chars(text, text + std::strlen(text), value);
  return value;
}

std::span<samjoko::postmortem::capture_slot> slots_in(int file, int rights) {
  struct stat found = {};
  if (::fstat(file, &found) != 0) return {};
  const auto size = static_cast<std::size_t>(found.st_size);
  void* const where = ::mmap(nullptr, size, rights, MAP_SHARED, file, 0);
  if (where == MAP_FAILED) return {};
  using samjoko::postmortem::capture_slot;
  return {static_cast<capture_slot*>(where), size / sizeof(capture_slot)};
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 5) return 2;
  const std::string_view how = count > 5 ? arguments[5] : "";
  if (how != "bare") {
    const auto slots =
        slots_in(number(arguments[2]), how == "blind" ? PROT_NONE : PROT_READ | PROT_WRITE);
    if (slots.empty() || !samjoko::postmortem::install_crash_handler(slots)) return 2;
  }
  samjoko::victims::die(arguments[1], number(arguments[3]), number(arguments[4]));
  return 1;
}
