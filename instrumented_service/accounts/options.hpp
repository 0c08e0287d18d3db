#pragma once

#include "instrumented_service/http_metrics/middleware.hpp"
#include "runtime/command_description.hpp"
#include "runtime/flags.hpp"
#include "runtime/logging.hpp"

#include <filesystem>
#include <string>
#include <variant>
#include <vector>

namespace accounts {

enum class command {
    serve,  ///< answer requests until stopped
    health, ///< ask the running service whether it lives
};

/// Everything the user decides. Defaults are the documented ones.
struct options {
    command what = command::serve;
    std::string listen_address = ":6767";
    std::filesystem::path web_config; ///< who may ask; empty: everybody
    std::filesystem::path database = "accounts.db"; ///< relative to the working directory, as Prometheus' `data/`
    bool is_monitored = true;
    /// Names that the metrics of requests are given, none twice.
    std::vector<http_metrics::naming> names{http_metrics::naming::original, http_metrics::naming::promhttp};
    http_metrics::clock_choice clock = http_metrics::clock_choice::automatic;
    runtime::log_level level = runtime::log_level::info;
    runtime::log_format format = runtime::log_format::logfmt;
};

/// Reads the command line; for what it does not say the environment: `ACCOUNTSERVICE_DB_FILE` for `--db.file` and so
/// on.
///
/// Pure: nothing but the arguments is read.
///
/// @param arguments  without the program's name
[[nodiscard]] std::variant<options, runtime::early_exit> parse_options(std::vector<std::string> arguments,
                                                                       const runtime::environment& variables);

/// What can be said on the command line.
[[nodiscard]] runtime::described_program describe_options();

} // namespace accounts
