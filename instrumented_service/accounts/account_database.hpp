#pragma once

#include "instrumented_service/accounts/account.hpp"
#include "instrumented_service/accounts/sqlite.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace accounts {

/// What is to be written.
struct write_order {
    enum class kind {
        add,     ///< an account that is not there yet; without ID it gets the next free number
        replace, ///< the name of an account that is there
    };

    kind what = kind::add;
    account wanted;
};

/// What became of it.
struct write_outcome {
    enum class kind { done, exists, unknown };

    kind what = kind::done;
    account written; ///< as it is now, where it was done

    friend bool operator==(const write_outcome&, const write_outcome&) = default;
};

/// The accounts' file, for writing: a SQLite database with a write-ahead log, synchronised at each commit.
///
/// Several processes may have the same file open. Each waits up to 2 s for the others' transactions.
class account_writer {
public:
    /// Opens the file. A new one is given its tables and the accounts 10000 to 10099, all or nothing.
    ///
    /// @throws sqlite::error  for what cannot be opened, is damaged, or is something else
    explicit account_writer(const std::filesystem::path& file);

    /// Carries all orders out in one transaction, in their order. When this returns they survive a crash; when it
    /// throws none was carried out.
    ///
    /// @throws sqlite::error  the next call may succeed
    [[nodiscard]] std::vector<write_outcome> commit(const std::vector<write_order>& orders);

    /// Whether the file was new.
    [[nodiscard]] bool is_new() const { return is_new_; }

private:
    write_outcome carry_out(const write_order& order);
    write_outcome add(account wanted);
    write_outcome replace(account wanted);
    bool insert(const account& one);
    std::string next_id();

    sqlite::connection database_;
    bool is_new_;
    sqlite::statement insert_;
    sqlite::statement update_;
    sqlite::statement take_number_;
};

/// The same file for reading, which waits for no writer.
class account_reader {
public:
    /// @param file  that an `account_writer` has opened before
    /// @throws sqlite::error
    explicit account_reader(const std::filesystem::path& file);

    /// The accounts of those IDs in the same order, all as they were at one moment; nothing for those that are not
    /// there.
    /// @throws sqlite::error
    [[nodiscard]] std::vector<std::optional<account>> find(const std::vector<std::string>& ids);

private:
    std::optional<account> find_one(const std::string& id);

    sqlite::connection database_;
    sqlite::statement select_;
};

} // namespace accounts
