#include "instrumented_service/accounts/store.hpp"

#include <exception>
#include <type_traits>
#include <utility>

namespace accounts {
namespace {

namespace asio = boost::asio;

/// Turns what the database throws into a value.
template <class Work>
store_result<std::invoke_result_t<Work>> attempt(Work work)
{
    try {
        return work();
    } catch (const std::exception& problem) {
        return store_failure{problem.what()};
    }
}

} // namespace

store::store(asio::any_io_executor executor, const std::filesystem::path& file)
    : executor_(std::move(executor)), writer_(file), reader_(file), more_(executor_)
{
}

asio::awaitable<void> store::run()
{
    for (;;) {
        co_await more_.wait();
        while (!waiting_.empty())
            co_await commit(std::exchange(waiting_, {}));
    }
}

asio::awaitable<void> store::commit(queue batch)
{
    std::vector<write_order> orders;
    for (const auto& each : batch)
        orders.push_back(std::move(each->order));
    auto job = [this, orders = std::move(orders)] { return attempt([&] { return writer_.commit(orders); }); };
    auto outcomes = co_await writing_.run(std::move(job));
    for (std::size_t at = 0; at < batch.size(); ++at) {
        if (outcomes)
            batch[at]->outcome.emplace(std::move((*outcomes)[at]));
        else
            batch[at]->outcome.emplace(outcomes.error());
        batch[at]->done.ring();
    }
}

asio::awaitable<store_result<write_outcome>> store::write(write_order order)
{
    const auto own = std::make_shared<pending>(executor_, std::move(order));
    waiting_.push_back(own);
    more_.ring();
    co_await own->done.wait();
    co_return *std::move(own->outcome);
}

asio::awaitable<store_result<std::vector<std::optional<account>>>> store::find(std::vector<std::string> ids)
{
    auto job = [this, ids = std::move(ids)] { return attempt([&] { return reader_.find(ids); }); };
    co_return co_await reading_.run(std::move(job));
}

} // namespace accounts
