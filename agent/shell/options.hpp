#pragma once

#include "agent/core/role.hpp"
#include "agent/core/target_set.hpp"
#include "agent/docker/api_version.hpp"
#include "proto_http/origin.hpp"
#include "runtime/command_description.hpp"
#include "runtime/flags.hpp"
#include "runtime/logging.hpp"
#include "sd_writer/debounce.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <sys/types.h>

namespace agent::shell {

enum class command {
    run,     ///< follow the swarm until stopped
    once,    ///< one snapshot into the files
    diff,    ///< what `once` would change
    explain, ///< why a service has its targets, or none
    check,   ///< judge a file
    health,  ///< ask the running agent whether it lives
};

/// A file to keep, and what it is about. Each role at most once.
struct output {
    core::role what = core::role::endpoints;
    std::filesystem::path path;

    friend bool operator==(const output&, const output&) = default;
};

/// Where the swarm's own task stream is looked for.
struct task_watch_choice {
    std::string socket = "/var/run/docker/swarm/control.sock"; ///< a manager's control socket; empty: off
    bool named = false; ///< by the user, who knows that it is the engine's own; otherwise that is to be checked

    friend bool operator==(const task_watch_choice&, const task_watch_choice&) = default;
};

/// Everything the user decides. Defaults are the documented ones.
struct options {
    command what = command::run;
    std::filesystem::path checked_file; ///< of `check`
    std::string explained_service;      ///< of `explain`: name or ID

    proto_http::origin engine = proto_http::unix_address{"/var/run/docker.sock"};
    std::optional<docker::api_version> pinned_api; ///< DOCKER_API_VERSION
    task_watch_choice task_watch;
    std::chrono::milliseconds resync_interval{15'000};

    std::vector<output> outputs{{core::role::endpoints, "/etc/swarm-endpoints/swarm-endpoints.json"}};
    mode_t output_mode = 0644;
    sd_writer::debounce::limits debounce;
    core::role_rules rules;
    bool confirm_empty = true;

    std::string listen_address = ":9819";
    std::filesystem::path web_config; ///< who may see the pages; empty: everybody
    runtime::log_level level = runtime::log_level::info;
    runtime::log_format format = runtime::log_format::logfmt;
};

using runtime::early_exit;
using runtime::environment;

/// The text of a file. @throws std::system_error
using file_reader = std::function<std::string(const std::filesystem::path& path)>;

/// Reads the command line; for what it does not say the environment: `SWARM_SD_DOCKER_HOST` for `--docker.host` and so
/// on, for the engine also `DOCKER_HOST`, `DOCKER_API_VERSION` and what `engine_tls` reads; and for what that does not
/// say the file of `--config.file`. The certificates of an engine over TLS are read too.
///
/// Pure: nothing but the arguments is read.
///
/// @param arguments  without the program's name
[[nodiscard]] std::variant<options, early_exit>
parse_options(std::vector<std::string> arguments, const environment& variables, const file_reader& read_file);

/// What can be said on the command line.
[[nodiscard]] runtime::described_program describe_options();

} // namespace agent::shell
