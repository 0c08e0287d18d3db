#include "tests/integration/process.hpp"

#include "tests/integration/eventually.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace integration {
namespace {

using clock = std::chrono::steady_clock;

std::vector<char*> argument_vector(const arguments& command)
{
    std::vector<char*> words;
    for (const auto& word : command)
        words.push_back(const_cast<char*>(word.c_str())); // execvp(3) does not write to them
    words.push_back(nullptr);
    return words;
}

/// Starts a command with the given descriptors. Between fork and exec there are system calls only, for other
/// threads may hold locks.
pid_t start(const arguments& command, int in, int out, int err)
{
    auto words = argument_vector(command);
    const auto parent = getpid();
    const auto pid = fork();
    if (pid < 0)
        throw std::runtime_error("fork: " + std::string(std::strerror(errno)));
    if (pid > 0)
        return pid;

    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC); // sockets that Asio made, above all
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent)
        execvp(words.front(), words.data());
    _exit(127);
}

/// A file without a name that holds the text, to be read from its beginning.
int descriptor_of(std::string_view text)
{
    const auto descriptor = memfd_create("input", MFD_CLOEXEC);
    while (!text.empty()) {
        const auto count = write(descriptor, text.data(), text.size());
        if (count < 0)
            throw std::runtime_error("memfd: " + std::string(std::strerror(errno)));
        text.remove_prefix(static_cast<std::size_t>(count));
    }
    lseek(descriptor, 0, SEEK_SET);
    return descriptor;
}

int exit_code_of(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/// Appends what can be read; closes and clears the descriptor at its end.
void drain(int& descriptor, std::string& into)
{
    std::array<char, 65536> buffer; // NOLINT(cppcoreguidelines-pro-type-member-init): read() fills it
    const auto count = read(descriptor, buffer.data(), buffer.size());
    if (count > 0) {
        into.append(buffer.data(), static_cast<std::size_t>(count));
    } else if (count == 0 || errno != EINTR) {
        close(descriptor);
        descriptor = -1;
    }
}

std::string joined(const arguments& command)
{
    std::string line;
    for (const auto& word : command)
        line += (line.empty() ? "" : " ") + word;
    return line;
}

} // namespace

command_result run(const arguments& command, std::chrono::seconds limit, std::string_view input)
{
    std::array<int, 2> out{};
    std::array<int, 2> err{};
    if (pipe2(out.data(), O_CLOEXEC) != 0 || pipe2(err.data(), O_CLOEXEC) != 0)
        throw std::runtime_error("pipe2: " + std::string(std::strerror(errno)));
    const auto in = descriptor_of(input);
    const auto pid = start(command, in, out[1], err[1]);
    for (const auto descriptor : {in, out[1], err[1]})
        close(descriptor);

    command_result result;
    const auto deadline = clock::now() + limit;
    while (out[0] >= 0 || err[0] >= 0) {
        std::array<pollfd, 2> waiting{{{out[0], POLLIN, 0}, {err[0], POLLIN, 0}}};
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock::now());
        if (left.count() <= 0 || poll(waiting.data(), waiting.size(), static_cast<int>(left.count())) == 0) {
            kill(pid, SIGKILL);
            result.err += "\nkilled after " + std::to_string(limit.count()) + " s: " + joined(command);
            break;
        }
        if (waiting[0].revents != 0)
            drain(out[0], result.out);
        if (waiting[1].revents != 0)
            drain(err[0], result.err);
    }
    for (const auto descriptor : {out[0], err[0]})
        if (descriptor >= 0)
            close(descriptor);

    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    result.exit_code = exit_code_of(status);
    return result;
}

std::string output_of(const arguments& command, std::chrono::seconds limit, std::string_view input)
{
    auto result = run(command, limit, input);
    if (result.exit_code != 0)
        throw std::runtime_error(joined(command) + ": exit code " + std::to_string(result.exit_code) + ": " +
                                 result.err);
    while (result.out.ends_with('\n'))
        result.out.pop_back();
    return result.out;
}

child_process::child_process(const arguments& command, const std::filesystem::path& log)
{
    const auto descriptor = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (descriptor < 0)
        throw std::runtime_error(log.string() + ": " + std::strerror(errno));
    const auto in = descriptor_of({});
    pid_ = start(command, in, descriptor, descriptor);
    close(in);
    close(descriptor);
}

child_process::~child_process()
{
    signal(SIGKILL);
    reap(0);
}

bool child_process::reap(int options)
{
    if (pid_ < 0)
        return true;
    int status = 0;
    const auto ended = waitpid(pid_, &status, options);
    if (ended != pid_)
        return false;
    exit_code_ = exit_code_of(status);
    pid_ = -1;
    return true;
}

bool child_process::running()
{
    return !reap(WNOHANG);
}

void child_process::signal(int number)
{
    if (running())
        kill(pid_, number);
}

int child_process::wait(std::chrono::seconds limit)
{
    if (!eventually([this] { return !running(); }, limit)) {
        signal(SIGKILL);
        reap(0);
    }
    return exit_code_;
}

} // namespace integration
