#include "agent/docker/list_splitter.hpp"

#include "tests/fuzz/fuzz_input.hpp"
#include "tests/support/naive_list_splitter.hpp"

/// Ways to cut it, the limit of an element, and a list.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    fuzz::input input(data, size);
    const auto cut = fuzz::cuts::from(input);
    const std::size_t most = std::size_t{input.byte()} * 4;
    const auto text = input.rest();

    const auto naive = support::split_naively(text, most);
    for (const auto how : support::json_scans()) {
        fuzz::require(support::split_in_pieces(fuzz::piece_list{text}, most, how) == naive,
                      "it splits as it is obvious");
        fuzz::require(support::split_in_pieces(cut(text), most, how) == naive, "cuts make no difference");
        fuzz::require(support::split_in_pieces(fuzz::cuts::at_every_byte()(text), most, how) == naive,
                      "single bytes make no difference");
    }
    for (const auto& element : naive.elements)
        fuzz::require(element.size() <= most, "no element is larger than the limit");
    return 0;
}
