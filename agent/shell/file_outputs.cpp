#include "agent/shell/file_outputs.hpp"

#include <algorithm>
#include <utility>

namespace agent::shell {

namespace asio = boost::asio;

void file_outputs::publish(core::role which, std::optional<clock::time_point> since, bool at_once)
{
    const auto file = files_.find(which);
    if (file == files_.end())
        return;
    file->second.publish(since, at_once);
    bell_.ring();
}

void file_outputs::verify()
{
    for (auto& [which, file] : files_)
        file.verify();
    bell_.ring();
}

bool file_outputs::succeeded() const
{
    return std::all_of(files_.begin(), files_.end(), [](const auto& entry) { return entry.second.succeeded(); });
}

std::vector<output_facts> file_outputs::facts() const
{
    std::vector<output_facts> all;
    for (const auto& [which, file] : files_)
        all.push_back(file.facts());
    return all;
}

asio::awaitable<void> file_outputs::run()
{
    for (;;) {
        co_await bell_.wait_until(deadline().value_or(clock::time_point::max()));
        for (auto& [which, file] : files_) {
            const auto due = file.deadline(busy_(clock::now()));
            if (due && *due <= clock::now())
                co_await file.write(disk_);
        }
    }
}

std::optional<file_outputs::clock::time_point> file_outputs::deadline() const
{
    const bool busy = busy_(clock::now());
    std::optional<clock::time_point> first;
    for (const auto& [which, file] : files_)
        if (const auto due = file.deadline(busy); due && (!first || *due < *first))
            first = due;
    return first;
}

} // namespace agent::shell
