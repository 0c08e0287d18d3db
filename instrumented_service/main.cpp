#include "instrumented_service/accounts/options.hpp"
#include "instrumented_service/accounts/run.hpp"
#include "runtime/flags.hpp"

#include <string>
#include <variant>
#include <vector>

int main(int argc, char** argv)
{
    const auto parsed = accounts::parse_options(std::vector<std::string>(argv + 1, argv + argc), runtime::variable);
    if (const auto* end = std::get_if<runtime::early_exit>(&parsed))
        return runtime::exit_early("accountservice", *end);
    const auto& settings = std::get<accounts::options>(parsed);
    return settings.what == accounts::command::health ? accounts::ask_health(settings) : accounts::run(settings);
}
