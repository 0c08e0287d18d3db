#pragma once

#include "agent/core/events.hpp"
#include "agent/docker/api_version.hpp"
#include "proto_http/client.hpp"
#include "proto_http/line_framer.hpp"
#include "proto_http/result.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/assert/source_location.hpp>
#include <boost/system/system_error.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agent::docker {

/// Why a call gave no information, and a line for the log that names the call.
struct failure {
    proto_http::error_code code;
    std::string detail;
};

/// What `value()` does for an answer that has none.
[[noreturn]] inline void throw_exception_from_error(const failure& why, const boost::source_location&)
{
    throw boost::system::system_error(why.code, why.detail);
}

template <class T>
using answer = boost::system::result<T, failure>;

/// What a stream of events may bring.
struct stream_sink {
    std::function<void(core::hint)> on_hint;
    std::function<void()> on_loss; ///< a record was too long or no event: something happened, nobody knows what
};

/// `/events`, open and answered with 200.
class event_stream {
public:
    explicit event_stream(proto_http::response_stream stream) : stream_(std::move(stream)) {}

    /// Waits for the next bytes and hands what they complete to `sink`.
    ///
    /// @return the failure that ended the stream; an end that the engine announced is one, too
    [[nodiscard]] boost::asio::awaitable<answer<void>> read(const stream_sink& sink);

private:
    proto_http::response_stream stream_;
    proto_http::line_framer framer_;
};

/// The calls of the Docker Engine API that the agent makes: `GET` and `HEAD`, on `/_ping`, `/events`, `/services`,
/// `/tasks`, `/nodes`, `/networks` and `/containers/json`, and nothing else.
///
/// Every status but 200 is "no information", save a 404 for a single object, which says that it is gone. Source: Docker
/// Engine API v1.40 to v1.51.
///
/// One read at a time. The stream may be opened, `connect` and `events`, while a read is in progress: it has
/// connections of its own, and does not wait for a read that hangs.
class engine {
public:
    engine(boost::asio::any_io_executor executor, proto_http::origin where, std::optional<api_version> pinned,
           proto_http::client_limits limits = {});

    /// Asks for the engine's version and settles on one. To be done before each stream, since engines are upgraded
    /// under a running agent. A read may be under way: a stream does not wait for a list that hangs.
    [[nodiscard]] boost::asio::awaitable<answer<api_version>> connect();

    /// Subscribes to services, nodes and containers. Ready when the response's head is in: from there no change is
    /// missed.
    [[nodiscard]] boost::asio::awaitable<answer<event_stream>> events();

    /// All lists that `wanted` names, all or nothing.
    [[nodiscard]] boost::asio::awaitable<answer<core::snapshot>> everything(core::read_everything wanted);
    [[nodiscard]] boost::asio::awaitable<answer<core::containers_read>> containers();
    [[nodiscard]] boost::asio::awaitable<answer<std::vector<core::node>>> nodes();
    [[nodiscard]] boost::asio::awaitable<answer<core::networks_read>> networks();

    /// One object, or what it means that there is none.
    [[nodiscard]] boost::asio::awaitable<answer<core::service_read>> service(std::string id);
    [[nodiscard]] boost::asio::awaitable<answer<core::tasks_read>> tasks_of(std::string service_id);
    [[nodiscard]] boost::asio::awaitable<answer<core::task_read>> task(std::string id);
    [[nodiscard]] boost::asio::awaitable<answer<core::node_read>> node(std::string id);

    /// CPU time that decoding answers has taken so far: what lists cost here, whatever else is done while they come.
    [[nodiscard]] core::duration decoding_cpu() const noexcept { return decoding_cpu_; }

private:
    /// What a 404 is: of a list a failure, of a single object the answer that there is none.
    enum class absence { is_failure, is_answer };

    [[nodiscard]] boost::asio::awaitable<answer<api_version>> negotiate_over(proto_http::client& connection);
    [[nodiscard]] boost::asio::awaitable<answer<proto_http::response>> ping(proto_http::client& connection);
    /// Nothing for a 404 that is an answer; the body of a 200 goes to `sink`, if there is one.
    [[nodiscard]] boost::asio::awaitable<answer<std::optional<std::string>>> get(std::string path, absence when_404,
                                                                                 proto_http::body_sink sink);

    /// Gets and decodes; nothing for a 404 that is an answer.
    template <class Value>
    [[nodiscard]] boost::asio::awaitable<answer<std::optional<Value>>>
    read(std::string path, absence when_404, proto_http::result<Value> (*decode)(std::string));

    /// The same for a list, which is decoded as it arrives.
    template <class List>
    [[nodiscard]] boost::asio::awaitable<answer<std::optional<List>>> read_list(std::string path, absence when_404);

    /// An exchange that failed.
    [[nodiscard]] failure fail(proto_http::error_code code, std::string_view call) const;
    [[nodiscard]] boost::asio::awaitable<failure> explain(proto_http::client& connection, std::string call,
                                                          proto_http::response_head head, std::string body);
    [[nodiscard]] std::string advice_for(std::string_view call) const;
    [[nodiscard]] std::string versioned(std::string_view path) const;

    boost::asio::any_io_executor executor_;
    proto_http::origin where_;
    std::optional<api_version> pinned_;
    proto_http::client_limits limits_;
    proto_http::client reader_;          ///< for one read at a time
    proto_http::client opener_;          ///< for what comes before a stream, beside it
    std::optional<api_version> version_; ///< none: to be negotiated before the next call
    core::duration decoding_cpu_{};
};

} // namespace agent::docker
