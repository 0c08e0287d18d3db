#include "tests/support/toxics.hpp"

#include <algorithm>
#include <cstdio>
#include <iterator>

namespace support {
namespace {

bool is_meant_for(const toxic& what, std::string_view path)
{
    if (what.path.ends_with("/*"))
        return path.starts_with(std::string_view(what.path).substr(0, what.path.size() - 1));
    return what.path.empty() || what.path == path;
}

std::string length_line(std::uint64_t length)
{
    return "Content-Length: " + std::to_string(length) + "\r\n";
}

/// Header lines that say how the body is framed.
std::string framing_lines(const toxic& how, std::size_t body_bytes)
{
    switch (how.framed) {
    case toxic::framing::length:
        return length_line(how.announced.value_or(body_bytes));
    case toxic::framing::chunked:
        return "Transfer-Encoding: chunked\r\n";
    case toxic::framing::until_close:
        break;
    }
    return {};
}

std::string framed(const std::string& body, const toxic& how)
{
    if (how.framed != toxic::framing::chunked)
        return body;
    return as_chunks(body, how.chunk_bytes, how.chunk_extension) + "0" + how.chunk_extension + "\r\n" + how.trailers +
           "\r\n";
}

} // namespace

toxic toxics::meet(std::string_view path)
{
    std::optional<toxic> met;
    for (auto& [what, count] : entries_) {
        if (!is_meant_for(what, path))
            continue;
        ++count;
        if (!met && count >= what.first && count <= what.last)
            met = what;
    }
    return met.value_or(toxic{});
}

std::string wire_text(const engine_answer& answer, std::string_view fields, const toxic& how, bool to_head)
{
    const auto status = how.status.value_or(answer.status);
    const auto body = how.body.value_or(answer.body);
    std::string text = how.interim + "HTTP/1.1 " + std::to_string(status) + " Scripted\r\n" + std::string(fields) +
                       "Content-Type: " + how.content_type.value_or(answer.content_type) + "\r\n";
    for (const auto& [name, value] : how.headers)
        text += name + ": " + value + "\r\n";
    text += framing_lines(how, body.size()) + "\r\n";
    if (!to_head)
        text += framed(body, how);
    return text;
}

std::string as_chunks(std::string_view bytes, std::size_t most, std::string_view extension)
{
    std::string chunks;
    while (!bytes.empty()) {
        const auto piece = bytes.substr(0, most);
        bytes.remove_prefix(piece.size());
        char size[20];
        const auto digits = std::snprintf(size, sizeof size, "%zx", piece.size());
        chunks.append(size, static_cast<std::size_t>(digits)).append(extension).append("\r\n");
        chunks.append(piece).append("\r\n");
    }
    return chunks;
}

std::vector<std::string> event_mangler::take(std::string record, event_toxics& how)
{
    if (how.mute)
        return {};
    if (how.lose > 0) {
        --how.lose;
        return {};
    }
    if (how.is_json_seq)
        record.insert(0, 1, '\x1e');
    waiting_.insert(waiting_.end(), how.copies, record);
    if (waiting_.size() < how.batch)
        return {};
    return rest(how);
}

std::vector<std::string> event_mangler::rest(const event_toxics& how)
{
    std::vector<std::string> bodies(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(waiting_.end()));
    waiting_.clear();
    if (how.is_reversed)
        std::ranges::reverse(bodies);
    if (!how.is_one_chunk || bodies.empty())
        return bodies;
    std::string all;
    for (const auto& body : bodies)
        all += body;
    return {all};
}

} // namespace support
