#pragma once
// Charter: the two forms of a handler, and what a service is made of. A handler is compiled once;
// data decides at run time where it runs and how it waits.

#include <concepts>
#include <functional>
#include <memory>
#include <samjoko/net/connection.hpp>
#include <string>
#include <type_traits>
#include <vector>

namespace samjoko {

/// What a turn asks for at its end.
enum class next {
  /// Keep the client and its state; start again from the top at the next byte, or at the next news
  /// of a subscription in its state.
  keep,
  close,  ///< say goodbye
};

namespace detail {
/// Whatever a handler keeps for one client.
struct kept_state {
  kept_state() noexcept = default;
  kept_state(const kept_state&) = delete;
  kept_state& operator=(const kept_state&) = delete;
  virtual ~kept_state() = default;
};
}  // namespace detail

/// The state that a turn-form handler keeps for one client; made before the first turn, and owned.
using client_state = std::unique_ptr<detail::kept_state>;

namespace web {
struct http_options;
}

namespace detail {

template <class Function>
struct state_of {};
template <class State>
struct state_of<task<next> (*)(connection&, State&)> {
  using type = State;
};
template <class State>
struct state_of<task<next> (*)(connection&, State&) noexcept> {
  using type = State;
};
template <class Class, class State>
struct state_of<task<next> (Class::*)(connection&, State&) const> {
  using type = State;
};
template <class Class, class State>
struct state_of<task<next> (Class::*)(connection&, State&) const noexcept> {
  using type = State;
};
template <class Function>
  requires requires { &Function::operator(); }
struct state_of<Function> : state_of<decltype(&Function::operator())> {};

}  // namespace detail

/// A handler of the plain form has its client to the end.
template <class Function>
concept plain_handler = std::is_invocable_r_v<task<>, const Function&, connection&>;
/// A handler of the turn form has one turn of its client.
template <class Function>
concept turn_handler = std::is_invocable_r_v<task<next>, const Function&, connection&>;
/// A handler of the turn form that keeps a state between turns.
template <class Function>
concept turn_handler_with_state = requires {
  typename detail::state_of<Function>::type;
} && std::default_initializable<typename detail::state_of<Function>::type>;
template <class Function>
concept handler_function =
    plain_handler<Function> || turn_handler<Function> || turn_handler_with_state<Function>;

/// A copyable value holding the user's coroutine function. It lives as long as the service, so that
/// what a lambda captured outlives every coroutine made from it.
///
/// Forms: `task<>(connection&)` owns its client until it returns; `task<next>(connection&)` and
/// `task<next>(connection&, State&)` handle one turn and rest. State is default-constructible.
class handler {
 public:
  handler() noexcept = default;

  template <class Function>
    requires(!std::same_as<std::remove_cvref_t<Function>, handler>)
  handler(Function function) {  // NOLINT(google-explicit-constructor): `.handler = echo`
    static_assert(handler_function<Function>,
                  "a handler is samjoko::task<>(samjoko::connection&), "
                  "samjoko::task<samjoko::next>(samjoko::connection&) or "
                  "samjoko::task<samjoko::next>(samjoko::connection&, State&); the client and the "
                  "state are taken by reference, the state is not const and can be made without "
                  "arguments, and what is called is const (no mutable or generic lambda)");
    if constexpr (handler_function<Function>) {
      if (is_there(function)) form_ = make(std::move(function));
    }
  }

  explicit operator bool() const noexcept { return form_ != nullptr; }
  [[nodiscard]] bool has_turns() const noexcept { return form_->has_turns; }
  [[nodiscard]] client_state make_state() const { return form_->make_state(); }
  /// The plain form.
  [[nodiscard]] task<> serve(connection& client) const { return form_->serve(client); }
  /// The turn form.
  [[nodiscard]] task<next> turn(connection& client, const client_state& state) const {
    return form_->turn(client, state.get());
  }

 private:
  struct form {
    explicit form(bool turns) noexcept : has_turns(turns) {}
    virtual ~form() = default;
    virtual task<> serve(connection&) const { return {}; }
    virtual task<next> turn(connection&, detail::kept_state*) const { return {}; }
    virtual client_state make_state() const { return {}; }
    const bool has_turns;
  };

  template <class Function>
  struct plain final : form {
    explicit plain(Function wrapped) : form(false), function(std::move(wrapped)) {}
    task<> serve(connection& client) const override { return function(client); }
    Function function;
  };
  template <class Function>
  struct stateless final : form {
    explicit stateless(Function wrapped) : form(true), function(std::move(wrapped)) {}
    task<next> turn(connection& client, detail::kept_state*) const override {
      return function(client);
    }
    Function function;
  };
  template <class Function, class State>
  struct stateful final : form {
    explicit stateful(Function wrapped) : form(true), function(std::move(wrapped)) {}
    struct kept final : detail::kept_state {
      State value = State();
    };
    task<next> turn(connection& client, detail::kept_state* state) const override {
      return function(client, static_cast<kept*>(state)->value);
    }
    client_state make_state() const override { return std::make_unique<kept>(); }
    Function function;
  };

  /// A null pointer, or an empty std::function, is no handler.
  template <class Function>
  static bool is_there(const Function& function) {
    if constexpr (requires { static_cast<bool>(function == nullptr); }) {
      return !(function == nullptr);
    } else {
      return true;
    }
  }

  template <class Function>
  static std::shared_ptr<const form> make(Function function) {
    if constexpr (plain_handler<Function>) {
      return std::make_shared<plain<Function>>(std::move(function));
    } else if constexpr (turn_handler<Function>) {
      return std::make_shared<stateless<Function>>(std::move(function));
    } else {
      using state = typename detail::state_of<Function>::type;
      return std::make_shared<stateful<Function, state>>(std::move(function));
    }
  }

  std::shared_ptr<const form> form_;
};

/// What a server serves.
struct service {
  std::string name;
  samjoko::handler handler;
  /// The server speaks first: the first turn starts when the client connects, not at its first
  /// byte.
  bool server_speaks_first = false;
  /// Plain form: a graceful stop may end a read() that waits for its first byte, because no request
  /// has begun then. Leave it false when one request spans several reads: the server cannot tell a
  /// read within a request from a read between two requests.
  bool stops_between_reads = false;
  /// Turn form: a graceful stop starts one more turn of each idle client. The handler finds
  /// client.stop_requested() true there and can tell the client. The client's own end of sending
  /// and a silence beyond the limit start such a turn too: client.peer_has_finished(),
  /// client.was_silent_too_long(). Once for a client.
  bool notify_on_stop = false;
  /// Its handlers publish and subscribe (hub/link.hpp): the program has a hub, a process of its own
  /// beside the workers.
  bool uses_hub = false;
  /// Descriptors that were open before the start and that the handlers use. Workers, and processes
  /// forked for clients, close all others that they inherit.
  std::vector<int> keeps_open{};
  /// One process serves all clients, because it keeps in memory what they share. One worker is the
  /// default, and the start refuses what would split it (more workers, a process model, listeners
  /// with different choices). Threads of that process still need locks.
  bool one_process = false;
  /// For a service that speaks HTTP; web::http_service sets it: makes the handler with other
  /// limits. The options of HTTP concern only a service that has it.
  std::function<samjoko::handler(const web::http_options&)> with_http_options{};
  std::shared_ptr<const web::http_options> http{};  ///< the limits that its handler has
};

}  // namespace samjoko
