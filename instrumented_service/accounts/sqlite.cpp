#include "instrumented_service/accounts/sqlite.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

namespace accounts::sqlite {
namespace {

/// How long a statement waits for another process to let go of the database.
constexpr int busy_milliseconds = 2'000;

/// Why this process may not use a path; 0 where it may.
int access_error(const std::filesystem::path& path, int mode)
{
    return faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0 ? 0 : errno;
}

/// SQLite tries again for reading only, and then knows no more why it could not write.
std::string why_not_opened(const std::filesystem::path& file, int system_error)
{
    std::error_code ignored;
    const auto directory = std::filesystem::absolute(file, ignored).parent_path();
    if (std::filesystem::is_directory(file, ignored))
        return "is a directory";
    if (access_error(directory, F_OK) == ENOENT)
        return "cannot be opened: there is no directory " + directory.string();
    const bool is_there = access_error(file, F_OK) == 0;
    const auto refused = is_there ? access_error(file, R_OK | W_OK) : access_error(directory, W_OK | X_OK);
    const auto why = refused != 0 ? refused : system_error;
    return "cannot be opened" + (why == 0 ? std::string() : ": " + std::generic_category().message(why));
}

/// What a result code means for this file, for people.
std::string meaning(const std::filesystem::path& file, int code, int system_error, const std::string& words)
{
    switch (code & 0xFF) { // the primary code
    case SQLITE_CANTOPEN:
        return why_not_opened(file, system_error);
    case SQLITE_NOTADB:
        return "is not a SQLite database";
    case SQLITE_CORRUPT:
        return "is damaged: " + words;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return "is locked by another process";
    case SQLITE_READONLY:
        return "is read-only";
    case SQLITE_FULL:
        return "cannot be written: the disk is full";
    case SQLITE_IOERR:
        return "cannot be read or written: " +
               (system_error == 0 ? words : std::generic_category().message(system_error));
    default:
        return words;
    }
}

} // namespace

bool error::is_locked() const noexcept
{
    return (code_ & 0xFF) == SQLITE_BUSY || (code_ & 0xFF) == SQLITE_LOCKED;
}

void connection::closer::operator()(sqlite3* open) const noexcept
{
    sqlite3_close_v2(open);
}

connection::connection(const std::filesystem::path& file) : file_(file)
{
    // As an absolute path: a name such as ":memory:" would mean something else to SQLite.
    const auto path = std::filesystem::absolute(file);
    sqlite3* opened = nullptr;
    const auto code = sqlite3_open_v2(
        path.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
        nullptr);
    handle_.reset(opened);
    if (code != SQLITE_OK)
        fail(code);
    sqlite3_busy_timeout(opened, busy_milliseconds);
    if (is_read_only()) // SQLite opens it nonetheless
        throw failure("is read-only", SQLITE_READONLY);
}

void connection::run(std::string_view sql)
{
    const auto code = sqlite3_exec(handle(), std::string(sql).c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK)
        fail(code);
}

std::int64_t connection::number(std::string_view sql)
{
    statement asked(*this, sql);
    return asked.step() ? asked.number(0) : 0;
}

std::string connection::text(std::string_view sql)
{
    statement asked(*this, sql);
    return asked.step() ? std::string(asked.text(0)) : std::string();
}

int connection::changes() const
{
    return sqlite3_changes(handle());
}

bool connection::is_in_transaction() const
{
    return sqlite3_get_autocommit(handle()) == 0;
}

bool connection::is_read_only() const
{
    return sqlite3_db_readonly(handle(), "main") == 1;
}

error connection::failure(const std::string& what, int code) const
{
    auto line = file_.string() + ": " + what;
    std::ranges::replace(line, '\n', ' '); // a check's findings have several
    return {line, code};
}

void connection::fail(int code) const
{
    const auto* words = handle() != nullptr ? sqlite3_errmsg(handle()) : sqlite3_errstr(code);
    const auto system_error = handle() != nullptr ? sqlite3_system_errno(handle()) : 0;
    throw failure(meaning(file_, code, system_error, words), code);
}

void statement::finalizer::operator()(sqlite3_stmt* prepared) const noexcept
{
    sqlite3_finalize(prepared);
}

statement::statement(connection& on, std::string_view sql) : on_(on)
{
    sqlite3_stmt* made = nullptr;
    const auto code = sqlite3_prepare_v3(on.handle(), sql.data(), static_cast<int>(sql.size()),
                                         SQLITE_PREPARE_PERSISTENT, &made, nullptr);
    prepared_.reset(made);
    if (code != SQLITE_OK)
        on_.fail(code);
}

void statement::bind(int parameter, std::string_view value)
{
    const auto code =
        sqlite3_bind_text64(prepared_.get(), parameter, value.data(), value.size(), SQLITE_STATIC, SQLITE_UTF8);
    if (code != SQLITE_OK)
        on_.fail(code);
}

void statement::bind(int parameter, std::int64_t value)
{
    const auto code = sqlite3_bind_int64(prepared_.get(), parameter, value);
    if (code != SQLITE_OK)
        on_.fail(code);
}

bool statement::step()
{
    const auto code = sqlite3_step(prepared_.get());
    if (code == SQLITE_ROW)
        return true;
    if (code != SQLITE_DONE) {
        try {
            on_.fail(code);
        } catch (...) {
            reset(); // not before: it forgets what went wrong
            throw;
        }
    }
    return false;
}

std::string_view statement::text(int column) const
{
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(prepared_.get(), column)); // UTF-8
    return bytes == nullptr
               ? std::string_view{}
               : std::string_view(bytes, static_cast<std::size_t>(sqlite3_column_bytes(prepared_.get(), column)));
}

std::int64_t statement::number(int column) const
{
    return sqlite3_column_int64(prepared_.get(), column);
}

void statement::reset() noexcept
{
    sqlite3_reset(prepared_.get());
    sqlite3_clear_bindings(prepared_.get());
}

void statement::run()
{
    while (step()) {
    }
    reset();
}

transaction::transaction(connection& on) : on_(on)
{
    on_.run("BEGIN IMMEDIATE");
}

transaction::~transaction()
{
    // SQLite may have rolled back by itself, for example when the disk is full.
    if (on_.is_in_transaction())
        sqlite3_exec(on_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void transaction::commit()
{
    on_.run("COMMIT");
}

} // namespace accounts::sqlite
