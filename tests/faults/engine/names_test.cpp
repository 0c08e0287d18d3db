// Fault 22: an engine behind a name, which goes and moves as names of a swarm's services do.
#include "agent/docker/engine.hpp"
#include "proto_http/errc.hpp"
#include "tests/support/fake_engine.hpp"
#include "tests/support/run_until.hpp"

#include <boost/asio/io_context.hpp>

#include <atomic>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include <dlfcn.h>
#include <netdb.h>

#include <gtest/gtest.h>

namespace faults {
namespace {

/// What `engine.test` means, and how often that was asked. The resolver's thread asks.
struct scripted_name {
    std::mutex busy;
    std::string address; ///< empty: there is no such name
    std::atomic<unsigned> lookups = 0;

    void is(std::string where)
    {
        const std::lock_guard mine(busy);
        address = std::move(where);
    }

    std::string ask()
    {
        const std::lock_guard mine(busy);
        ++lookups;
        return address;
    }
};

scripted_name& engine_test()
{
    static scripted_name only;
    return only;
}

} // namespace
} // namespace faults

/// The program's own, which Asio finds before the C library's.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** found)
{
    using lookup = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
    static const auto ask_system = reinterpret_cast<lookup>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    if (!name || std::string_view(name) != "engine.test")
        return ask_system(name, service, hints, found);
    const auto address = faults::engine_test().ask();
    return address.empty() ? EAI_NONAME : ask_system(address.c_str(), service, hints, found);
}

namespace faults {
namespace {

TEST(EngineName, F22_IsResolvedAtEveryAttempt)
{
    boost::asio::io_context io{1};
    support::fake_engine fake(io.get_executor());
    support::running<void> serving(io, fake.run());
    agent::docker::engine client(io.get_executor(), proto_http::tcp_address{"engine.test", fake.port()}, std::nullopt);
    const auto failure = [&] {
        fake.drop_connections();
        const auto got = support::run(io, client.everything({}));
        return got ? proto_http::error_code{} : got.error().code;
    };

    engine_test().is("127.0.0.1");
    EXPECT_FALSE(failure());
    engine_test().is("");
    EXPECT_EQ(failure(), proto_http::errc::host_not_found);
    engine_test().is("127.0.0.2");
    EXPECT_EQ(failure(), boost::system::errc::connection_refused);
    engine_test().is("127.0.0.1");
    EXPECT_FALSE(failure()) << "it is where it was";
    EXPECT_EQ(engine_test().lookups, 4U);

    serving.cancel();
    fake.drop_connections();
    EXPECT_TRUE(support::run_until(io, [&] { return serving.is_done() && fake.connections() == 0; }));
}

} // namespace
} // namespace faults
