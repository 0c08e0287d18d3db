#include "proto_http/body_decoder.hpp"

#include "tests/fuzz/fuzz_input.hpp"

#include <sstream>
#include <string>

namespace {

using proto_http::body_decoder;

struct decoded {
    std::string body;
    std::string behind; ///< the end of the body
    bool is_bad = false;
    bool is_done = false;
    std::uint64_t announced = 0;

    friend bool operator==(const decoded&, const decoded&) = default;
};

decoded decode(body_decoder decoder, const fuzz::piece_list& pieces)
{
    decoded all;
    for (auto piece : pieces) {
        while (true) {
            const auto taken = decoder.take(piece);
            if (!taken) {
                all.is_bad = true;
                return all;
            }
            if (taken->empty())
                break;
            all.body += *taken;
        }
        fuzz::require(piece.empty() || decoder.is_done(), "everything before the end is taken");
        all.behind += piece;
    }
    all.is_done = decoder.is_done();
    all.announced = decoder.announced();
    return all;
}

decoded decode_in_any_pieces(const body_decoder& decoder, std::string_view bytes, const fuzz::cuts& cut)
{
    const auto whole = decode(decoder, {bytes});
    fuzz::require(decode(decoder, cut(bytes)) == whole, "cuts make no difference");
    fuzz::require(decode(decoder, fuzz::cuts::at_every_byte()(bytes)) == whole, "single bytes make no difference");
    return whole;
}

void decode_length(std::string_view bytes, std::size_t length, const fuzz::cuts& cut)
{
    const auto all = decode_in_any_pieces(body_decoder::of_length(length), bytes, cut);
    fuzz::require(!all.is_bad, "a body of known length has no framing to be bad");
    fuzz::require(all.body == bytes.substr(0, length), "a body of known length is the first bytes");
    fuzz::require(all.behind == bytes.substr(all.body.size()), "and what is behind them is not");
    fuzz::require(all.is_done == (bytes.size() >= length), "it ends with the last one");
    fuzz::require(all.announced == length - all.body.size(), "what is missing is known");
}

void decode_until_close(std::string_view bytes, const fuzz::cuts& cut)
{
    const auto all = decode_in_any_pieces(body_decoder::until_close(), bytes, cut);
    fuzz::require(!all.is_bad && !all.is_done && all.body == bytes, "until the end, everything is the body");
}

void decode_chunks(std::string_view bytes, const fuzz::cuts& cut)
{
    const auto all = decode_in_any_pieces(body_decoder::chunked(), bytes, cut);
    fuzz::require(all.body.size() + all.behind.size() <= bytes.size(), "nothing comes from nowhere");
    fuzz::require(bytes.ends_with(all.behind), "what is behind the end is as it came");
    fuzz::require(!all.is_done || all.announced == 0, "a body that has ended announces nothing");
}

/// Any content, put into chunks, comes out again.
void decode_own_chunks(std::string_view content, const fuzz::cuts& cut)
{
    std::ostringstream chunks;
    chunks << std::hex;
    for (const auto chunk : cut(content))
        chunks << chunk.size() << (chunk.size() % 2 == 0 ? "\r\n" : ";name=value\r\n") << chunk << "\r\n";
    chunks << "0\r\nX-Digest: value\r\n\r\n";
    const auto all = decode_in_any_pieces(body_decoder::chunked(), chunks.str() + "behind", cut);
    fuzz::require(all.is_done && all.body == content && all.behind == "behind", "chunks hold what was put into them");
}

} // namespace

/// A length, four cuts, the bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    fuzz::input input(data, size);
    const std::size_t length = input.byte();
    const auto cut = fuzz::cuts::from(input);
    const auto bytes = input.rest();

    decode_length(bytes, length, cut);
    decode_until_close(bytes, cut);
    decode_chunks(bytes, cut);
    decode_own_chunks(bytes, cut);
    return 0;
}
