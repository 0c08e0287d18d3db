#include "agent/shell/commands.hpp"
#include "agent/shell/options.hpp"
#include "runtime/flags.hpp"
#include "runtime/text_file.hpp"

#include <string>
#include <variant>
#include <vector>

int main(int argc, char** argv)
{
    using namespace agent::shell;
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const auto read_settings = [&arguments] { return parse_options(arguments, runtime::variable, runtime::read_file); };
    const auto parsed = read_settings();
    if (const auto* end = std::get_if<early_exit>(&parsed))
        return runtime::exit_early("swarm-sd", *end);

    const auto& settings = std::get<options>(parsed);
    switch (settings.what) {
    case command::once:
        return run_once(settings);
    case command::diff:
        return show_diff(settings);
    case command::explain:
        return explain_service(settings);
    case command::check:
        return check_file(settings);
    case command::health:
        return ask_health(settings);
    case command::run:
        break;
    }
    return run(settings, read_settings);
}
