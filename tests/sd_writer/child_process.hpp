#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

#include <sys/wait.h>
#include <unistd.h>

namespace sd_writer {

/// Runs `work` in a forked process and returns its process ID. The child ends when `work` does, without running
/// anything that belongs to the parent's end.
inline pid_t start_child(const std::function<void()>& work)
{
    const auto child = ::fork();
    if (child < 0)
        throw std::runtime_error("fork");
    if (child > 0)
        return child;
    work();
    ::_exit(0);
}

/// Waits for a child to end, however it does.
inline int wait_for(pid_t child)
{
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
}

/// The two ends of a pipe.
struct pipe_ends {
    pipe_ends()
    {
        int ends[2];
        if (::pipe(ends) != 0)
            throw std::runtime_error("pipe");
        from = ends[0];
        to = ends[1];
    }
    pipe_ends(const pipe_ends&) = delete;
    pipe_ends& operator=(const pipe_ends&) = delete;
    ~pipe_ends()
    {
        ::close(from);
        close_to();
    }
    void close_to() { ::close(std::exchange(to, -1)); }

    int from = -1;
    int to = -1;
};

/// Runs `work` in a process of its own, for what would otherwise change this one: limits, umask, user, mounts.
///
/// @param work  returns what went wrong; empty when nothing did
/// @return what `work` returned, or that the child died
inline std::string in_child(const std::function<std::string()>& work)
{
    pipe_ends pipe;
    const auto child = start_child([&] {
        const auto text = work();
        if (::write(pipe.to, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
            ::_exit(1);
    });
    pipe.close_to();

    std::string text;
    char buffer[512];
    for (ssize_t got = 0; (got = ::read(pipe.from, buffer, sizeof buffer)) > 0;)
        text.append(buffer, static_cast<std::size_t>(got));
    if (const int status = wait_for(child); status != 0)
        text += " [child ended with status " + std::to_string(status) + "]";
    return text;
}

} // namespace sd_writer
