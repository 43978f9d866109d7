#include <samjoko/postmortem/oom_kills.hpp>

#include <gtest/gtest.h>

namespace samjoko::postmortem {
namespace {

// Recorded on a machine with version 1 of all controllers, and version 2 beside them for systemd.
constexpr const char* first_cgroups =
    "9:name=systemd:/\n8:pids:/\n5:devices:/\n4:memory:/jobs/9922d636\n3:cpuset:/\n"
    "2:cpuacct:/\n1:cpu:/\n0::/\n";
constexpr const char* first_mounts =
    "25 21 0:22 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
    "26 25 0:23 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
    "29 25 0:26 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
    "34 25 0:31 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
constexpr const char* first_counter = "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n";

// Recorded on Debian 12 as it is installed: version 2 alone.
constexpr const char* second_cgroups = "0::/system.slice/samjoko.service\n";
constexpr const char* second_mounts =
    "22 27 0:20 / /proc rw,nosuid,nodev,noexec,relatime shared:12 - proc proc rw\n"
    "29 23 0:25 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 "
    "rw,nsdelegate,memory_recursiveprot\n";
constexpr const char* second_counter =
    "low 0\nhigh 0\nmax 12\noom 2\noom_kill 2\noom_group_kill 0\n";

TEST(oom_counter_file, of_version_1) {
  EXPECT_EQ(oom_counter_file(first_cgroups, first_mounts),
            "/sys/fs/cgroup/memory/jobs/9922d636/memory.oom_control");
}

TEST(oom_counter_file, of_version_2) {
  EXPECT_EQ(oom_counter_file(second_cgroups, second_mounts),
            "/sys/fs/cgroup/system.slice/samjoko.service/memory.events.local");
}

TEST(oom_counter_file, of_the_top) {
  EXPECT_EQ(oom_counter_file("0::/\n", second_mounts), "/sys/fs/cgroup/memory.events.local");
}

// Docker mounts the container's own folder over the hierarchy's place.
TEST(oom_counter_file, of_a_container_that_sees_a_part) {
  EXPECT_EQ(oom_counter_file("7:memory:/docker/abc/inner\n",
                             "40 39 0:26 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup "
                             "rw,memory\n"),
            "/sys/fs/cgroup/memory/inner/memory.oom_control");
  EXPECT_EQ(oom_counter_file("7:memory:/elsewhere\n",
                             "40 39 0:26 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup "
                             "rw,memory\n"),
            "");
}

TEST(oom_counter_file, memory_together_with_another_controller) {
  EXPECT_EQ(oom_counter_file("3:cpu,memory:/x\n",
                             "29 25 0:26 / /cg/both rw shared:3 - cgroup none rw,cpu,memory\n"),
            "/cg/both/x/memory.oom_control");
}

TEST(oom_counter_file, nothing_where_nothing_is_mounted) {
  EXPECT_EQ(oom_counter_file(second_cgroups, ""), "");
  EXPECT_EQ(oom_counter_file("", second_mounts), "");
  EXPECT_EQ(oom_counter_file("garbage", "garbage"), "");
}

TEST(oom_kills_in, both_layouts) {
  EXPECT_EQ(oom_kills_in(first_counter), 3U);
  EXPECT_EQ(oom_kills_in(second_counter), 2U);
}

// "oom" and "oom_group_kill" count other things.
TEST(oom_kills_in, nothing_when_there_is_no_such_line) {
  EXPECT_EQ(oom_kills_in("oom 5\noom_group_kill 4\n"), std::nullopt);
  EXPECT_EQ(oom_kills_in("oom_kill \n"), std::nullopt);
  EXPECT_EQ(oom_kills_in("oom_kill 1x\n"), std::nullopt);
  EXPECT_EQ(oom_kills_in(""), std::nullopt);
}

TEST(read_oom_kills, nothing_when_the_file_is_missing) {
  EXPECT_EQ(read_oom_kills("/proc/self/no-such-file"), std::nullopt);
  EXPECT_EQ(read_oom_kills(""), std::nullopt);
}

}  // namespace
}  // namespace samjoko::postmortem
