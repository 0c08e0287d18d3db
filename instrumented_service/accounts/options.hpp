#pragma once

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

/// Names that the metrics of requests are given.
enum class metric_names {
    original, ///< as the service that this one follows
    promhttp, ///< as Go's promhttp and most services of today
    otel,     ///< as OpenTelemetry's semantic conventions
};

/// What tells how long a request took.
enum class metric_clock {
    automatic, ///< the time stamp counter where it can be relied on
    tsc,       ///< the processor's time stamp counter
    steady,    ///< std::chrono::steady_clock
};

/// Everything the user decides. Defaults are the documented ones.
struct options {
    command what = command::serve;
    std::string listen_address = ":6767";
    std::filesystem::path database = "accounts.db"; ///< relative to the working directory, as Prometheus' `data/`
    bool is_monitored = true;
    std::vector<metric_names> names{metric_names::original, metric_names::promhttp}; ///< none twice
    metric_clock clock = metric_clock::automatic;
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

} // namespace accounts
