#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

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

} // namespace support
