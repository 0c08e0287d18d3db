#include "proto_http/http2_session.hpp"

#include "proto_http/errc.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <new>
#include <set>
#include <utility>

#include <nghttp2/nghttp2.h>

namespace proto_http {
namespace {

// RFC 9113 §6.5.2: what a field costs beside its bytes.
constexpr std::size_t field_overhead = 32;

template <auto Delete>
struct deleter {
    template <class Handle>
    void operator()(Handle* handle) const
    {
        Delete(handle);
    }
};
using session_handle = std::unique_ptr<nghttp2_session, deleter<nghttp2_session_del>>;
using callbacks_handle = std::unique_ptr<nghttp2_session_callbacks, deleter<nghttp2_session_callbacks_del>>;

std::string_view view(const std::uint8_t* bytes, std::size_t length)
{
    return {reinterpret_cast<const char*>(bytes), length};
}

nghttp2_nv field(std::string_view name, std::string_view value)
{
    // nghttp2 copies them, but takes them as not const.
    const auto bytes = [](std::string_view text) {
        return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
    };
    return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

/// Out of memory is the one thing that nghttp2's set-up calls fail for.
void require(int outcome)
{
    if (outcome != 0)
        throw std::bad_alloc();
}

} // namespace

struct http2_session::impl {
    struct stream {
        http2_answer answer;
        std::string request;
        std::size_t sent = 0;
        std::size_t head_bytes = 0;
    };

    explicit impl(http2_limits bounds);

    stream* find(stream_id id);
    void refuse(stream_id id, stream& refused, errc why);

    // What nghttp2 tells, and asks for.
    void on_header(stream_id id, std::string_view name, std::string_view value);
    void on_data(stream_id id, std::string_view bytes);
    void on_close(stream_id id, std::uint32_t code);
    ssize_t read_request(stream_id id, std::uint8_t* into, std::size_t room, std::uint32_t& flags);

    http2_limits limits;
    std::map<stream_id, stream> streams;
    std::set<stream_id> changed;
    bool is_broken = false; ///< the server is no peer for us, and it was told, where it could be
    session_handle session;
};

namespace {

http2_session::impl& self(void* user_data)
{
    return *static_cast<http2_session::impl*>(user_data);
}

callbacks_handle make_callbacks()
{
    nghttp2_session_callbacks* made = nullptr;
    require(nghttp2_session_callbacks_new(&made));
    callbacks_handle callbacks(made);
    nghttp2_session_callbacks_set_on_header_callback(
        made, [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_length,
                 const std::uint8_t* value, std::size_t value_length, std::uint8_t, void* user_data) {
            self(user_data).on_header(frame->hd.stream_id, view(name, name_length), view(value, value_length));
            return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, [](nghttp2_session*, std::uint8_t, std::int32_t id,
                                                                       const std::uint8_t* bytes, std::size_t length,
                                                                       void* user_data) {
        self(user_data).on_data(id, view(bytes, length));
        return 0;
    });
    nghttp2_session_callbacks_set_on_frame_send_callback(
        made, [](nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
            // We never say so ourselves: nghttp2 does when the server broke the rules, and waits for nothing after it.
            if (frame->hd.type == NGHTTP2_GOAWAY)
                self(user_data).is_broken = true;
            return 0;
        });
    nghttp2_session_callbacks_set_on_stream_close_callback(
        made, [](nghttp2_session*, std::int32_t id, std::uint32_t code, void* user_data) {
            self(user_data).on_close(id, code);
            return 0;
        });
    return callbacks;
}

} // namespace

http2_session::impl::impl(http2_limits bounds) : limits(bounds)
{
    nghttp2_session* made = nullptr;
    require(nghttp2_session_client_new(&made, make_callbacks().get(), this));
    session.reset(made);
    const auto window = static_cast<std::int32_t>(limits.window_bytes);
    const nghttp2_settings_entry settings[]{{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                                            {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.window_bytes}};
    require(nghttp2_submit_settings(made, NGHTTP2_FLAG_NONE, settings, std::size(settings)));
    require(nghttp2_session_set_local_window_size(made, NGHTTP2_FLAG_NONE, 0, window)); // of the connection
}

http2_session::impl::stream* http2_session::impl::find(stream_id id)
{
    const auto found = streams.find(id);
    return found == streams.end() ? nullptr : &found->second;
}

/// Gives up on an answer, whatever else it may bring.
void http2_session::impl::refuse(stream_id id, stream& refused, errc why)
{
    if (refused.answer.end)
        return;
    refused.answer.end = why;
    changed.insert(id);
    nghttp2_submit_rst_stream(session.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
}

void http2_session::impl::on_header(stream_id id, std::string_view name, std::string_view value)
{
    auto* const known = find(id);
    if (!known)
        return;
    known->head_bytes += name.size() + value.size() + field_overhead;
    if (known->head_bytes > limits.head_bytes)
        return refuse(id, *known, errc::head_too_large);
    changed.insert(id);
    if (name != ":status") {
        known->answer.fields.emplace_back(name, value);
        return;
    }
    // nghttp2 has checked that it is a number of three digits.
    std::from_chars(value.data(), value.data() + value.size(), known->answer.status);
}

void http2_session::impl::on_data(stream_id id, std::string_view bytes)
{
    auto* const known = find(id);
    if (!known || known->answer.end)
        return;
    if (known->answer.body.size() + bytes.size() > limits.body_bytes)
        return refuse(id, *known, errc::body_too_large);
    known->answer.body.append(bytes);
    changed.insert(id);
}

void http2_session::impl::on_close(stream_id id, std::uint32_t code)
{
    auto* const known = find(id);
    if (!known)
        return;
    known->answer.has_ended = true;
    if (!known->answer.end && code != NGHTTP2_NO_ERROR)
        known->answer.end = errc::stream_reset;
    changed.insert(id);
}

ssize_t http2_session::impl::read_request(stream_id id, std::uint8_t* into, std::size_t room, std::uint32_t& flags)
{
    auto* const known = find(id);
    if (!known)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; // forgotten before it was sent
    const auto piece = std::string_view(known->request).substr(known->sent, room);
    std::copy(piece.begin(), piece.end(), into);
    known->sent += piece.size();
    if (known->sent == known->request.size())
        flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(piece.size());
}

http2_session::http2_session(http2_limits limits) : impl_(std::make_unique<impl>(limits)) {}
http2_session::http2_session(http2_session&&) noexcept = default;
http2_session& http2_session::operator=(http2_session&&) noexcept = default;
http2_session::~http2_session() = default;

result<http2_session::stream_id> http2_session::post(std::string_view authority, std::string_view path,
                                                     const field_list& fields, std::string body)
{
    std::vector<nghttp2_nv> head{field(":method", "POST"), field(":scheme", "https"), field(":path", path),
                                 field(":authority", authority)};
    for (const auto& [name, value] : fields)
        head.push_back(field(name, value));

    nghttp2_data_provider provider{};
    provider.read_callback = [](nghttp2_session*, std::int32_t id, std::uint8_t* into, std::size_t room,
                                std::uint32_t* flags, nghttp2_data_source*,
                                void* user_data) { return self(user_data).read_request(id, into, room, *flags); };
    auto* const session = impl_->session.get();
    if (nghttp2_session_check_request_allowed(session) == 0)
        return make_error_code(errc::closed_early);
    const auto id = nghttp2_submit_request(session, nullptr, head.data(), head.size(), &provider, nullptr);
    if (id < 0)
        return make_error_code(errc::closed_early);
    impl_->streams[id].request = std::move(body);
    return id;
}

http2_answer* http2_session::find(stream_id id)
{
    auto* const known = impl_->find(id);
    return known ? &known->answer : nullptr;
}

void http2_session::forget(stream_id id)
{
    const auto found = impl_->streams.find(id);
    if (found == impl_->streams.end())
        return;
    if (!found->second.answer.has_ended && !found->second.answer.end)
        nghttp2_submit_rst_stream(impl_->session.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    impl_->streams.erase(found);
    impl_->changed.erase(id);
}

error_code http2_session::receive(std::string_view bytes)
{
    const auto* const data = reinterpret_cast<const std::uint8_t*>(bytes.data());
    const auto taken = nghttp2_session_mem_recv(impl_->session.get(), data, bytes.size());
    if (taken >= 0)
        return {};
    impl_->is_broken = true;
    return make_error_code(errc::bad_http2);
}

std::string http2_session::take_output()
{
    std::string output;
    const std::uint8_t* piece = nullptr;
    for (ssize_t length = 0; (length = nghttp2_session_mem_send(impl_->session.get(), &piece)) > 0;)
        output.append(view(piece, static_cast<std::size_t>(length)));
    return output;
}

std::optional<error_code> http2_session::over() const
{
    auto* const session = impl_->session.get();
    if (impl_->is_broken)
        return make_error_code(errc::bad_http2);
    if (nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0)
        return make_error_code(errc::closed_early);
    return std::nullopt;
}

std::vector<http2_session::stream_id> http2_session::take_changed()
{
    const auto ids = std::exchange(impl_->changed, {});
    return {ids.begin(), ids.end()};
}

} // namespace proto_http
