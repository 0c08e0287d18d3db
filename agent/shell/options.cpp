#include "agent/shell/options.hpp"

#include "agent/core/duration.hpp"
#include "agent/docker/docker_host.hpp"
#include "agent/shell/config_file.hpp"
#include "agent/shell/engine_tls.hpp"
#include "runtime/version.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <CLI/CLI.hpp>

namespace agent::shell {
namespace {

using namespace std::chrono_literals;

using runtime::bad_value;
using runtime::in_quotes;
using runtime::to_choice;

constexpr std::string_view program = "swarm-sd";

// --- What the command line says, as text ---

struct written {
    std::string config_file;
    std::string docker_host = "unix:///var/run/docker.sock";
    std::string task_watch = "auto";
    std::string resync_interval = "15s";
    std::vector<std::string> outputs{"endpoints=/etc/swarm-endpoints/swarm-endpoints.json"};
    std::string output_mode = "0644";
    std::string debounce = "100ms";
    std::string debounce_most = "2s";
    std::vector<std::string> networks;
    std::vector<std::string> ignore_services;
    std::string select = "all";
    std::string port_source = "target";
    std::string default_port;
    std::string prometheus_service;
    std::string meta_labels = "service";
    std::string role_port = "80";
    std::string containers_match_first_network = "false";
    std::string containers_host_address = "localhost";
    std::string confirm_empty = "true";
    std::string listen_address = ":9819";
    std::string web_config;
    std::string level = "info";
    std::string format = "logfmt";
    std::string checked_file;
    std::string explained_service;
};

void declare_flags(CLI::App& app, written& into)
{
    const auto flag = [&app](const std::string& names, auto& value, const std::string& help) {
        return app.add_option(names, value, help)->capture_default_str();
    };
    const auto list = [&flag](const std::string& names, std::vector<std::string>& value, const std::string& help) {
        flag(names, value, help)->delimiter(',')->type_name("NAME,...");
    };
    flag("--config.file", into.config_file, "YAML file with further settings");
    flag("--docker.host", into.docker_host,
         "Engine: unix:///path, tcp://host:port, https://host:port (DOCKER_HOST; TLS as DOCKER_TLS_VERIFY and "
         "DOCKER_CERT_PATH say)");
    flag("--docker.task-watch", into.task_watch, "The swarm's own task stream: auto, off, or a socket's path");
    flag("--docker.resync-interval", into.resync_interval, "Time between full lists");
    flag("--output", into.outputs, "File to keep; ROLE: endpoints, tasks, services, nodes, containers");
    flag("--output.mode", into.output_mode, "Permission bits of the file, octal");
    flag("--debounce", into.debounce, "Write when the targets have been quiet for so long");
    flag("--debounce.max", into.debounce_most, "Write at the latest so long after a change");
    list("--network", into.networks, "Networks that Prometheus shares, the first one with an address wins");
    list("--ignore-services,--ignoredServices", into.ignore_services, "Services to leave out; shell globs");
    flag("--select", into.select, "all, or labelled: only services with prometheus.scrape=true");
    flag("--port-source", into.port_source, "Port of a service without a label: target or published");
    flag("--default-port", into.default_port, "Port where neither a label nor the service names one");
    flag("--prometheus.service", into.prometheus_service, "Service of Prometheus: its networks count");
    flag("--meta-labels", into.meta_labels, "Labels for relabelling: none, service or task");
    flag("--role-port", into.role_port, "Port of targets that publish none, in all roles but endpoints");
    flag("--containers.match-first-network", into.containers_match_first_network,
         "Role containers: only the first network of each container");
    flag("--containers.host-address", into.containers_host_address,
         "Role containers: address of containers on the host's network");
    flag("--confirm-empty", into.confirm_empty, "Believe that all targets are gone only when two lists say so");
    flag("--web.listen-address", into.listen_address, "Address of the agent's own pages");
    flag("--web.config.file", into.web_config, "TLS and users of the pages, as Prometheus' exporters have it");
    flag("--log.level", into.level, "debug, info, warn or error");
    flag("--log.format", into.format, "logfmt or json");
}

/// What each takes, in the help, the manual page and the shells' completions: the words that there are, or in capitals
/// what stands for something else.
void name_values(CLI::App& app)
{
    constexpr std::array<std::pair<const char*, const char*>, 21> values{{
        {"--config.file", "FILE"},
        {"--docker.host", "URL"},
        {"--docker.task-watch", "auto|off|PATH"},
        {"--docker.resync-interval", "DURATION"},
        {"--output", "ROLE=PATH"},
        {"--output.mode", "MODE"},
        {"--debounce", "DURATION"},
        {"--debounce.max", "DURATION"},
        {"--select", "all|labelled"},
        {"--port-source", "target|published"},
        {"--default-port", "PORT"},
        {"--prometheus.service", "NAME"},
        {"--meta-labels", "none|service|task"},
        {"--role-port", "PORT"},
        {"--containers.match-first-network", "true|false"},
        {"--containers.host-address", "ADDRESS"},
        {"--confirm-empty", "true|false"},
        {"--web.listen-address", "ADDRESS"},
        {"--web.config.file", "FILE"},
        {"--log.level", "debug|info|warn|error"},
        {"--log.format", "logfmt|json"},
    }};
    for (const auto& [flag, value] : values)
        app.get_option(flag)->type_name(value);
}

void declare(CLI::App& app, written& into)
{
    app.set_help_flag("-h,--help", "Print this help and exit");
    app.set_version_flag("--version", runtime::version_line(program));
    app.option_defaults()->take_last();
    declare_flags(app, into);
    name_values(app);
    for (const auto* name : {"--output", "--network", "--ignore-services"})
        app.get_option(name)->take_all();

    app.require_subcommand(0, 1);
    app.fallthrough();
    const auto subcommand = [&app](const std::string& name, const std::string& help) {
        auto* const sub = app.add_subcommand(name, help);
        sub->fallthrough();
        return sub;
    };
    subcommand("once", "Write one snapshot and exit");
    subcommand("diff", "Show what once would change; exit 0: nothing, 1: something, 2: trouble");
    subcommand("explain", "Say which rule made each of a service's tasks a target, or none")
        ->add_option("SERVICE", into.explained_service, "Name or ID")
        ->required();
    subcommand("check", "Say whether Prometheus would accept a file")
        ->add_option("FILE", into.checked_file, "The file")
        ->required();
    subcommand("health", "Exit 0 if the running agent answers");
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
    CLI::App app{"Keeps a Prometheus file_sd file true to what runs on a Docker Swarm, by events.",
                 std::string(program)};
};

/// Flags that the command line does not give, from the environment. The engine has a variable of Docker's own, too.
std::vector<std::string> from_environment(const CLI::App& app, const environment& variables)
{
    const auto with_dockers_own = [&variables](std::string_view name) {
        auto value = variables(name);
        return !value && name == "SWARM_SD_DOCKER_HOST" ? variables("DOCKER_HOST") : value;
    };
    return runtime::from_environment(app, "SWARM_SD_", with_dockers_own);
}

// --- The configuration file ---

/// Flags that neither the command line nor the environment gives, from the file, in the command line's form.
std::vector<std::string> from_file(const command_line& before, const file_reader& read_file)
{
    constexpr std::string_view flag = "--config.file";
    const auto& path = before.given.config_file;
    std::vector<std::string> more;
    if (path.empty())
        return more;
    try {
        for (const auto& setting : parse_config(read_file(path))) {
            const auto* option = before.app.get_option_no_throw("--" + setting.flag);
            if (!option || setting.flag == "config.file" || setting.flag == "help" || setting.flag == "version")
                throw config_error("line " + std::to_string(setting.line) + ": unknown setting " +
                                   in_quotes(setting.flag));
            if (option->count() == 0)
                more.push_back("--" + setting.flag + "=" + setting.value);
        }
    } catch (const config_error& error) {
        throw bad_value(flag, path + ": " + error.what());
    } catch (const std::system_error& error) {
        throw bad_value(flag, path + ": " + error.code().message());
    }
    return more;
}

void prepend(std::vector<std::string>& arguments, const std::vector<std::string>& more)
{
    arguments.insert(arguments.begin(), more.begin(), more.end());
}

// --- From text to values ---

std::chrono::milliseconds to_duration(std::string_view flag, const std::string& text)
{
    const auto value = core::parse_duration(text);
    if (!value)
        throw bad_value(flag, in_quotes(text) + " is not a duration (such as 500ms, 15s, 1m30s)");
    return *value;
}

std::chrono::milliseconds to_positive_duration(std::string_view flag, const std::string& text)
{
    const auto value = to_duration(flag, text);
    if (value <= 0ms)
        throw bad_value(flag, "must be longer than zero");
    return value;
}

template <class Number>
std::optional<Number> to_number(std::string_view text, int base)
{
    Number value{};
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value, base);
    return error == std::errc{} && stop == end ? std::optional(value) : std::nullopt;
}

mode_t to_mode(const std::string& text)
{
    constexpr mode_t most = 0777;
    const auto value = to_number<mode_t>(text, 8);
    if (!value || *value > most)
        throw bad_value("--output.mode", in_quotes(text) + " is not a file mode (such as 0644)");
    return *value;
}

std::optional<std::uint16_t> to_port(std::string_view flag, const std::string& text)
{
    if (text.empty())
        return std::nullopt;
    const auto value = to_number<std::uint16_t>(text, 10);
    if (!value || *value == 0)
        throw bad_value(flag, in_quotes(text) + " is not a port (1 to 65535)");
    return value;
}

output to_output(const std::string& text)
{
    constexpr std::string_view flag = "--output";
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals + 1 == text.size())
        throw bad_value(flag, in_quotes(text) + ": expected ROLE=PATH");
    const auto which = core::parse_role(std::string_view(text).substr(0, equals));
    if (!which)
        throw bad_value(flag, "role " + in_quotes(text.substr(0, equals)) +
                                  " is unknown, expected endpoints, tasks, services, nodes or containers");
    return {*which, text.substr(equals + 1)};
}

std::vector<output> to_outputs(const std::vector<std::string>& texts)
{
    std::vector<output> outputs;
    for (const auto& text : texts) {
        auto next = to_output(text);
        for (const auto& known : outputs) {
            if (known.what == next.what)
                throw bad_value("--output", "role " + in_quotes(to_string(next.what)) + " is given twice");
            if (known.path == next.path)
                throw bad_value("--output", in_quotes(next.path.native()) + " is given for two roles");
        }
        outputs.push_back(std::move(next));
    }
    return outputs;
}

proto_http::origin to_engine(const std::string& text, command what, const environment& variables,
                             const file_reader& read_file)
{
    auto parsed = docker::parse_docker_host(text, security_of_tcp(variables));
    if (const auto* wrong = std::get_if<std::string>(&parsed))
        throw bad_value("--docker.host", *wrong);
    auto& host = std::get<docker::docker_host>(parsed);
    // Those two ask no engine: they work while its certificates are being replaced.
    const bool is_asked = what != command::check && what != command::health;
    if (host.how == docker::security::plain || !is_asked)
        return std::move(host.where);
    try {
        return {std::move(host.where), proto_http::tls_context(engine_tls(variables, read_file))};
    } catch (const proto_http::tls_error& error) {
        throw bad_value("DOCKER_CERT_PATH", error.what());
    }
}

std::optional<docker::api_version> to_pinned_api(const environment& variables)
{
    constexpr std::string_view name = "DOCKER_API_VERSION";
    const auto text = variables(name);
    if (!text || text->empty())
        return std::nullopt;
    const auto value = docker::parse_api_version(*text);
    if (!value)
        throw bad_value(name, in_quotes(*text) + " is not a version (such as 1.41)");
    if (*value < docker::oldest_api || *value > docker::newest_api)
        throw bad_value(name, in_quotes(*text) + " is outside of what this program speaks, " +
                                  to_string(docker::oldest_api) + " to " + to_string(docker::newest_api));
    return value;
}

bool to_boolean(std::string_view flag, std::string_view text)
{
    constexpr std::array<std::pair<std::string_view, bool>, 2> words{{{"true", true}, {"false", false}}};
    return to_choice(flag, text, words);
}

core::endpoint_rules to_endpoint_rules(const written& from)
{
    using core::meta_labels;
    using core::port_source;
    using core::selection;
    constexpr std::array<std::pair<std::string_view, selection>, 2> selections{
        {{"all", selection::all}, {"labelled", selection::labelled}}};
    constexpr std::array<std::pair<std::string_view, port_source>, 2> sources{
        {{"target", port_source::target}, {"published", port_source::published}}};
    constexpr std::array<std::pair<std::string_view, meta_labels>, 3> metas{
        {{"none", meta_labels::none}, {"service", meta_labels::service}, {"task", meta_labels::task}}};

    core::endpoint_rules rules;
    rules.select = to_choice("--select", from.select, selections);
    rules.ignore_services = from.ignore_services;
    rules.ports = to_choice("--port-source", from.port_source, sources);
    rules.default_port = to_port("--default-port", from.default_port);
    rules.networks = from.networks;
    rules.prometheus_service = from.prometheus_service;
    rules.meta = to_choice("--meta-labels", from.meta_labels, metas);
    return rules;
}

/// Prometheus would drop a target that is more than host and port.
std::string to_host_address(const std::string& text)
{
    if (text.empty() || text.find('/') != std::string::npos)
        throw bad_value("--containers.host-address", in_quotes(text) + " is not an address, as in 192.0.2.1");
    return text;
}

task_watch_choice to_task_watch(const std::string& text)
{
    if (text == "auto")
        return {};
    if (text == "off")
        return {.socket = {}};
    if (!text.starts_with('/'))
        throw bad_value("--docker.task-watch", in_quotes(text) + ": expected auto, off or an absolute path");
    if (text.size() > proto_http::longest_socket_path)
        throw bad_value("--docker.task-watch", in_quotes(text) + ": the path of a Unix socket has at most 107 bytes");
    return {text, true};
}

command to_command(const CLI::App& app)
{
    constexpr std::array<std::pair<std::string_view, command>, 5> words{{{"once", command::once},
                                                                         {"diff", command::diff},
                                                                         {"explain", command::explain},
                                                                         {"check", command::check},
                                                                         {"health", command::health}}};
    const auto chosen = app.get_subcommands();
    return chosen.empty() ? command::run : to_choice("command", chosen.front()->get_name(), words);
}

options to_options(const CLI::App& app, const written& from, const environment& variables, const file_reader& read_file)
{
    options into;
    into.what = to_command(app);
    into.checked_file = from.checked_file;
    into.explained_service = from.explained_service;
    into.engine = to_engine(from.docker_host, into.what, variables, read_file);
    into.pinned_api = to_pinned_api(variables);
    into.task_watch = to_task_watch(from.task_watch);
    into.resync_interval = to_positive_duration("--docker.resync-interval", from.resync_interval);
    into.outputs = to_outputs(from.outputs);
    into.output_mode = to_mode(from.output_mode);
    into.debounce.quiet = to_duration("--debounce", from.debounce);
    into.debounce.most = to_duration("--debounce.max", from.debounce_most);
    if (into.debounce.most < into.debounce.quiet)
        throw bad_value("--debounce.max", "must not be shorter than --debounce");
    into.rules.endpoints = to_endpoint_rules(from);
    into.rules.role_port = to_port("--role-port", from.role_port).value_or(80);
    into.rules.match_first_network =
        to_boolean("--containers.match-first-network", from.containers_match_first_network);
    into.rules.host_address = to_host_address(from.containers_host_address);
    into.confirm_empty = to_boolean("--confirm-empty", from.confirm_empty);
    into.listen_address = from.listen_address;
    into.web_config = from.web_config;
    into.level = to_choice("--log.level", from.level, runtime::log_levels);
    into.format = to_choice("--log.format", from.format, runtime::log_formats);
    return into;
}

} // namespace

std::variant<options, early_exit> parse_options(std::vector<std::string> arguments, const environment& variables,
                                                const file_reader& read_file)
{
    try {
        // Each source speaks only where those before it are silent, so they have to be read first.
        prepend(arguments, from_environment(command_line(arguments).app, variables));
        prepend(arguments, from_file(command_line(arguments), read_file));
        const command_line all(arguments);
        return to_options(all.app, all.given, variables, read_file);
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

} // namespace agent::shell
