#include "instrumented_service/accounts/options.hpp"

#include "runtime/version.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

namespace accounts {
namespace {

using runtime::bad_value;
using runtime::early_exit;
using runtime::to_choice;

/// What the command line says, as text.
struct written {
    std::string listen_address = ":6767";
    std::string web_config;
    std::string database = "accounts.db";
    std::string monitoring = "on";
    std::vector<std::string> names{"original", "promhttp"};
    std::string clock = "auto";
    std::string level = "info";
    std::string format = "logfmt";
};

void declare(CLI::App& app, written& into)
{
    app.set_help_flag("-h,--help", "Print this help and exit");
    app.set_version_flag("--version", runtime::version_line("accountservice"));
    app.option_defaults()->take_last();
    const auto flag = [&app](const std::string& name, const std::string& takes, auto& value, const std::string& help) {
        return app.add_option(name, value, help)->capture_default_str()->type_name(takes);
    };
    flag("--web.listen-address", "ADDRESS", into.listen_address, "Address to listen on");
    flag("--web.config.file", "FILE", into.web_config, "TLS and users, as Prometheus' exporters have it");
    flag("--db.file", "FILE", into.database, "SQLite database of the accounts, made where there is none");
    flag("--monitoring", "on|off", into.monitoring, "Measure requests: on or off");
    flag("--metrics.names", "NAMES,...", into.names, "Names of the metrics of requests: original, promhttp, otel")
        ->delimiter(',')
        ->take_all();
    flag("--metrics.clock", "auto|tsc|steady", into.clock, "What measures a request's duration: auto, tsc or steady");
    flag("--log.level", "debug|info|warn|error", into.level, "debug, info, warn or error");
    flag("--log.format", "logfmt|json", into.format, "logfmt or json");

    app.require_subcommand(0, 1);
    app.fallthrough();
    app.add_subcommand("health", "Exit 0 if the running service answers")->fallthrough();
}

/// A command line that was read.
struct command_line {
    explicit command_line(std::vector<std::string> arguments)
    {
        declare(app, given);
        std::reverse(arguments.begin(), arguments.end()); // CLI11 takes them from the back
        app.parse(std::move(arguments));
    }

    written given;
    CLI::App app{"Keeps accounts, and shows what instrumenting a service costs.", "accountservice"};
};

std::vector<http_metrics::naming> to_names(const std::vector<std::string>& texts)
{
    constexpr std::string_view flag = "--metrics.names";
    constexpr std::array<std::pair<std::string_view, http_metrics::naming>, 3> words{
        {{"original", http_metrics::naming::original},
         {"promhttp", http_metrics::naming::promhttp},
         {"otel", http_metrics::naming::otel}}};
    std::vector<http_metrics::naming> names;
    for (const auto& text : texts) {
        const auto name = to_choice(flag, text, words);
        if (std::ranges::find(names, name) != names.end())
            throw bad_value(flag, runtime::in_quotes(text) + " is given twice");
        names.push_back(name);
    }
    return names;
}

options to_options(const CLI::App& app, const written& from)
{
    constexpr std::array<std::pair<std::string_view, bool>, 2> switches{{{"on", true}, {"off", false}}};
    constexpr std::array<std::pair<std::string_view, http_metrics::clock_choice>, 3> clocks{
        {{"auto", http_metrics::clock_choice::automatic},
         {"tsc", http_metrics::clock_choice::tsc},
         {"steady", http_metrics::clock_choice::steady}}};

    options into;
    into.what = app.get_subcommands().empty() ? command::serve : command::health;
    into.listen_address = from.listen_address;
    into.web_config = from.web_config;
    if (from.database.empty())
        throw bad_value("--db.file", "must not be empty");
    into.database = from.database;
    into.is_monitored = to_choice("--monitoring", from.monitoring, switches);
    into.names = to_names(from.names);
    into.clock = to_choice("--metrics.clock", from.clock, clocks);
    into.level = to_choice("--log.level", from.level, runtime::log_levels);
    into.format = to_choice("--log.format", from.format, runtime::log_formats);
    return into;
}

} // namespace

std::variant<options, early_exit> parse_options(std::vector<std::string> arguments,
                                                const runtime::environment& variables)
{
    try {
        // The environment speaks only where the command line is silent, so that has to be read first.
        const auto more = runtime::from_environment(command_line(arguments).app, "ACCOUNTSERVICE_", variables);
        arguments.insert(arguments.begin(), more.begin(), more.end());
        const command_line all(arguments);
        return to_options(all.app, all.given);
    } catch (const CLI::CallForHelp&) {
        return early_exit{0, command_line({}).app.help()};
    } catch (const CLI::CallForVersion& version) {
        return early_exit{0, std::string(version.what()) + "\n"};
    } catch (const CLI::ParseError& error) {
        return early_exit{runtime::usage_error, error.what()};
    } catch (const bad_value& error) {
        return early_exit{runtime::usage_error, error.what()};
    }
}

runtime::described_program describe_options()
{
    return runtime::describe(command_line({}).app);
}

} // namespace accounts
