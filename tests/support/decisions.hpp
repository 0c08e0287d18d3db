#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <rapidcheck.h>

/// Where the decisions of a property test come from.
namespace support {

/// The same decisions with one block of them made plain: halves first, down to a 64th. Decision by decision would take
/// minutes.
inline rc::Seq<std::vector<std::uint32_t>> plainer(const std::vector<std::uint32_t>& values)
{
    constexpr std::size_t smallest_share = 64;
    std::vector<std::vector<std::uint32_t>> found;
    for (std::size_t share = 2; share <= smallest_share; share *= 2)
        for (std::size_t block = 0; block < share; ++block) {
            auto plain = values;
            std::fill(plain.begin() + static_cast<std::ptrdiff_t>(values.size() * block / share),
                      plain.begin() + static_cast<std::ptrdiff_t>(values.size() * (block + 1) / share), 0U);
            if (plain != values)
                found.push_back(std::move(plain));
        }
    return rc::seq::fromContainer(std::move(found));
}

/// That many decisions, whatever the size of the test.
inline rc::Gen<std::vector<std::uint32_t>> decisions(std::size_t count)
{
    constexpr std::uint32_t many = 1U << 16U;
    const auto all = rc::gen::container<std::vector<std::uint32_t>>(count, rc::gen::inRange(0U, many));
    return rc::gen::shrink(rc::gen::noShrink(rc::gen::resize(100, all)), plainer);
}

} // namespace support
