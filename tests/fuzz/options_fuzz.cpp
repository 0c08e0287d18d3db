#include "agent/shell/options.hpp"

#include "tests/fuzz/fuzz_input.hpp"

#include <cctype>
#include <filesystem>
#include <map>
#include <sstream>

using namespace agent::shell;

namespace {

using namespace std::chrono_literals;
using outcome = std::variant<options, early_exit>;
using variables = std::map<std::string, std::string, std::less<>>;

outcome parse(const std::vector<std::string>& arguments, const variables& known, const std::string& config = {})
{
    const auto variable = [&known](std::string_view name) {
        const auto found = known.find(name);
        return found == known.end() ? std::nullopt : std::optional(found->second);
    };
    return parse_options(arguments, variable, [&config](const std::filesystem::path&) { return config; });
}

void require_sound(const options& wanted)
{
    fuzz::require(wanted.resync_interval > 0ms, "there is time between lists");
    fuzz::require(!wanted.outputs.empty() && (wanted.output_mode & ~mode_t{0777}) == 0, "there is an output");
    for (const auto& file : wanted.outputs)
        fuzz::require(!file.path.empty(), "an output is a file");
    fuzz::require(wanted.rules.role_port != 0, "a role's port is a port");
    fuzz::require(wanted.debounce.quiet >= 0ms && wanted.debounce.most >= wanted.debounce.quiet, "the debounce ends");
    fuzz::require(wanted.rules.endpoints.default_port.value_or(1) != 0, "a default port is a port");
    fuzz::require(wanted.what != command::check || !wanted.checked_file.empty(), "check is told what to check");
    if (wanted.pinned_api)
        fuzz::require(*wanted.pinned_api >= agent::docker::oldest_api &&
                          *wanted.pinned_api <= agent::docker::newest_api,
                      "a pinned version is one of ours");
}

void require_sound(const early_exit& end)
{
    fuzz::require(end.code == 0 || end.code == 2, "help, version, or a usage error");
    fuzz::require(!end.text.empty(), "nothing ends without a word");
    fuzz::require(end.code == 0 || end.text.find('\n') == std::string::npos, "an error is one line");
}

std::string as_text(const outcome& from)
{
    std::ostringstream out;
    if (const auto* end = std::get_if<early_exit>(&from)) {
        out << end->code;
        return out.str(); // the text may name the flag or its variable
    }
    const auto& value = std::get<options>(from);
    const auto list = [&out](const std::vector<std::string>& names) {
        for (const auto& name : names)
            out << name << '\0';
        out << '\n';
    };
    out << static_cast<int>(value.what) << value.checked_file << proto_http::to_string(value.engine) << '\n'
        << value.resync_interval.count() << ' ' << value.output_mode << ' ' << value.debounce.quiet.count() << ' '
        << value.debounce.most.count() << '\n';
    for (const auto& file : value.outputs)
        out << to_string(file.what) << file.path << '\n';
    list(value.rules.endpoints.ignore_services);
    list(value.rules.endpoints.networks);
    out << static_cast<int>(value.rules.endpoints.select) << static_cast<int>(value.rules.endpoints.ports)
        << static_cast<int>(value.rules.endpoints.meta) << value.rules.endpoints.default_port.value_or(0) << ' '
        << value.rules.endpoints.prometheus_service << '\n'
        << value.confirm_empty << value.listen_address << '\n'
        << static_cast<int>(value.level) << static_cast<int>(value.format);
    return out.str();
}

std::string variable_of(std::string_view flag)
{
    std::string name = "SWARM_SD_";
    for (const char c : flag)
        name += c == '.' || c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return name;
}

/// A flag alone, and its variable alone, say the same.
void require_same_by_variable(std::string_view argument)
{
    constexpr std::array<std::string_view, 18> flags{"docker.host",
                                                     "docker.task-watch",
                                                     "docker.resync-interval",
                                                     "output",
                                                     "output.mode",
                                                     "debounce",
                                                     "debounce.max",
                                                     "network",
                                                     "select",
                                                     "ignore-services",
                                                     "port-source",
                                                     "default-port",
                                                     "prometheus.service",
                                                     "meta-labels",
                                                     "confirm-empty",
                                                     "log.level",
                                                     "log.format",
                                                     "web.listen-address"};
    const auto equals = argument.find('=');
    if (!argument.starts_with("--") || equals == std::string_view::npos || equals + 1 == argument.size())
        return;
    const auto flag = argument.substr(2, equals - 2);
    if (std::find(flags.begin(), flags.end(), flag) == flags.end())
        return;
    const auto by_variable = parse({}, {{variable_of(flag), std::string(argument.substr(equals + 1))}});
    fuzz::require(as_text(by_variable) == as_text(parse({std::string(argument)}, {})),
                  "a flag and its variable say the same");
}

} // namespace

/// Arguments, one a line, variables as `$NAME=value`, and lines of the configuration file behind a `%`.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const fuzz::input input(data, size);
    std::vector<std::string> arguments;
    variables known;
    std::string config;
    for (const auto line : fuzz::split(input.rest(), '\n')) {
        const auto equals = line.find('=');
        if (line.starts_with('$') && equals != std::string_view::npos)
            known.insert_or_assign(std::string(line.substr(1, equals - 1)), std::string(line.substr(equals + 1)));
        else if (line.starts_with('%'))
            config += std::string(line.substr(1)) + '\n';
        else if (!line.empty())
            arguments.emplace_back(line);
    }

    const auto read = parse(arguments, known, config);
    if (const auto* wanted = std::get_if<options>(&read))
        require_sound(*wanted);
    else
        require_sound(std::get<early_exit>(read));
    if (!arguments.empty())
        require_same_by_variable(arguments.front());
    return 0;
}
