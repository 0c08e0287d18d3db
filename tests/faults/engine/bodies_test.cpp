// Faults 5, 7, 8 and 24–30 as the engine's client sees them: each answer either is the whole list or none.
#include "agent/core/swarm.hpp"
#include "agent/core/target_set.hpp"
#include "agent/docker/engine.hpp"
#include "agent/docker/errc.hpp"
#include "proto_http/errc.hpp"
#include "sd_writer/json.hpp"
#include "tests/support/engine_objects.hpp"
#include "tests/support/fake_engine.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <optional>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace faults {
namespace {

using namespace std::chrono_literals;
using agent::docker::failure;
using support::made_up_service;
using support::made_up_task;
using support::toxic;
using testing::HasSubstr;
using testing::Not;

namespace errc = boost::system::errc;

class EngineCalls : public testing::Test {
protected:
    EngineCalls()
    {
        fake.state.nodes["node1"] = support::node_json("node1", "192.0.2.1");
        const made_up_service value{"s1", "accountservice", 2, 6767, {{"prometheus.label.owner", "Zoë \"7\"\n\t€ 𝄞"}}};
        fake.state.services["s1"] = to_json(value);
        fake.state.tasks["t1"] = to_json(made_up_task{"t1", "s1"});
        fake.state.tasks["t2"] = to_json(made_up_task{"t2", "s1", "node1", "10.0.1.3"});
        limits.exchange = 10s;
    }

    ~EngineCalls() override
    {
        client.reset();
        serving.cancel();
        fake.drop_connections();
        EXPECT_TRUE(support::run_until(io, [this] { return serving.is_done() && fake.connections() == 0; }));
    }

    agent::docker::engine& engine()
    {
        if (!client)
            client.emplace(io.get_executor(), proto_http::unix_address{socket.string()}, std::nullopt, limits);
        return *client;
    }

    /// What the lists make of the file, or why there is none.
    boost::system::result<std::string, failure> file()
    {
        auto all = support::run(io, engine().everything({}));
        if (!all)
            return all.error();
        agent::core::swarm world;
        world.replace(*std::move(all));
        agent::core::role_rules rules;
        rules.endpoints.meta = agent::core::meta_labels::none;
        agent::core::target_set targets(agent::core::role::endpoints, rules);
        targets.refresh_all(world);
        return sd_writer::to_json(targets.groups());
    }

    failure why()
    {
        const auto got = file();
        EXPECT_FALSE(got) << (got ? *got : "");
        return got ? failure{} : got.error();
    }

    boost::asio::io_context io{1};
    support::temporary_directory directory;
    std::filesystem::path socket = directory.path() / "engine.sock";
    support::fake_engine fake{io.get_executor(), socket};
    support::running<void> serving{io, fake.run()};
    proto_http::client_limits limits;
    std::optional<agent::docker::engine> client;
};

// --- Connecting ---

TEST_F(EngineCalls, F04_ASocketThatWasRemovedWhileItWasMountedIsNamedAsSuch)
{
    // An open file stands for the mount of it: both keep what has no name any more.
    const int kept = ::open(socket.c_str(), O_PATH | O_CLOEXEC);
    ASSERT_GE(kept, 0);
    client.emplace(io.get_executor(), proto_http::unix_address{"/proc/self/fd/" + std::to_string(kept)}, std::nullopt,
                   limits);
    EXPECT_TRUE(file());
    fake.go_away(false);
    fake.come_back();
    const auto end = why();
    ::close(kept);
    EXPECT_EQ(end.code, errc::connection_refused);
    EXPECT_THAT(end.detail, HasSubstr("mount its directory, not the socket alone"));
}

TEST_F(EngineCalls, F04_ASocketThatNobodyListensAtIsNotTakenForOneThatWasMounted)
{
    fake.go_away(true);
    EXPECT_THAT(why().detail, Not(HasSubstr("mount")));
    fake.come_back();
    EXPECT_TRUE(file());
}

/// Access rights mean nothing to root.
class as_nobody {
public:
    as_nobody() : was_(::geteuid())
    {
        if (was_ == 0 && ::seteuid(65534) != 0)
            throw std::runtime_error("seteuid");
    }
    as_nobody(const as_nobody&) = delete;
    as_nobody& operator=(const as_nobody&) = delete;
    ~as_nobody()
    {
        if (::seteuid(was_) != 0)
            std::abort();
    }

private:
    uid_t was_;
};

TEST_F(EngineCalls, F05_ASocketThatMayNotBeUsedNamesItsGroup)
{
    if (::geteuid() == 0) {
        ASSERT_EQ(::chown(socket.c_str(), 0, 12345), 0); // a group that we are not in
    }
    struct stat found {};
    ASSERT_EQ(::stat(socket.c_str(), &found), 0);
    ASSERT_EQ(::chmod(directory.path().c_str(), 0755), 0);
    ASSERT_EQ(::chmod(socket.c_str(), 0060), 0);
    const as_nobody who;
    const auto end = why();
    EXPECT_EQ(end.code, errc::permission_denied);
    EXPECT_THAT(end.detail, HasSubstr("HEAD /_ping: Permission denied (the socket may be used by group " +
                                      std::to_string(found.st_gid) + ": "));
}

// --- Time ---

TEST_F(EngineCalls, F07_AnEngineThatIsConnectedToButNeverAnswersIsGivenUpInTime)
{
    limits.exchange = 100ms;
    fake.freeze();
    EXPECT_EQ(why().code, boost::asio::error::timed_out);
    fake.thaw();
    limits.exchange = 10s;
    client.reset();
    EXPECT_TRUE(file());
}

TEST_F(EngineCalls, F08_ABodyThatStallsIsGivenUp)
{
    limits.progress = 50ms;
    fake.poison({.path = "/tasks", .cut_at = 300, .then = toxic::ending::stall});
    const auto end = why();
    EXPECT_EQ(end.code, boost::asio::error::timed_out);
    EXPECT_THAT(end.detail, HasSubstr("GET /tasks: "));
    fake.cure();
    EXPECT_TRUE(file());
}

TEST_F(EngineCalls, F08_ABodyThatComesSlowlyIsReadWhole)
{
    const auto expected = file().value();
    limits.progress = 1s;
    client.reset();
    fake.poison({.path = "/tasks", .slice = 50, .pause = 2ms});
    EXPECT_EQ(file().value(), expected);
}

// --- Versions ---

TEST_F(EngineCalls, F24_TheVersionIsTheNewestThatBothKnowOrTheReasonIsSaid)
{
    for (int newest = 24; newest <= 60; ++newest) {
        for (const int oldest : {12, 24, 40, 44, 52}) {
            if (oldest > newest)
                continue;
            SCOPED_TRACE("1." + std::to_string(oldest) + " to 1." + std::to_string(newest));
            fake.api_version = "1." + std::to_string(newest);
            fake.oldest_api = "1." + std::to_string(oldest);
            fake.forget_requests();
            client.reset();
            if (newest < 40) {
                const auto end = why();
                EXPECT_EQ(end.code, agent::docker::errc::api_too_old);
                EXPECT_THAT(end.detail, testing::AllOf(HasSubstr(fake.api_version), HasSubstr("1.40")));
                EXPECT_EQ(fake.requests.size(), 1U);
            } else if (oldest > 51) {
                const auto end = why();
                EXPECT_EQ(end.code, agent::docker::errc::rejected);
                EXPECT_THAT(end.detail, HasSubstr("400 client version 1.51 is too old. Minimum supported API version "
                                                  "is 1.52"));
            } else {
                EXPECT_TRUE(file());
                EXPECT_EQ(fake.requests.back().target, "/v1." + std::to_string(std::min(newest, 51)) + "/tasks");
                EXPECT_EQ(fake.count("/_ping"), 1U);
            }
        }
    }
}

TEST_F(EngineCalls, F24_ARefusedVersionIsNegotiatedOnceMoreAndNotForEver)
{
    ASSERT_TRUE(file());
    fake.api_version = "1.48";
    fake.oldest_api = "1.44";
    fake.forget_requests();
    EXPECT_TRUE(file());
    EXPECT_EQ(fake.count("/_ping"), 1U);

    fake.forget_requests();
    fake.poison({.path = "/services", .status = 400, .body = R"({"message":"no"})"});
    EXPECT_EQ(why().detail, "GET /services: 400 no");
    EXPECT_EQ(fake.count("/services"), 2U);
    EXPECT_EQ(fake.count("/_ping"), 1U);
}

// --- Errors ---

TEST_F(EngineCalls, F25_AnErrorsBodyBecomesOneShortLine)
{
    for (const auto& body :
         {std::string("level=error\nmsg=\x1b[31mforged\xff\r\n"), std::string(), std::string(10'000'000, 'x'),
          std::string(R"({"message":"a\nb"})"), std::string(R"({"message":)") + std::string(1'000'000, '[')}) {
        fake.poison({.path = "/tasks", .status = 500, .body = body});
        const auto detail = why().detail;
        fake.cure();
        EXPECT_LT(detail.size(), 1000U);
        EXPECT_EQ(detail.find_first_of("\n\r\x1b"), std::string::npos) << detail;
        EXPECT_TRUE(file()) << "the connection is usable, or another one is made";
    }
}

// --- Bodies ---

TEST_F(EngineCalls, F26_AListCutAtAnyByteIsNone)
{
    ASSERT_TRUE(file());
    for (const auto ending : {toxic::ending::close, toxic::ending::reset})
        for (std::size_t cut = 0;; ++cut) {
            fake.poison({.path = "/tasks", .cut_at = cut, .then = ending});
            const auto got = file();
            fake.cure();
            if (got) {
                EXPECT_GT(cut, 500U) << "nothing was cut off any more";
                break;
            }
            ASSERT_TRUE(file()) << cut;
        }
}

TEST_F(EngineCalls, F27_ALengthThatIsNotTrueMakesItNone)
{
    limits.progress = 50ms;
    ASSERT_TRUE(file());
    for (const std::uint64_t announced : {0ULL, 1ULL, 100ULL, 5'000ULL, 1'000'000'000'000ULL}) {
        for (const auto ending : {toxic::ending::keep, toxic::ending::close}) {
            SCOPED_TRACE(announced);
            fake.poison({.path = "/tasks", .announced = announced, .then = ending});
            EXPECT_TRUE(why().code);
            fake.cure();
            EXPECT_TRUE(file()) << "what was left over belongs to no other answer";
        }
    }
}

TEST_F(EngineCalls, F27_ABodyThatTheEndOfTheConnectionEndsIsWholeOnlyWhereTheListIs)
{
    const auto expected = file().value();
    fake.poison({.path = "/tasks", .framed = toxic::framing::until_close});
    EXPECT_EQ(file().value(), expected);
    fake.cure();
    fake.poison({.path = "/tasks", .framed = toxic::framing::until_close, .cut_at = 600});
    EXPECT_EQ(why().code, agent::docker::errc::broken_answer);
}

TEST_F(EngineCalls, F28_ChunksOfAnySizeInPiecesOfAnySizeAreTheSameList)
{
    const auto expected = file().value();
    ASSERT_THAT(expected, HasSubstr("Zo"));
    for (std::size_t chunk_bytes = 1; chunk_bytes <= 70;
         chunk_bytes = chunk_bytes < 12 ? chunk_bytes + 1 : chunk_bytes * 2)
        for (const std::size_t slice : {std::size_t{1}, std::size_t{3}, std::size_t{64}, support::all_bytes})
            for (const auto* extension : {"", ";name=value", R"(;q="a;b";flag)"}) {
                fake.poison({.framed = toxic::framing::chunked,
                             .chunk_bytes = chunk_bytes,
                             .chunk_extension = extension,
                             .trailers = *extension ? "Checksum: 1\r\nOther: 2\r\n" : "",
                             .slice = slice});
                const auto got = file();
                fake.cure();
                ASSERT_TRUE(got) << got.error().detail;
                EXPECT_EQ(*got, expected);
            }
}

TEST_F(EngineCalls, F30_AListBeyondTheLimitIsRefusedAndNotHeld)
{
    limits.body_bytes = 64 * 1024;
    for (const auto framed : {toxic::framing::length, toxic::framing::chunked, toxic::framing::until_close}) {
        fake.poison({.path = "/tasks", .body = "[" + std::string(1'000'000, ' ') + "]", .framed = framed});
        const auto end = why();
        EXPECT_EQ(end.code, proto_http::errc::body_too_large);
        EXPECT_THAT(end.detail, HasSubstr("GET /tasks: "));
        fake.cure();
        EXPECT_TRUE(file());
    }
}

} // namespace
} // namespace faults
