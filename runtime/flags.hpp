#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace CLI {
class App;
}

/// What reading a command line takes, beside CLI11.
namespace runtime {

/// Exit code of a command line that cannot be used.
constexpr int usage_error = 2;

/// The program has nothing to run: text for the user, and the exit code that goes with it.
struct early_exit {
    int code = 0;
    std::string text; ///< for standard output when the code is 0, else one line for standard error
};

/// Prints it where it belongs.
/// @return the exit code
[[nodiscard]] int exit_early(std::string_view program, const early_exit& end);

/// Value of an environment variable; nothing where it is not set.
using environment = std::function<std::optional<std::string>(std::string_view name)>;

/// A variable of this process. Not to be called while another thread may change them.
[[nodiscard]] std::optional<std::string> variable(std::string_view name);

/// A value that cannot be used; `what()` names the flag and says why.
class bad_value : public std::runtime_error {
public:
    bad_value(std::string_view flag, const std::string& why) : std::runtime_error(std::string(flag) + ": " + why) {}
};

[[nodiscard]] inline std::string in_quotes(std::string_view text)
{
    return "\"" + std::string(text) + "\"";
}

/// The value that goes with a word.
/// @throws bad_value naming the words that there are
template <class Value, std::size_t Count>
[[nodiscard]] Value to_choice(std::string_view flag, std::string_view text,
                              const std::array<std::pair<std::string_view, Value>, Count>& words)
{
    std::string known;
    for (const auto& [word, value] : words) {
        if (word == text)
            return value;
        known += (known.empty() ? "" : ", ") + std::string(word);
    }
    throw bad_value(flag, in_quotes(text) + " is unknown, expected one of: " + known);
}

/// The variable that sets a flag: with the prefix `SWARM_SD_`, `docker.host` is `SWARM_SD_DOCKER_HOST`.
///
/// @param flag  without its dashes
[[nodiscard]] std::string variable_of(std::string_view prefix, std::string_view flag);

/// Flags that the command line does not give, from the environment, in the command line's form.
///
/// @param app     has parsed the command line
/// @param prefix  of the variables, as in variable_of
[[nodiscard]] std::vector<std::string> from_environment(const CLI::App& app, std::string_view prefix,
                                                        const environment& variables);

} // namespace runtime
