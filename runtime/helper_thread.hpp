#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <type_traits>
#include <utility>

namespace runtime {

/// The one thread beside the reactor, for calls that wait for the disk. Jobs run one after another.
class helper_thread {
public:
    /// Runs `job` there; its result comes back on the caller's own executor.
    ///
    /// Cannot be cancelled: a write that has begun is finished. Everything `job` refers to must outlive it.
    template <class Job>
    [[nodiscard]] boost::asio::awaitable<std::invoke_result_t<Job>> run(Job job)
    {
        return boost::asio::co_spawn(pool_, call(std::move(job)), boost::asio::use_awaitable);
    }

private:
    template <class Job>
    static boost::asio::awaitable<std::invoke_result_t<Job>> call(Job job)
    {
        co_return job();
    }

    boost::asio::thread_pool pool_{1};
};

} // namespace runtime
