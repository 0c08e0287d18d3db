#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <optional>
#include <type_traits>
#include <utility>

namespace runtime {

/// The one thread beside the reactor, for calls that wait for the disk. Jobs run one after another.
class helper_thread {
public:
    /// @param instead  who runs the jobs, so that there is no thread: a simulation has them done in step with all else
    explicit helper_thread(boost::asio::any_io_executor instead = {}) : executor_(std::move(instead))
    {
        if (!executor_)
            executor_ = own_.emplace(1).get_executor();
    }

    /// Runs `job` there; its result comes back on the caller's own executor.
    ///
    /// Cannot be cancelled: a write that has begun is finished. Everything `job` refers to must outlive it.
    template <class Job>
    [[nodiscard]] boost::asio::awaitable<std::invoke_result_t<Job>> run(Job job)
    {
        return boost::asio::co_spawn(executor_, call(std::move(job)), boost::asio::use_awaitable);
    }

private:
    template <class Job>
    static boost::asio::awaitable<std::invoke_result_t<Job>> call(Job job)
    {
        co_return job();
    }

    std::optional<boost::asio::thread_pool> own_;
    boost::asio::any_io_executor executor_;
};

} // namespace runtime
