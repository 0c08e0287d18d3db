#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace agent::shell {

/// A configuration file that cannot be used; `what()` names the line and what is wrong there.
class config_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// A setting of a configuration file: a flag's name without dashes, and its value.
struct config_setting {
    std::string flag;
    std::string value;
    int line = 0; ///< from 1

    friend bool operator==(const config_setting&, const config_setting&) = default;
};

/// Reads a configuration file: YAML, nested at the dots of the flags' names.
///
/// `docker: {host: tcp://engine}` and `docker.host: tcp://engine` say the same; a list gives a flag several times;
/// `output: {endpoints: PATH}` is `--output=endpoints=PATH`. Whether a flag exists is not known here.
///
/// @param text  contents of the file; empty is a file without settings
/// @throws config_error
[[nodiscard]] std::vector<config_setting> parse_config(const std::string& text);

} // namespace agent::shell
