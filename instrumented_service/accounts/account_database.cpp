#include "instrumented_service/accounts/account_database.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <thread>
#include <utility>

namespace accounts {
namespace {

using namespace std::chrono_literals;

// In the file's header: whose it is, and of which form.
constexpr std::int64_t application = 0x61636374; // "acct"
constexpr std::int64_t schema_version = 1;

constexpr int first_id = 10'000;
constexpr int seeded_accounts = 100;

/// How long the start waits for another process. SQLite itself does not wait where a file is new, or has its mode
/// changed.
constexpr auto start_patience = 5s;
constexpr auto start_pause = 10ms;

/// Of a seeded account, the same at each start.
std::string seeded_name(std::size_t number)
{
    constexpr std::array<std::string_view, 10> given{"Ada",     "Alan",  "Barbara", "Dennis",   "Edsger",
                                                     "Frances", "Grace", "Ken",     "Margaret", "Niklaus"};
    constexpr std::array<std::string_view, 10> family{"Berg",   "Costa",    "Dubois",    "Evans",  "Fischer",
                                                      "Hansen", "Kowalska", "Lindqvist", "Moreau", "Novak"};
    return std::string(given[number % given.size()]) + " " + std::string(family[number / given.size()]);
}

bool is_empty(sqlite::connection& database)
{
    return database.number("SELECT count(*) FROM sqlite_schema") == 0 &&
           database.number("PRAGMA application_id") == 0 && database.number("PRAGMA user_version") == 0;
}

/// @throws sqlite::error  if the file is neither empty nor one of ours
void check_owner(sqlite::connection& database)
{
    if (is_empty(database))
        return;
    if (database.number("PRAGMA application_id") != application)
        throw database.failure("is a database of another program");
    const auto version = database.number("PRAGMA user_version");
    if (version != schema_version)
        throw database.failure("has schema version " + std::to_string(version) + ", this program knows version " +
                               std::to_string(schema_version));
}

void make_tables(sqlite::connection& database)
{
    database.run("CREATE TABLE accounts(id TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL) STRICT, WITHOUT ROWID;"
                 "CREATE TABLE next_id(value INTEGER NOT NULL) STRICT;");
    database.run("INSERT INTO next_id VALUES(" + std::to_string(first_id + seeded_accounts) + ")");
    sqlite::statement insert(database, "INSERT INTO accounts(id, name) VALUES(?1, ?2)");
    for (int number = 0; number < seeded_accounts; ++number) {
        const auto id = std::to_string(first_id + number);
        const auto name = seeded_name(static_cast<std::size_t>(number));
        insert.bind(1, id);
        insert.bind(2, name);
        insert.run();
    }
    database.run("PRAGMA application_id=" + std::to_string(application));
    database.run("PRAGMA user_version=" + std::to_string(schema_version));
}

/// @return whether the file was new
bool set_up(sqlite::connection& database)
{
    check_owner(database); // before anything is changed
    if (database.text("PRAGMA journal_mode=WAL") != "wal")
        throw database.failure("cannot have a write-ahead log on its file system");
    database.run("PRAGMA synchronous=FULL"); // each commit is on the disk before it is acknowledged
    sqlite::transaction first(database);
    check_owner(database); // again: another process may have been here
    const bool is_new = is_empty(database);
    if (is_new)
        make_tables(database);
    first.commit();
    if (const auto found = database.text("PRAGMA quick_check(1)"); found != "ok")
        throw database.failure("is damaged: " + found);
    return is_new;
}

bool set_up_unlocked(sqlite::connection& database)
{
    const auto latest = std::chrono::steady_clock::now() + start_patience;
    for (;;) {
        try {
            return set_up(database);
        } catch (const sqlite::error& problem) {
            if (!problem.is_locked() || std::chrono::steady_clock::now() > latest)
                throw;
        }
        std::this_thread::sleep_for(start_pause);
    }
}

} // namespace

account_writer::account_writer(const std::filesystem::path& file)
    : database_(file),
      is_new_(set_up_unlocked(database_)),
      insert_(database_, "INSERT INTO accounts(id, name) VALUES(?1, ?2) ON CONFLICT DO NOTHING"),
      update_(database_, "UPDATE accounts SET name = ?2 WHERE id = ?1"),
      take_number_(database_, "UPDATE next_id SET value = value + 1 RETURNING value - 1")
{
}

std::vector<write_outcome> account_writer::commit(const std::vector<write_order>& orders)
{
    std::vector<write_outcome> outcomes;
    sqlite::transaction all(database_);
    for (const auto& order : orders)
        outcomes.push_back(carry_out(order));
    all.commit();
    return outcomes;
}

write_outcome account_writer::carry_out(const write_order& order)
{
    return order.what == write_order::kind::add ? add(order.wanted) : replace(order.wanted);
}

write_outcome account_writer::add(account wanted)
{
    if (!wanted.id.empty()) {
        const bool is_new = insert(wanted);
        return {is_new ? write_outcome::kind::done : write_outcome::kind::exists, std::move(wanted)};
    }
    do // somebody may have taken that number by hand
        wanted.id = next_id();
    while (!insert(wanted));
    return {write_outcome::kind::done, std::move(wanted)};
}

write_outcome account_writer::replace(account wanted)
{
    update_.bind(1, wanted.id);
    update_.bind(2, wanted.name);
    update_.run();
    const bool is_there = database_.changes() > 0;
    return {is_there ? write_outcome::kind::done : write_outcome::kind::unknown, std::move(wanted)};
}

bool account_writer::insert(const account& one)
{
    insert_.bind(1, one.id);
    insert_.bind(2, one.name);
    insert_.run();
    return database_.changes() > 0;
}

std::string account_writer::next_id()
{
    const bool is_there = take_number_.step();
    auto number = std::to_string(is_there ? take_number_.number(0) : 0);
    while (take_number_.step()) {
    }
    take_number_.reset();
    if (!is_there)
        throw database_.failure("is damaged: it has no next ID");
    return number;
}

account_reader::account_reader(const std::filesystem::path& file)
    : database_(file), select_(database_, "SELECT name FROM accounts WHERE id = ?1")
{
    database_.run("PRAGMA query_only=ON");
}

std::vector<std::optional<account>> account_reader::find(const std::vector<std::string>& ids)
{
    const bool is_several = ids.size() > 1; // one statement is a transaction of its own
    std::vector<std::optional<account>> found;
    if (is_several)
        database_.run("BEGIN");
    try {
        for (const auto& id : ids)
            found.push_back(find_one(id));
    } catch (...) {
        if (database_.is_in_transaction())
            database_.run("ROLLBACK");
        throw;
    }
    if (is_several)
        database_.run("COMMIT");
    return found;
}

std::optional<account> account_reader::find_one(const std::string& id)
{
    select_.bind(1, id);
    std::optional<account> found;
    if (select_.step())
        found = account{id, std::string(select_.text(0))};
    select_.reset();
    return found;
}

} // namespace accounts
