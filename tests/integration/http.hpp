#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace integration {

/// The body of a 200 answer from this machine; nothing for any other outcome.
[[nodiscard]] std::optional<std::string> http_get(std::uint16_t port, const std::string& path);

/// The value of one series in Prometheus' text format; nothing if it is not there.
/// @param series  as it is written, labels included
[[nodiscard]] std::optional<double> sample(const std::string& exposition, const std::string& series);

/// A TCP port of the loopback interface that nothing listens on at the moment.
[[nodiscard]] std::uint16_t free_port();

/// Runs a jq program over JSON text.
/// @throws std::runtime_error if the text is no JSON
std::string jq(const std::string& program, const std::string& json);

} // namespace integration
