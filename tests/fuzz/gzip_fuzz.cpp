#include "proto_http/gzip.hpp"

#include "tests/fuzz/fuzz_input.hpp"
#include "tests/support/gunzip.hpp"

#include <string>

namespace {

/// What zlib promises of its quickest level (deflateBound, zlib 1.2.13, with 18 bytes for gzip).
std::size_t most_packed_bytes(std::size_t bytes)
{
    return bytes + (bytes >> 12U) + (bytes >> 14U) + (bytes >> 25U) + 13 - 6 + 18;
}

std::string packed_in_pieces(const fuzz::piece_list& pieces)
{
    proto_http::gzip_stream stream;
    std::string packed;
    for (const auto piece : pieces)
        stream.add(piece, packed);
    stream.finish(packed);
    return packed;
}

} // namespace

/// How often it is repeated, four cuts, a text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    constexpr unsigned most_repeats = 32;
    fuzz::input input(data, size);
    const auto repeats = 1U + input.byte() % most_repeats;
    const auto cut = fuzz::cuts::from(input);
    std::string text;
    for (unsigned time = 0; time < repeats; ++time)
        text.append(input.rest());

    const auto packed = proto_http::gzip(text);
    fuzz::require(support::gunzip(packed) == text, "what was packed comes out again");
    fuzz::require(packed.size() <= most_packed_bytes(text.size()), "and hardly grows in between");
    fuzz::require(support::gunzip(packed_in_pieces(cut(text))) == text, "cuts make no difference");
    fuzz::require(packed_in_pieces({text}) == packed, "one piece is the whole");
    return 0;
}
