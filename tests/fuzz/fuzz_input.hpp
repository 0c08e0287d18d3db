#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

/// What the fuzz targets share. A target is one function, `LLVMFuzzerTestOneInput`, that is given any bytes and ends
/// the program when something that must always hold does not.
namespace fuzz {

/// Ends the program, which is how a fuzzer and the replay know of a finding.
inline void require(bool holds, const char* property)
{
    if (holds)
        return;
    std::fprintf(stderr, "does not hold: %s\n", property);
    std::abort();
}

/// The bytes of one run, taken off the front.
class input {
public:
    input(const std::uint8_t* data, std::size_t size)
        : bytes_(data, data + size), rest_(reinterpret_cast<const char*>(bytes_.data()), size)
    {
    }
    input(const input&) = delete;
    input& operator=(const input&) = delete;

    /// 0 behind the end.
    [[nodiscard]] std::uint8_t byte()
    {
        if (rest_.empty())
            return 0;
        const auto first = static_cast<std::uint8_t>(rest_.front());
        rest_.remove_prefix(1);
        return first;
    }

    [[nodiscard]] std::string_view rest() const { return rest_; }

private:
    std::vector<std::uint8_t> bytes_; ///< of exactly that size, so that reading on is noticed
    std::string_view rest_;
};

using piece_list = std::vector<std::string_view>;

/// Ways to cut a stream of bytes into pieces.
class cuts {
public:
    /// Takes four sizes, each a byte of the input plus one, which are used in turn.
    [[nodiscard]] static cuts from(input& bytes)
    {
        cuts made;
        for (auto& size : made.sizes_)
            size = std::size_t{bytes.byte()} + 1;
        return made;
    }

    [[nodiscard]] static cuts at_every_byte() { return {}; }

    [[nodiscard]] piece_list operator()(std::string_view bytes) const
    {
        piece_list pieces;
        for (std::size_t at = 0; !bytes.empty(); ++at) {
            pieces.push_back(bytes.substr(0, sizes_[at % sizes_.size()]));
            bytes.remove_prefix(pieces.back().size());
        }
        return pieces;
    }

private:
    std::array<std::size_t, 4> sizes_{1, 1, 1, 1};
};

/// The parts of a text between separators; one more than there are separators.
[[nodiscard]] inline piece_list split(std::string_view text, char separator)
{
    piece_list parts;
    for (;;) {
        const auto end = std::min(text.find(separator), text.size());
        parts.push_back(text.substr(0, end));
        if (end == text.size())
            return parts;
        text.remove_prefix(end + 1);
    }
}

} // namespace fuzz
