#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include <rapidcheck.h>

namespace support {

/// What a property is tried with: decisions, one after the other. 0 is the plainest one, and all that are left when
/// they have run out, so that a failure shrinks to fewer odd ones among plain ones.
class choices {
public:
    explicit choices(std::vector<std::uint32_t> values) : values_(std::move(values)) {}

    [[nodiscard]] bool are_left() const { return next_ < values_.size(); }

    std::size_t below(std::size_t limit) { return are_left() ? values_[next_++] % limit : 0; }
    bool one_in(std::size_t count) { return below(count) == count - 1; }

    template <class Value>
    Value any(std::initializer_list<Value> values)
    {
        return *(values.begin() + below(values.size()));
    }
    std::string any(std::initializer_list<const char*> values) { return *(values.begin() + below(values.size())); }

    /// Another order.
    template <class Values>
    void shuffle(Values& values)
    {
        for (auto left = values.size(); left > 1; --left)
            std::swap(values[left - 1], values[left - 1 - below(left)]);
    }

private:
    std::vector<std::uint32_t> values_;
    std::size_t next_ = 0;
};

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
