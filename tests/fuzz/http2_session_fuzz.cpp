#include "proto_http/http2_session.hpp"

#include "proto_http/errc.hpp"
#include "tests/fuzz/fuzz_input.hpp"

#include <string>
#include <utility>

namespace {

using proto_http::http2_session;

constexpr proto_http::http2_limits limits{.window_bytes = 65'535, .head_bytes = 300, .body_bytes = 1000};

struct outcome {
    proto_http::http2_answer first;
    proto_http::http2_answer second;
    proto_http::error_code error;
};

void require_bounded(const proto_http::http2_answer& answer)
{
    std::size_t head = 0;
    for (const auto& [name, value] : answer.fields)
        head += name.size() + value.size();
    fuzz::require(head <= limits.head_bytes, "heads are within their limit");
    fuzz::require(answer.body.size() <= limits.body_bytes, "the body is within its limit");
    fuzz::require(!answer.has_ended || answer.end || answer.status >= 200, "an answer has a status");
}

/// What two requests bring, from a server that says anything.
outcome receive(const fuzz::piece_list& pieces)
{
    http2_session session(limits);
    const auto first = session.post("localhost", "/service/Method", {{"te", "trailers"}}, "request").value();
    const auto second = session.post("localhost", "/service/Other", {}, "").value();
    (void)session.take_output();
    outcome all;
    for (const auto piece : pieces) {
        all.error = session.receive(piece);
        require_bounded(*session.find(first));
        require_bounded(*session.find(second));
        if (all.error)
            break;
    }
    fuzz::require(!all.error || session.over(), "what is no HTTP/2 ends the connection");
    all.first = *session.find(first);
    all.second = *session.find(second);
    session.forget(first);
    fuzz::require(session.find(first) == nullptr, "what is forgotten is gone");
    fuzz::require(session.take_output().size() < 100'000, "answers to noise are few");
    return all;
}

bool operator==(const proto_http::http2_answer& left, const proto_http::http2_answer& right)
{
    return left.status == right.status && left.fields == right.fields && (left.end || left.body == right.body) &&
           left.has_ended == right.has_ended && left.end == right.end;
}

/// nghttp2 counts a CONTINUATION frame's head anew for each piece in which it comes, and takes nine for a flood.
void require_same(const outcome& cut, const outcome& whole, const char* property)
{
    fuzz::require((cut.error && !whole.error) ||
                      (cut.first == whole.first && cut.second == whole.second && cut.error == whole.error),
                  property);
}

} // namespace

/// Four cuts, a server's bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    fuzz::input input(data, size);
    const auto cut = fuzz::cuts::from(input);
    const auto bytes = input.rest();
    const auto whole = receive({bytes});
    require_same(receive(cut(bytes)), whole, "cuts make no difference");
    require_same(receive(fuzz::cuts::at_every_byte()(bytes)), whole, "single bytes make no difference");
    return 0;
}
