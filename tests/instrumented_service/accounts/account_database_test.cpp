#include "instrumented_service/accounts/account_database.hpp"

#include "tests/support/temporary_directory.hpp"
#include "tests/support/text_file.hpp"

#include <csignal>
#include <filesystem>
#include <numeric>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

namespace accounts {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Optional;
using testing::StartsWith;

/// This process without the rights of root, which may write whatever it likes.
class as_nobody {
public:
    as_nobody() { done_ = geteuid() != 0 || seteuid(65534) == 0; }
    as_nobody(const as_nobody&) = delete;
    as_nobody& operator=(const as_nobody&) = delete;
    ~as_nobody()
    {
        if (getuid() == 0 && seteuid(0) != 0)
            std::abort();
    }
    [[nodiscard]] bool is_done() const { return done_; }

private:
    bool done_;
};

struct AccountDatabase : testing::Test {
    support::temporary_directory directory;
    std::filesystem::path file = directory / "a.db";

    std::vector<std::optional<account>> found(const std::vector<std::string>& ids)
    {
        return account_reader(file).find(ids);
    }

    /// SQL as another program runs it.
    void by_hand(const std::string& sql) const
    {
        sqlite3* other = nullptr;
        ASSERT_EQ(sqlite3_open(file.c_str(), &other), SQLITE_OK);
        EXPECT_EQ(sqlite3_exec(other, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(other);
        sqlite3_close(other);
    }

    /// Why the file cannot be opened, without its path.
    std::string refusal() const { return refusal(file); }
    static std::string refusal(const std::filesystem::path& which)
    {
        try {
            const account_writer writer(which);
        } catch (const sqlite::error& wrong) {
            EXPECT_THAT(wrong.what(), StartsWith(which.string() + ": "));
            return std::string(wrong.what()).substr(which.string().size() + 2);
        }
        ADD_FAILURE() << "it was opened";
        return {};
    }
};

write_order add(std::string id, std::string name)
{
    return {write_order::kind::add, {std::move(id), std::move(name)}};
}

write_order replace(std::string id, std::string name)
{
    return {write_order::kind::replace, {std::move(id), std::move(name)}};
}

TEST_F(AccountDatabase, IsSeededWhenItIsNew)
{
    EXPECT_TRUE(account_writer(file).is_new());
    EXPECT_THAT(found({"9999", "10000", "10099", "10100"}),
                ElementsAre(std::nullopt, Optional(account{"10000", "Ada Berg"}),
                            Optional(account{"10099", "Niklaus Novak"}), std::nullopt));
    support::write_file(directory / "empty.db", "");
    EXPECT_TRUE(account_writer(directory / "empty.db").is_new());
}

TEST_F(AccountDatabase, IsSeededOnce)
{
    static_cast<void>(account_writer(file).commit({replace("10000", "changed")}));
    EXPECT_FALSE(account_writer(file).is_new());
    EXPECT_THAT(found({"10000"}), ElementsAre(Optional(account{"10000", "changed"})));
}

TEST_F(AccountDatabase, SaysWhatBecameOfEachOrder)
{
    account_writer writer(file);
    using kind = write_outcome::kind;
    EXPECT_THAT(writer.commit({add("x", "a"), add("x", "b"), replace("x", "c"), replace("y", "d"), add("", "e")}),
                ElementsAre(write_outcome{kind::done, {"x", "a"}}, write_outcome{kind::exists, {"x", "b"}},
                            write_outcome{kind::done, {"x", "c"}}, write_outcome{kind::unknown, {"y", "d"}},
                            write_outcome{kind::done, {"10100", "e"}}));
    EXPECT_THAT(found({"x", "y"}), ElementsAre(Optional(account{"x", "c"}), std::nullopt));
}

TEST_F(AccountDatabase, PicksNumbersThatNobodyHas)
{
    account_writer writer(file);
    static_cast<void>(writer.commit({add("10100", "a"), add("10102", "b")}));
    std::vector<std::string> ids;
    for (int at = 0; at < 3; ++at)
        ids.push_back(writer.commit({add("", "c")}).front().written.id);
    EXPECT_THAT(ids, ElementsAre("10101", "10103", "10104"));
    EXPECT_EQ(account_writer(file).commit({add("", "d")}).front().written.id, "10105");
}

TEST_F(AccountDatabase, KeepsTextAsItIs)
{
    const account odd{"-", "'; DROP TABLE accounts; -- \"å😀"};
    static_cast<void>(account_writer(file).commit({add(odd.id, odd.name)}));
    EXPECT_THAT(found({"-"}), ElementsAre(Optional(odd)));
    EXPECT_THAT(found({}), ElementsAre());
}

TEST_F(AccountDatabase, IsAFileWhateverItsName)
{
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(directory.path());
    static_cast<void>(account_writer(":memory:").commit({add("x", "a")}));
    EXPECT_FALSE(account_writer(":memory:").is_new());
    std::filesystem::current_path(before);
    EXPECT_TRUE(std::filesystem::exists(directory / ":memory:"));
}

TEST_F(AccountDatabase, CanBeOpenTwice)
{
    account_writer one(file);
    account_writer two(file);
    static_cast<void>(one.commit({add("x", "a")}));
    EXPECT_EQ(two.commit({add("x", "b")}).front().what, write_outcome::kind::exists);
    EXPECT_EQ(one.commit({add("", "c")}).front().written.id, "10100");
    EXPECT_EQ(two.commit({add("", "d")}).front().written.id, "10101");
}

TEST_F(AccountDatabase, IsSeededOnceHoweverManyStartAtTheSameTime)
{
    std::vector<int> seeded(4);
    std::vector<std::thread> starts;
    for (auto& each : seeded)
        starts.emplace_back([this, &each] { each = account_writer(file).is_new() ? 1 : 0; });
    for (auto& each : starts)
        each.join();
    EXPECT_EQ(std::accumulate(seeded.begin(), seeded.end(), 0), 1);
}

TEST_F(AccountDatabase, RefusesWhatIsNotItsOwn)
{
    by_hand("CREATE TABLE accounts(id, name)");
    EXPECT_EQ(refusal(), "is a database of another program");
    const auto before = support::contents_of(file);
    static_cast<void>(refusal());
    EXPECT_EQ(support::contents_of(file), before) << "it was changed";
}

TEST_F(AccountDatabase, RefusesASchemaThatItDoesNotKnow)
{
    static_cast<void>(account_writer(file));
    by_hand("PRAGMA user_version=7");
    EXPECT_EQ(refusal(), "has schema version 7, this program knows version 1");
}

TEST_F(AccountDatabase, RefusesTablesThatAreMissing)
{
    static_cast<void>(account_writer(file));
    by_hand("DROP TABLE next_id");
    EXPECT_THAT(refusal(), HasSubstr("no such table: next_id"));
}

TEST_F(AccountDatabase, RefusesWhatIsNoDatabase)
{
    support::write_file(file, std::string(4096, 'x'));
    EXPECT_EQ(refusal(), "is not a SQLite database");
    EXPECT_EQ(refusal(directory.path()), "is a directory");
    EXPECT_EQ(refusal(directory / "none" / "a.db"),
              "cannot be opened: there is no directory " + (directory / "none").string());
}

TEST_F(AccountDatabase, RefusesADamagedFile)
{
    static_cast<void>(account_writer(file));
    const auto whole = support::contents_of(file);
    ASSERT_GT(whole.size(), 8192U);
    auto damaged = whole;
    damaged.replace(4096, whole.size() - 4096, whole.size() - 4096, '\x5A');
    support::write_file(file, damaged);
    EXPECT_THAT(refusal(), StartsWith("is damaged: "));
    support::write_file(file, whole.substr(0, 4096));
    EXPECT_THAT(refusal(), StartsWith("is damaged: "));
}

/// Whatever is cut off or overwritten: it opens, or it says in one line why not.
TEST_F(AccountDatabase, SurvivesEveryDamage)
{
    static_cast<void>(account_writer(file));
    const auto whole = support::contents_of(file);
    const auto attempt = [this](std::string contents) {
        for (const auto* suffix : {"", "-wal", "-shm"})
            std::filesystem::remove(file.string() + suffix);
        support::write_file(file, std::move(contents));
        try {
            account_writer writer(file);
            static_cast<void>(writer.commit({add("", "x")}));
        } catch (const sqlite::error& wrong) {
            EXPECT_EQ(std::string(wrong.what()).find('\n'), std::string::npos);
        }
    };
    for (std::size_t length = 0; length < whole.size(); length += 1021)
        attempt(whole.substr(0, length));
    for (std::size_t at = 0; at < whole.size(); at += at < 100 ? 3 : 431) {
        auto damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
        attempt(damaged);
    }
}

TEST_F(AccountDatabase, RefusesAFileThatMayNotBeWritten)
{
    static_cast<void>(account_writer(file));
    std::filesystem::permissions(file, std::filesystem::perms{0444});
    const as_nobody restricted;
    if (!restricted.is_done())
        GTEST_SKIP() << "cannot give up the rights of root";
    EXPECT_EQ(refusal(), "is read-only");
    EXPECT_EQ(refusal(directory / "new.db"), "cannot be opened: Permission denied");
}

TEST_F(AccountDatabase, WritesAgainAfterTheDiskWasFull)
{
    account_writer writer(file);
    account_reader reader(file);
    static_cast<void>(writer.commit({add("before", "a")}));

    const auto before = std::signal(SIGXFSZ, SIG_IGN);
    rlimit usual{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &usual), 0);
    auto tight = usual;
    tight.rlim_cur = std::filesystem::file_size(file.string() + "-wal") + 10'000;
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
    std::string refused;
    int written = 0;
    while (refused.empty() && written < 1000) {
        try {
            static_cast<void>(writer.commit({add("during-" + std::to_string(written), std::string(200, 'x'))}));
            ++written;
        } catch (const sqlite::error& wrong) {
            refused = wrong.what();
        }
    }
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &usual), 0);
    std::signal(SIGXFSZ, before);

    EXPECT_THAT(refused, StartsWith(file.string() + ": cannot be "));
    EXPECT_THAT(reader.find({"before", "during-" + std::to_string(written)}),
                ElementsAre(Optional(account{"before", "a"}), std::nullopt));
    EXPECT_EQ(writer.commit({add("after", "b")}).front().what, write_outcome::kind::done);
    EXPECT_THAT(reader.find({"after"}), ElementsAre(Optional(account{"after", "b"})));
}

} // namespace
} // namespace accounts
