#include "agent/core/shared_text.hpp"

#include <cstring>
#include <limits>
#include <new>
#include <stdexcept>

namespace agent::core {

shared_text::shared_text(std::string_view text)
{
    if (text.empty())
        return;
    if (text.size() > std::numeric_limits<std::uint32_t>::max())
        throw std::length_error("shared_text");
    auto* memory = ::operator new(sizeof(header) + text.size());
    at_ = new (memory) header{1, static_cast<std::uint32_t>(text.size())};
    std::memcpy(at_ + 1, text.data(), text.size());
}

void shared_text::release() noexcept
{
    if (at_ && --at_->owners == 0)
        ::operator delete(at_);
}

} // namespace agent::core
