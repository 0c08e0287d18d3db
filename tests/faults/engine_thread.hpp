#pragma once

#include "tests/support/fake_engine.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <filesystem>
#include <future>
#include <thread>
#include <type_traits>
#include <utility>

namespace faults {

/// A scripted engine for an agent that is a process of its own. It lives on a thread of its own, and only there.
class engine_thread {
public:
    explicit engine_thread(const std::filesystem::path& socket);
    engine_thread(const engine_thread&) = delete;
    engine_thread& operator=(const engine_thread&) = delete;
    ~engine_thread();

    /// Calls `work(engine)` on the engine's thread and returns what it did.
    template <class Work>
    auto with(Work work)
    {
        std::packaged_task<std::invoke_result_t<Work, support::fake_engine&>()> task(
            [this, &work] { return work(engine_); });
        auto done = task.get_future();
        boost::asio::post(io_, std::move(task));
        return done.get();
    }

private:
    boost::asio::io_context io_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io_.get_executor()};
    support::fake_engine engine_;
    boost::asio::cancellation_signal stop_;
    std::thread thread_;
};

} // namespace faults
