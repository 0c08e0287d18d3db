#pragma once

#include "instrumented_service/accounts/account.hpp"
#include "instrumented_service/accounts/account_database.hpp"
#include "proto_http/doorbell.hpp"
#include "runtime/helper_thread.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/system/result.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace accounts {

/// Why the database could not be used this time, in one line that names the file.
struct store_failure {
    std::string why;
};

template <class T>
using store_result = boost::system::result<T, store_failure>;

/// The accounts, for coroutines. The database is used on two helper threads, one that writes and one that reads, so
/// that a read never waits for the disk to take what was written.
///
/// Writes that come while the disk is at work are committed together, by `run`.
class store {
public:
    /// Opens the database.
    /// @throws sqlite::error
    store(boost::asio::any_io_executor executor, const std::filesystem::path& file);

    /// Commits what is written, until cancelled. Writes wait for it: it must go on for as long as there may be any.
    [[nodiscard]] boost::asio::awaitable<void> run();

    /// Returns when the outcome is on the disk. A write whose waiting is cancelled may be carried out nonetheless.
    [[nodiscard]] boost::asio::awaitable<store_result<write_outcome>> write(write_order order);

    /// The accounts of those IDs, in that order. Shows every write that has returned.
    [[nodiscard]] boost::asio::awaitable<store_result<std::vector<std::optional<account>>>>
    find(std::vector<std::string> ids);

    /// Whether the file was new.
    [[nodiscard]] bool is_new() const { return writer_.is_new(); }

private:
    struct pending {
        pending(const boost::asio::any_io_executor& executor, write_order what) : order(std::move(what)), done(executor)
        {
        }

        write_order order;
        std::optional<store_result<write_outcome>> outcome;
        proto_http::doorbell done;
    };
    // Two owners: who waits for it and may be cancelled, and `run`.
    using queue = std::vector<std::shared_ptr<pending>>;

    boost::asio::awaitable<void> commit(queue batch);

    boost::asio::any_io_executor executor_;
    account_writer writer_;
    account_reader reader_;
    queue waiting_;
    proto_http::doorbell more_;
    // These end before what they work with.
    runtime::helper_thread writing_;
    runtime::helper_thread reading_;
};

} // namespace accounts
