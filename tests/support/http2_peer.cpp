#include "tests/support/http2_peer.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>

#include <nghttp2/nghttp2.h>

namespace support {
namespace {

void require(int outcome)
{
    if (outcome < 0)
        throw std::runtime_error(nghttp2_strerror(outcome));
}

/// Views into `fields`.
std::vector<nghttp2_nv> as_pairs(const http2_peer::field_list& fields)
{
    const auto bytes = [](const std::string& text) {
        return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
    };
    std::vector<nghttp2_nv> pairs;
    for (const auto& [name, value] : fields)
        pairs.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    return pairs;
}

std::string text(const std::uint8_t* bytes, std::size_t length)
{
    return {reinterpret_cast<const char*>(bytes), length};
}

} // namespace

struct http2_peer::impl {
    struct answer {
        std::string bytes;
        std::size_t sent = 0;
        bool ends = false;
        std::optional<field_list> trailers;
    };

    ~impl() { nghttp2_session_del(session); }

    ssize_t read(stream_id id, std::uint8_t* into, std::size_t room, std::uint32_t& flags)
    {
        auto& own = answers[id];
        const auto count = std::min(room, own.bytes.size() - own.sent);
        std::copy_n(own.bytes.data() + own.sent, count, into);
        own.sent += count;
        if (own.sent < own.bytes.size())
            return static_cast<ssize_t>(count);
        own.bytes.clear();
        own.sent = 0;
        if (own.trailers) {
            flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
            const auto pairs = as_pairs(*own.trailers);
            nghttp2_submit_trailer(session, id, pairs.data(), pairs.size());
        } else if (own.ends) {
            flags |= NGHTTP2_DATA_FLAG_EOF;
        } else if (count == 0) {
            return NGHTTP2_ERR_DEFERRED;
        }
        return static_cast<ssize_t>(count);
    }

    http2_peer* owner = nullptr;
    nghttp2_session* session = nullptr;
    std::map<stream_id, answer> answers;
};

namespace {

http2_peer::impl& self(void* user_data)
{
    return *static_cast<http2_peer::impl*>(user_data);
}

} // namespace

http2_peer::http2_peer(std::uint32_t window_bytes) : impl_(std::make_unique<impl>())
{
    impl_->owner = this;
    nghttp2_session_callbacks* callbacks = nullptr;
    require(nghttp2_session_callbacks_new(&callbacks));
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_length,
                      const std::uint8_t* value, std::size_t value_length, std::uint8_t, void* user_data) {
            self(user_data).owner->requests[frame->hd.stream_id].fields.emplace_back(text(name, name_length),
                                                                                     text(value, value_length));
            return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, [](nghttp2_session*, std::uint8_t,
                                                                            std::int32_t id, const std::uint8_t* bytes,
                                                                            std::size_t length, void* user_data) {
        self(user_data).owner->requests[id].body += text(bytes, length);
        return 0;
    });
    nghttp2_session_callbacks_set_on_frame_recv_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
            auto& known = self(user_data).owner->requests;
            const bool has_body = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
            if (has_body && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
                known[frame->hd.stream_id].has_ended = true;
            if (frame->hd.type == NGHTTP2_RST_STREAM)
                known[frame->hd.stream_id].reset = frame->rst_stream.error_code;
            return 0;
        });
    const auto outcome = nghttp2_session_server_new(&impl_->session, callbacks, impl_.get());
    nghttp2_session_callbacks_del(callbacks);
    require(outcome);
    const nghttp2_settings_entry settings[]{{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window_bytes},
                                            {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, most_streams}};
    require(nghttp2_submit_settings(impl_->session, NGHTTP2_FLAG_NONE, settings, std::size(settings)));
}

http2_peer::~http2_peer() = default;

bool http2_peer::receive(std::string_view bytes)
{
    const auto* const data = reinterpret_cast<const std::uint8_t*>(bytes.data());
    return nghttp2_session_mem_recv(impl_->session, data, bytes.size()) >= 0;
}

std::string http2_peer::take_output()
{
    std::string output;
    const std::uint8_t* piece = nullptr;
    for (ssize_t length = 0; (length = nghttp2_session_mem_send(impl_->session, &piece)) > 0;)
        output += text(piece, static_cast<std::size_t>(length));
    return output;
}

void http2_peer::head(stream_id id, const field_list& fields, unsigned status)
{
    field_list all{{":status", std::to_string(status)}};
    all.insert(all.end(), fields.begin(), fields.end());
    impl_->answers[id] = {};
    nghttp2_data_provider provider{};
    provider.read_callback = [](nghttp2_session*, std::int32_t stream, std::uint8_t* into, std::size_t room,
                                std::uint32_t* flags, nghttp2_data_source*,
                                void* user_data) { return self(user_data).read(stream, into, room, *flags); };
    const auto pairs = as_pairs(all);
    require(nghttp2_submit_response(impl_->session, id, pairs.data(), pairs.size(), &provider));
}

void http2_peer::head_and_end(stream_id id, const field_list& fields, unsigned status)
{
    field_list all{{":status", std::to_string(status)}};
    all.insert(all.end(), fields.begin(), fields.end());
    const auto pairs = as_pairs(all);
    require(nghttp2_submit_response(impl_->session, id, pairs.data(), pairs.size(), nullptr));
}

void http2_peer::data(stream_id id, std::string_view bytes)
{
    impl_->answers[id].bytes += bytes;
    nghttp2_session_resume_data(impl_->session, id);
}

void http2_peer::trailers(stream_id id, const field_list& fields)
{
    impl_->answers[id].trailers = fields;
    nghttp2_session_resume_data(impl_->session, id);
}

void http2_peer::end(stream_id id)
{
    impl_->answers[id].ends = true;
    nghttp2_session_resume_data(impl_->session, id);
}

void http2_peer::reset(stream_id id, std::uint32_t code)
{
    require(nghttp2_submit_rst_stream(impl_->session, NGHTTP2_FLAG_NONE, id, code));
}

void http2_peer::go_away(std::uint32_t code, stream_id last)
{
    require(nghttp2_submit_goaway(impl_->session, NGHTTP2_FLAG_NONE, last, code, nullptr, 0));
}

std::size_t http2_peer::waiting(stream_id id) const
{
    const auto& own = impl_->answers.at(id);
    return own.bytes.size() - own.sent;
}

} // namespace support
