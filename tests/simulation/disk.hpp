#pragma once

#include "tests/simulation/agenda.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>

#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace simulation {

/// The calls of the file system that may be told to fail.
enum class file_call { create, write, fsync, rename };

/// The disk below one directory: what is done to it passes by here (see the source), is judged, and may fail.
///
/// There is one at a time.
class disk {
public:
    /// @param watched  the directory that Prometheus watches
    /// @param output   name of the file in it
    disk(boost::asio::io_context& io, agenda& plan, std::filesystem::path watched, std::string output);
    disk(const disk&) = delete;
    disk& operator=(const disk&) = delete;
    ~disk();

    /// Runs jobs one after another, each of them as long as `job_time`.
    [[nodiscard]] boost::asio::any_io_executor executor();

    std::map<file_call, int> failing; ///< with which errno
    duration job_time{};

    std::function<void()> on_begin;                               ///< a job was handed over
    std::function<void(bool failed, time_point begun_at)> on_end; ///< it is done
    std::function<void(const std::string& rule, const std::string& what)>
        blame; ///< a rule of careful writing was broken

    // --- For the calls themselves, and for the executor ---

    /// The one that calls go to, if there is one.
    [[nodiscard]] static disk* current() noexcept;
    /// The errno that a call fails with, if it does.
    [[nodiscard]] std::optional<int> fault_of(file_call what, const std::string& path);
    void opened(const std::string& path, int flags);
    void wrote(const std::string& path);
    void synced(const std::string& path);
    void renamed(const std::string& from, const std::string& to);
    [[nodiscard]] bool covers(const std::string& path) const;
    void run(std::function<void()> work);
    [[nodiscard]] boost::asio::io_context& context() noexcept { return io_; }

private:
    struct piece {
        std::function<void()> work;
        time_point handed_over_at;
        duration takes{};
    };

    void plan_next();
    void do_next();
    void end_job(time_point begun_at);

    boost::asio::io_context& io_;
    agenda& plan_;
    std::filesystem::path watched_;
    std::string output_;
    std::set<std::string> dirty_; ///< files written to and not synced since
    bool directory_is_dirty_ = false;
    bool has_failed_ = false; ///< in this job
    std::deque<piece> pieces_;
    bool is_running_ = false;  ///< one of them
    bool was_touched_ = false; ///< by it
};

} // namespace simulation
