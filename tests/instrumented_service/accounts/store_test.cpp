#include "instrumented_service/accounts/store.hpp"

#include "tests/support/run_until.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace accounts {
namespace {

namespace asio = boost::asio;
using testing::ElementsAre;
using testing::Optional;

write_order add(std::string name)
{
    write_order order;
    order.wanted.name = std::move(name);
    return order;
}

struct Store : testing::Test {
    support::temporary_directory directory;
    asio::io_context io{1};
    store accounts{io.get_executor(), directory / "a.db"};
    support::running<void> committing{io, accounts.run()};
};

TEST_F(Store, ShowsWhatWasWritten)
{
    const auto written = support::run(io, accounts.write(add("Ada")));
    ASSERT_TRUE(written);
    EXPECT_EQ(written->written, (account{"10100", "Ada"}));
    const auto found = support::run(io, accounts.find({"10100", "nothing"}));
    ASSERT_TRUE(found);
    EXPECT_THAT(*found, ElementsAre(Optional(account{"10100", "Ada"}), std::nullopt));
}

TEST_F(Store, CarriesOutManyWritesAtOnce)
{
    std::vector<std::unique_ptr<support::running<store_result<write_outcome>>>> writes;
    for (int at = 0; at < 1000; ++at)
        writes.push_back(std::make_unique<support::running<store_result<write_outcome>>>(
            io, accounts.write(add(std::to_string(at)))));
    for (int at = 0; at < 1000; ++at) {
        const auto written = writes[static_cast<std::size_t>(at)]->get();
        ASSERT_TRUE(written);
        EXPECT_EQ(written->written, (account{std::to_string(10'100 + at), std::to_string(at)}));
    }
}

TEST_F(Store, DoesNotMindWhoStopsWaiting)
{
    for (int handlers = 0; handlers < 12; ++handlers) {
        support::running<store_result<write_outcome>> write(io, accounts.write(add("x")));
        support::run_handlers(io, handlers, [&write] { return write.is_done(); });
        write.cancel();
        try {
            static_cast<void>(write.get());
        } catch (const std::exception&) { // it was cancelled in time
        }
        EXPECT_TRUE(support::run(io, accounts.write(add("y"))));
    }
}

TEST_F(Store, EndsWhenItIsCancelled)
{
    committing.cancel();
    EXPECT_TRUE(support::run_until(io, [this] { return committing.is_done(); }));
}

} // namespace
} // namespace accounts
