#include "proto_http/grpc_framing.hpp"

#include "tests/fuzz/fuzz_input.hpp"

#include <string>

namespace {

using proto_http::take_grpc_message;

struct taken {
    std::vector<std::string> messages;
    bool is_bad = false;

    friend bool operator==(const taken&, const taken&) = default;
};

/// As a reader takes messages out of a body that grows.
taken take(const fuzz::piece_list& pieces, std::size_t most_bytes)
{
    taken all;
    std::string body;
    for (const auto piece : pieces) {
        body += piece;
        std::string_view rest = body;
        while (!all.is_bad) {
            const auto before = rest;
            const auto message = take_grpc_message(rest, most_bytes);
            all.is_bad = !message;
            if (all.is_bad)
                return all;
            if (!*message) {
                fuzz::require(rest == before, "an incomplete message stays");
                break;
            }
            fuzz::require((*message)->size() <= most_bytes, "no message is beyond the limit");
            all.messages.emplace_back(**message);
        }
        body.erase(0, body.size() - rest.size());
        const auto announced = proto_http::grpc_frame_bytes(body);
        fuzz::require(announced == 0 || announced > body.size(), "what stays is not complete");
    }
    return all;
}

} // namespace

/// A limit, four cuts, a body; the body is also what stands in a message and in the text of an error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    fuzz::input input(data, size);
    const auto most_bytes = std::size_t{input.byte()} * 16;
    const auto cut = fuzz::cuts::from(input);
    const auto bytes = input.rest();

    const auto whole = take({bytes}, most_bytes);
    fuzz::require(take(cut(bytes), most_bytes) == whole, "cuts make no difference");
    fuzz::require(take(fuzz::cuts::at_every_byte()(bytes), most_bytes) == whole, "single bytes make no difference");

    const auto frames = proto_http::grpc_frame(bytes) + proto_http::grpc_frame("");
    fuzz::require(take(cut(frames), bytes.size()) == taken{{std::string(bytes), ""}, false}, "frames come out again");

    const auto text = proto_http::decode_grpc_message(bytes);
    fuzz::require(text.size() <= bytes.size(), "decoding never adds");
    fuzz::require(bytes.find('%') != std::string_view::npos || text == bytes, "without a sign nothing is decoded");
    return 0;
}
