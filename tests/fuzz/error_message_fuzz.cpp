#include "agent/docker/decode.hpp"

#include "tests/fuzz/fuzz_input.hpp"
#include "tests/fuzz/utf8.hpp"

/// The body of an answer that is no 200.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const fuzz::input input(data, size);
    const auto body = input.rest();
    const auto line = agent::docker::error_message(std::string(body));
    fuzz::require(line.size() <= 200, "a message is short");
    fuzz::require(std::none_of(line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }),
                  "a message is one line");
    fuzz::require(fuzz::is_utf8(line) || !fuzz::is_utf8(body), "a message is cut between characters");
    fuzz::require(line.size() <= body.size() * 3, "a message comes from the body");
    return 0;
}
