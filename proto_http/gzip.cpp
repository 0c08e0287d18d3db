#include "proto_http/gzip.hpp"

#include "proto_http/fields.hpp"
#include "proto_http/preferences.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <new>
#include <stdexcept>

#include <zlib.h>

namespace proto_http {
namespace {

// zlib's manual: 15 bits of window, and 16 more for a gzip header.
constexpr int gzip_window = 15 + 16;
constexpr int usual_memory = 8;

constexpr std::size_t room_bytes = 16 * 1024;
/// zlib counts what it is given in 32 bits.
constexpr std::size_t most_at_once = std::size_t{1} << 30;

} // namespace

struct gzip_stream::impl {
    impl()
    {
        if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, gzip_window, usual_memory, Z_DEFAULT_STRATEGY) != Z_OK)
            throw std::bad_alloc();
    }
    impl(const impl&) = delete;
    impl& operator=(const impl&) = delete;
    ~impl() { deflateEnd(&stream); }

    void run(std::string_view piece, int flush, std::string& packed)
    {
        std::array<Bytef, room_bytes> room; // NOLINT(cppcoreguidelines-pro-type-member-init): zlib writes it
        // zlib does not write to its input.
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
        stream.avail_in = static_cast<uInt>(piece.size());
        do {
            stream.next_out = room.data();
            stream.avail_out = static_cast<uInt>(room.size());
            if (deflate(&stream, flush) == Z_STREAM_ERROR)
                throw std::logic_error("gzip: the stream has ended");
            packed.append(reinterpret_cast<const char*>(room.data()), room.size() - stream.avail_out);
        } while (stream.avail_out == 0);
    }

    z_stream stream{};
};

gzip_stream::gzip_stream() : impl_(std::make_unique<impl>()) {}
gzip_stream::gzip_stream(gzip_stream&&) noexcept = default;
gzip_stream& gzip_stream::operator=(gzip_stream&&) noexcept = default;
gzip_stream::~gzip_stream() = default;

void gzip_stream::add(std::string_view piece, std::string& packed)
{
    while (!piece.empty()) {
        const auto now = piece.substr(0, most_at_once);
        impl_->run(now, Z_NO_FLUSH, packed);
        piece.remove_prefix(now.size());
    }
}

void gzip_stream::finish(std::string& packed)
{
    impl_->run({}, Z_FINISH, packed);
}

bool accepts_gzip(std::string_view accept_encoding)
{
    const auto choices = preferences(accept_encoding);
    const auto find = [&](std::string_view coding) {
        return std::ranges::find_if(choices, [&](const auto& one) { return equal_ignoring_case(one.what, coding); });
    };
    // What is named goes before what `*` says of all others.
    for (const auto* const coding : {"gzip", "x-gzip", "*"})
        if (const auto found = find(coding); found != choices.end())
            return found->weight > 0;
    return false;
}

std::string gzip(std::string_view text)
{
    std::string packed;
    gzip_stream stream;
    stream.add(text, packed);
    stream.finish(packed);
    return packed;
}

} // namespace proto_http
