# Sourced by ./dev run: serves a small site under each model, and echo, until Ctrl+C.

port_is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

free_port() {
  local port=$1
  while port_is_taken "$port"; do port=$((port + 1)); done
  echo "$port"
}

demo_pids=()
demo_folder=""

# The first signal asks the servers to finish what they serve, the second one stops them at once.
stop_demo() {
  trap 'kill -QUIT "${demo_pids[@]}" 2>/dev/null || true' INT TERM HUP
  trap - EXIT
  kill -TERM "${demo_pids[@]}" 2>/dev/null || true
  while [[ -n $(jobs -pr) ]]; do wait || true; done
  rm -rf "$demo_folder"
  echo "stopped"
  exit 0
}

# start_demo NAME ARGS...: true when that server is ready, as it says itself: whoever accepts on its
# port may be another. False when it ended before, as when somebody took its port meanwhile.
start_demo() {
  local ready=$demo_folder/$1.pid tries=0 pid
  shift
  build/release/samjoko serve "$@" --pid-file "$ready" </dev/null &
  pid=$!
  until [[ -e $ready ]]; do
    tries=$((tries + 1))
    kill -0 "$pid" 2>/dev/null || return 1
    [[ $tries -lt 600 ]] || { kill "$pid"; return 1; }
    sleep 0.05
  done
  demo_pids+=("$pid")
}

# Sets demo_lines, demo_first and demo_next: where the site is served, and the port behind.
start_site() {
  local model port=$1 listen=()
  demo_lines=() demo_first=""
  for model in process thread multiplex; do
    port=$(free_port "$port")
    listen+=(--listen "127.0.0.1:$port,model=$model")
    demo_lines+=("  http://127.0.0.1:$port/   model $model")
    demo_first=${demo_first:-$port} port=$((port + 1))
  done
  demo_next=$port
  start_demo site files examples/site --identify "${listen[@]}"
}

start_echo() {
  echo_port=$(free_port "$1")
  demo_next=$((echo_port + 1))
  start_demo echo echo --listen "127.0.0.1:$echo_port"
}

# start_somewhere COMMAND: further up when another program was faster with one of the ports.
start_somewhere() {
  local tries=1
  until "$1" "$demo_next"; do
    [[ $tries -lt 10 ]] || fail "the demo did not start; see the lines above"
    tries=$((tries + 1))
  done
}

run_demo() {
  local demo_lines=() demo_first="" demo_next=8001 echo_port=""
  set -m  # a process group each: Ctrl+C reaches them only through stop_demo
  demo_folder=$(mktemp -d)
  trap stop_demo INT TERM HUP
  trap 'kill "${demo_pids[@]}" 2>/dev/null || true; rm -rf "$demo_folder"' EXIT
  start_somewhere start_site
  start_somewhere start_echo
  cat <<DEMO

One program serves the same site under each model; open one in a browser:
$(printf '%s\n' "${demo_lines[@]}")

or in another terminal:
  curl -i http://127.0.0.1:$demo_first/       X-Served-By says which process, thread, model
  nc 127.0.0.1 $echo_port                      echo: type a line, it comes back
  ps -C samjoko -o pid,ppid,nlwp,args    who serves: masters, workers, threads

Ctrl+C stops all of them.
DEMO
  wait || true
  fail "a server of the demo ended by itself; see the lines above"
}
