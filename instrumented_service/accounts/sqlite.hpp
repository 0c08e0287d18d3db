#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

/// What is used of SQLite, with errors that name the file.
namespace accounts::sqlite {

/// `what()` is one line: the file, and what is wrong with it.
class error : public std::runtime_error {
public:
    error(const std::string& what, int code) : std::runtime_error(what), code_(code) {}

    /// Whether somebody else had the database locked for too long.
    [[nodiscard]] bool is_locked() const noexcept;

private:
    int code_; ///< SQLite's own result code
};

/// A database file that is open. One thread at a time.
class connection {
public:
    /// Opens the file, which is made where it does not exist.
    /// @throws error
    explicit connection(const std::filesystem::path& file);

    /// Runs SQL that gives no rows of interest. @throws error
    void run(std::string_view sql);

    /// The number in the first row's first column. @throws error
    [[nodiscard]] std::int64_t number(std::string_view sql);
    /// The text in the first row's first column. @throws error
    [[nodiscard]] std::string text(std::string_view sql);

    /// Rows that the last statement changed.
    [[nodiscard]] int changes() const;
    [[nodiscard]] bool is_in_transaction() const;
    [[nodiscard]] bool is_read_only() const;

    /// An error about this file.
    [[nodiscard]] error failure(const std::string& what, int code = 0) const;
    /// @throws error  always: what SQLite says of its last call
    [[noreturn]] void fail(int code) const;

    [[nodiscard]] sqlite3* handle() const { return handle_.get(); }

private:
    struct closer {
        void operator()(sqlite3* open) const noexcept;
    };

    std::filesystem::path file_;
    std::unique_ptr<sqlite3, closer> handle_;
};

/// A prepared statement. Must not outlive its connection.
class statement {
public:
    /// @throws error
    statement(connection& on, std::string_view sql);

    /// The text must be there until `reset`. Counted from 1.
    void bind(int parameter, std::string_view value);
    void bind(int parameter, std::int64_t value);

    /// @return whether there is a row
    /// @throws error
    bool step();

    /// Of the row, until the next `step` or `reset`. Counted from 0.
    [[nodiscard]] std::string_view text(int column) const;
    [[nodiscard]] std::int64_t number(int column) const;

    /// Makes it ready for the next run.
    void reset() noexcept;

    /// Runs it to its end and makes it ready for the next run. @throws error
    void run();

private:
    struct finalizer {
        void operator()(sqlite3_stmt* prepared) const noexcept;
    };

    connection& on_;
    std::unique_ptr<sqlite3_stmt, finalizer> prepared_;
};

/// BEGIN IMMEDIATE … COMMIT; what is not committed is rolled back.
class transaction {
public:
    /// @throws error
    explicit transaction(connection& on);
    transaction(const transaction&) = delete;
    transaction& operator=(const transaction&) = delete;
    ~transaction();

    /// When this returns, what was done survives a crash. @throws error
    void commit();

private:
    connection& on_;
};

} // namespace accounts::sqlite
