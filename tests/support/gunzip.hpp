#pragma once

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>

#include <zlib.h>

namespace support {

/// What is in a gzip stream. Throws if it is none, or not a whole one.
[[nodiscard]] inline std::string gunzip(std::string_view packed)
{
    z_stream stream{};
    if (inflateInit2(&stream, 15 + 16) != Z_OK) // zlib's manual: a gzip header
        throw std::runtime_error("no memory for zlib");
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data())); // zlib only reads it
    stream.avail_in = static_cast<uInt>(packed.size());
    std::string text;
    int result = Z_OK;
    while (result == Z_OK) {
        std::array<char, 4096> room{};
        stream.next_out = reinterpret_cast<Bytef*>(room.data());
        stream.avail_out = static_cast<uInt>(room.size());
        result = inflate(&stream, Z_NO_FLUSH);
        text.append(room.data(), room.size() - stream.avail_out);
    }
    const bool is_whole = result == Z_STREAM_END && stream.avail_in == 0;
    inflateEnd(&stream);
    if (!is_whole)
        throw std::runtime_error("not a whole gzip stream");
    return text;
}

} // namespace support
