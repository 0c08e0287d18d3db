#pragma once

#include <cstddef>
#include <cstdint>

namespace proto_http {

struct request;

/// What a monitor knows again of a request when it has been answered. The server only carries it.
struct request_start {
    std::uint64_t ticks = 0;         ///< of the monitor's own clock
    std::uint64_t request_bytes = 0; ///< of the body
    std::uint32_t slot = 0;          ///< the monitor's own
};

/// Told of the requests of one route, or of those that no route fits. The server calls it inline, on the reactor,
/// around the handler: no coroutine frame and no allocation of its own. Each `started` is followed by exactly one
/// `answered` or one `abandoned`.
class request_monitor {
public:
    virtual ~request_monitor() = default;

    /// The request has been read and its handler comes next.
    [[nodiscard]] virtual request_start started(const request& asked) noexcept = 0;

    /// The answer is about to be sent.
    ///
    /// @param response_bytes  of the body that is sent: 0 for HEAD
    virtual void answered(const request_start& start, unsigned status, std::size_t response_bytes) noexcept = 0;

    /// There will be no answer: the handler was cancelled.
    virtual void abandoned(const request_start& start) noexcept = 0;

    /// The answer could not be sent, or not all of it: the client has gone. Said after `answered`.
    virtual void unsent(const request_start& start) noexcept = 0;
};

/// One request as its monitor sees it. Whatever becomes of the coroutine, the monitor hears of the end.
class monitored_request {
public:
    /// @param by  nobody: nothing happens
    monitored_request(request_monitor* by, const request& asked)
        : by_(by), start_(by != nullptr ? by->started(asked) : request_start{})
    {
    }
    monitored_request(const monitored_request&) = delete;
    monitored_request& operator=(const monitored_request&) = delete;
    ~monitored_request()
    {
        if (by_ == nullptr)
            return;
        if (is_answered_)
            by_->unsent(start_);
        else
            by_->abandoned(start_);
    }

    void answered(unsigned status, std::size_t response_bytes) noexcept
    {
        is_answered_ = true;
        if (by_ != nullptr)
            by_->answered(start_, status, response_bytes);
    }

    void sent() noexcept { by_ = nullptr; }

private:
    request_monitor* by_;
    request_start start_;
    bool is_answered_ = false;
};

} // namespace proto_http
