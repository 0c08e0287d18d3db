#pragma once

#include "agent/shell/options.hpp"

#include <functional>
#include <variant>

/// What `main` does, one function a command. Each returns the exit code and has said on standard error why it is not 0.
namespace agent::shell {

/// 0: fine.
constexpr int exit_fine = 0;
/// Something could not be had or done.
constexpr int exit_failure = 1;

/// Reads the settings anew; says in one line what is wrong with them.
using settings_reader = std::function<std::variant<options, early_exit>()>;

/// Follows the swarm until SIGTERM or SIGINT. SIGHUP has the settings read anew; where they cannot be used, the old
/// ones go on.
[[nodiscard]] int run(options settings, const settings_reader& read_again);

/// One snapshot into the files. Gives up at the first failure, or after 30 s.
[[nodiscard]] int run_once(const options& settings);

/// Shows what `run_once` would change, and writes nothing.
/// @return as diff(1): 0 if nothing, 1 if something, 2 if it cannot be told
[[nodiscard]] int show_diff(const options& settings);

/// Says how each rule of role `endpoints` decided about each task of a service; fails for a service that is not there,
/// with the names nearest to it.
[[nodiscard]] int explain_service(const options& settings);

/// Whether Prometheus would accept a file; says where and why not.
[[nodiscard]] int check_file(const options& settings);

/// Whether the running agent answers `/-/healthy` at the listen address.
[[nodiscard]] int ask_health(const options& settings);

} // namespace agent::shell
