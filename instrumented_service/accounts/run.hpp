#pragma once

#include "instrumented_service/accounts/options.hpp"

/// What `main` does. Each function returns the exit code and has said on standard error why it is not 0.
namespace accounts {

/// Answers requests until SIGTERM or SIGINT; then those in progress are finished.
/// @return 1 if it cannot start, or cannot go on
[[nodiscard]] int run(const options& settings);

/// Whether the running service answers `/health` at the listen address.
[[nodiscard]] int ask_health(const options& settings);

} // namespace accounts
