#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sd_writer {

/// Size and hash of a document that comes in pieces: how two agents can see whether their files are the same.
///
/// FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv): the pieces' bounds make no difference. It finds
/// differences, and is no protection against somebody who makes them up.
class content_digest {
public:
    void add(std::string_view piece) noexcept
    {
        bytes_ += piece.size();
        for (const char byte : piece)
            hash_ = (hash_ ^ static_cast<unsigned char>(byte)) * prime;
    }

    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

    /// 48 bits, so that a metric's value, a double, holds it exactly (as `alertmanager_config_hash` does).
    [[nodiscard]] std::uint64_t hash() const noexcept { return (hash_ ^ (hash_ >> 48U)) & 0xFFFF'FFFF'FFFFU; }

private:
    static constexpr std::uint64_t offset_basis = 0xCBF2'9CE4'8422'2325;
    static constexpr std::uint64_t prime = 0x0000'0100'0000'01B3;

    std::size_t bytes_ = 0;
    std::uint64_t hash_ = offset_basis;
};

} // namespace sd_writer
