#include <samjoko/os/abstract_socket.hpp>

#include <gtest/gtest.h>

#include <samjoko/os/address.hpp>
#include <samjoko/os/socket.hpp>

namespace samjoko::os {
namespace {

TEST(abstract_socket, two_have_different_names_and_can_be_reached) {
  const auto first = listen_without_file(8).value();
  const auto second = listen_without_file(8).value();
  const auto name = local_address(first.get()).value();
  EXPECT_NE(name.size(), 0U);
  const auto other = local_address(second.get()).value();
  EXPECT_NE(std::string(reinterpret_cast<const char*>(name.data()), name.size()),
            std::string(reinterpret_cast<const char*>(other.data()), other.size()));
  const auto client = socket_for(name).value();
  EXPECT_EQ(connect_now(client.get(), name), 0);
}

TEST(abstract_socket, tells_who_connected_and_nothing_of_other_sockets) {
  const auto listener = listen_without_file(8).value();
  const auto client = socket_for(local_address(listener.get()).value()).value();
  ASSERT_EQ(connect_now(client.get(), local_address(listener.get()).value()), 0);
  EXPECT_EQ(peer_user(client.get()), this_user());
  const auto tcp = listen_on(address::parse("127.0.0.1:0").value()).value();
  EXPECT_EQ(peer_user(tcp.get()), std::nullopt);
}

TEST(abstract_socket, a_full_backlog_is_told_and_a_closed_listener_refuses) {
  auto listener = listen_without_file(0).value();
  const auto name = local_address(listener.get()).value();
  const auto first = socket_for(name).value();
  const auto second = socket_for(name).value();
  EXPECT_EQ(connect_now(first.get(), name), 0);
  EXPECT_EQ(connect_now(second.get(), name), EAGAIN);
  listener.reset();
  EXPECT_EQ(connect_now(second.get(), name), ECONNREFUSED);
}

}  // namespace
}  // namespace samjoko::os
