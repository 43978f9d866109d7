// A gateway for devices, in the turn form. A device sends "DEVICE name", then readings, and gets
// after each how many came and their mean. Between two readings it rests: no frame, no buffer, only
// the state below, so that ten thousand silent devices cost little.
//
//   gateway --idle-timeout 5m      a device silent for longer is gone, and its connection is closed
#include <charconv>
#include <samjoko/samjoko.hpp>
#include <string>

namespace {

struct device {
  std::string name;  // empty until the device has sent it
  int readings = 0;
  double sum = 0;
};

/// What to answer; the state changes only when the line is right.
std::string hear(device& from, std::string_view line) {
  constexpr std::string_view introduction = "DEVICE ";
  if (from.name.empty()) {
    if (!line.starts_with(introduction)) return "say DEVICE and a name\n";
    from.name = line.substr(introduction.size());
    return "welcome " + from.name + "\n";
  }
  double value = 0;
  const auto end = line.data() + line.size();
  const auto number = std::from_chars(line.data(), end, value);
  if (number.ec != std::errc() || number.ptr != end) return "not a number\n";
  ++from.readings;
  from.sum += value;
  return from.name + ": " + std::to_string(from.readings) + " readings, mean " +
         std::to_string(from.sum / from.readings) + "\n";
}

samjoko::task<samjoko::next> gateway(samjoko::connection& client, device& from) {
  const auto line = co_await client.read_line(256);
  if (!line) co_return samjoko::next::close;
  const auto written = co_await client.write(hear(from, *line));
  co_return written ? samjoko::next::keep : samjoko::next::close;
}

}  // namespace

int main(int argc, char** argv) {
  return samjoko::run(argc, argv, {.name = "gateway", .handler = gateway});
}
