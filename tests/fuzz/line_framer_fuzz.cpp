#include "proto_http/line_framer.hpp"

#include "tests/fuzz/fuzz_input.hpp"

#include <string>

namespace {

struct framed {
    std::vector<std::string> records;
    std::size_t dropped = 0;

    friend bool operator==(const framed&, const framed&) = default;
};

framed frame(const fuzz::piece_list& pieces, std::size_t most_bytes)
{
    proto_http::line_framer framer(most_bytes);
    framed seen;
    for (const auto piece : pieces)
        framer.push(piece, [&seen](std::string_view record) { seen.records.emplace_back(record); });
    seen.dropped = framer.dropped();
    return seen;
}

/// What the header says, with all bytes at hand.
framed expected(std::string_view bytes, std::size_t most_bytes)
{
    framed all;
    for (;;) {
        const auto end = bytes.find_first_of("\n\x1e");
        auto record = bytes.substr(0, end);
        if (record.size() > most_bytes) {
            ++all.dropped;
        } else if (end != std::string_view::npos) {
            if (record.ends_with('\r'))
                record.remove_suffix(1);
            if (record.find_first_not_of(" \t\r") != std::string_view::npos)
                all.records.emplace_back(record);
        }
        if (end == std::string_view::npos)
            return all;
        bytes.remove_prefix(end + 1);
    }
}

} // namespace

/// A limit, four cuts, the stream.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    fuzz::input input(data, size);
    const auto most_bytes = std::size_t{input.byte()} * 16;
    const auto cut = fuzz::cuts::from(input);
    const auto bytes = input.rest();

    const auto wanted = expected(bytes, most_bytes);
    fuzz::require(frame({bytes}, most_bytes) == wanted, "in one piece, records are what stands between line ends");
    fuzz::require(frame(cut(bytes), most_bytes) == wanted, "cuts make no difference");
    fuzz::require(frame(fuzz::cuts::at_every_byte()(bytes), most_bytes) == wanted, "single bytes make no difference");
    return 0;
}
