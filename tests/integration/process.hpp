#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace integration {

using arguments = std::vector<std::string>;

/// What a finished command left behind.
struct command_result {
    int exit_code = -1; ///< 128 + the signal's number for a command that a signal ended, as shells count
    std::string out;
    std::string err;
};

/// Runs a command to its end, found in PATH, with `input` as its standard input.
///
/// A command that takes longer than `limit` is killed; its result says so in `err`.
[[nodiscard]] command_result run(const arguments& command, std::chrono::seconds limit = std::chrono::seconds{60},
                                 std::string_view input = {});

/// The command's standard output, without the newlines at its end.
///
/// @throws std::runtime_error naming the command and its standard error, if it fails
std::string output_of(const arguments& command, std::chrono::seconds limit = std::chrono::seconds{60},
                      std::string_view input = {});

/// A program that runs beside the test. It ends with this object, and also with the test program, however
/// that ends.
class child_process {
public:
    /// @param log  receives standard output and standard error, appended
    child_process(const arguments& command, const std::filesystem::path& log);
    child_process(const child_process&) = delete;
    child_process& operator=(const child_process&) = delete;
    ~child_process();

    [[nodiscard]] bool running();
    [[nodiscard]] pid_t pid() const noexcept { return pid_; }

    /// Sends a signal; nothing happens if it has ended already.
    void signal(int number);

    /// Waits for its end, at most so long, then kills it.
    /// @return the exit code as `command_result` has it
    int wait(std::chrono::seconds limit = std::chrono::seconds{20});

private:
    bool reap(int options);

    pid_t pid_ = -1;
    int exit_code_ = -1;
};

} // namespace integration
