#pragma once

#include "agent/core/role.hpp"
#include "agent/shell/file_output.hpp"
#include "proto_http/doorbell.hpp"
#include "runtime/helper_thread.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace agent::shell {

/// The files of all roles, written one after another.
class file_outputs {
public:
    using clock = std::chrono::steady_clock;

    /// @param busy  whether more changes are about to be known
    /// @param disk  where files are written; none: on a thread of its own
    file_outputs(boost::asio::any_io_executor executor, std::function<bool(clock::time_point)> busy,
                 boost::asio::any_io_executor disk)
        : busy_(std::move(busy)), bell_(std::move(executor)), disk_(std::move(disk))
    {
    }

    void add(core::role which, file_output file) { files_.emplace(which, std::move(file)); }

    /// The targets of a role are new. Nothing happens for a role without a file.
    void publish(core::role which, std::optional<clock::time_point> since, bool at_once);

    /// Looks at all files soon.
    void verify();

    /// Whether `busy` may answer otherwise now.
    void reconsider() { bell_.ring(); }

    /// Whether the latest attempt to bring each file up to date succeeded.
    [[nodiscard]] bool succeeded() const;

    /// What is known of each file.
    [[nodiscard]] std::vector<output_facts> facts() const;

    /// Writes until cancelled.
    [[nodiscard]] boost::asio::awaitable<void> run();

private:
    [[nodiscard]] std::optional<clock::time_point> deadline() const;

    std::function<bool(clock::time_point)> busy_;
    proto_http::doorbell bell_;
    std::map<core::role, file_output> files_;
    runtime::helper_thread disk_; ///< ends before what it writes with
};

} // namespace agent::shell
