#include "agent/shell/gzip.hpp"

#include <algorithm>
#include <cctype>
#include <limits>
#include <stdexcept>

#include <zlib.h>

namespace agent::shell {
namespace {

// zlib's manual: 15 bits of window, and 16 more for a gzip header.
constexpr int gzip_window = 15 + 16;
constexpr int usual_memory = 8;

std::string_view trimmed(std::string_view text)
{
    constexpr std::string_view blanks = " \t";
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// `;q=0`, `; q=0.0`
bool is_refused(std::string_view parameters)
{
    const auto weight = parameters.find("q=");
    if (weight == std::string_view::npos)
        return false;
    return trimmed(parameters.substr(weight + 2)).find_first_not_of("0.") == std::string_view::npos;
}

bool is_gzip(std::string_view coding)
{
    std::string lower(coding);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return lower == "gzip" || lower == "x-gzip" || lower == "*";
}

} // namespace

bool accepts_gzip(std::string_view accept_encoding)
{
    while (!accept_encoding.empty()) {
        const auto entry = accept_encoding.substr(0, accept_encoding.find(','));
        accept_encoding.remove_prefix(std::min(entry.size() + 1, accept_encoding.size()));
        const auto semicolon = std::min(entry.find(';'), entry.size());
        if (is_gzip(trimmed(entry.substr(0, semicolon))))
            return !is_refused(entry.substr(semicolon));
    }
    return false;
}

std::string gzip(std::string_view text)
{
    z_stream stream{};
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, gzip_window, usual_memory, Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::bad_alloc();
    std::string packed(deflateBound(&stream, text.size()), '\0');
    // zlib does not write to its input; a list of targets is far below the 4 GiB that it takes at once.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    const auto result = deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    if (result != Z_STREAM_END)
        throw std::runtime_error("gzip failed");
    return packed;
}

} // namespace agent::shell
