#include "agent/docker/list_splitter.hpp"

#include <algorithm>
#include <bit>
#include <cassert>

namespace agent::docker {
namespace {

/// RFC 8259 §2.
constexpr bool is_blank(char letter) noexcept
{
    return letter == ' ' || letter == '\n' || letter == '\r' || letter == '\t';
}

} // namespace

void list_splitter::push(std::string_view bytes)
{
    assert(at_ == bytes_.size() || defect_);
    before_ += at_;
    bytes_ = bytes;
    at_ = begin_ = scanned_begin_ = scanned_end_ = 0;
}

std::optional<std::string_view> list_splitter::next()
{
    if (is_partial_handed_out_) {
        partial_.clear();
        is_partial_handed_out_ = false;
    }
    if (defect_ || (place_ != place::in_element && !find_begin()))
        return std::nullopt;
    const bool is_whole = find_end();
    if (defect_)
        return std::nullopt;
    if (element_bytes() > most_element_bytes_) {
        refuse(list_defect::kind::too_large, taken() - element_bytes());
        return std::nullopt;
    }
    if (is_whole)
        return whole_element();
    keep_rest();
    return std::nullopt;
}

/// Goes to the next element, if it begins in what is here.
bool list_splitter::find_begin()
{
    while (at_ < bytes_.size()) {
        const auto letter = bytes_[at_];
        if (!is_blank(letter) && !take_between(letter)) {
            refuse(list_defect::kind::malformed, taken());
            return false;
        }
        ++at_;
        if (place_ == place::in_element) {
            begin_ = at_ - 1;
            depth_ = 1;
            return true;
        }
    }
    return false;
}

/// Takes a character that stands in no element. @return whether it may
bool list_splitter::take_between(char letter)
{
    const auto go_to = [this](place next) {
        place_ = next;
        return true;
    };
    switch (place_) {
    case place::before_list:
        return letter == '[' && go_to(place::before_first);
    case place::before_first:
        if (letter == ']')
            return go_to(place::behind_list);
        return letter == '{' && go_to(place::in_element);
    case place::behind_element:
        if (letter == ']')
            return go_to(place::behind_list);
        return letter == ',' && go_to(place::behind_comma);
    case place::behind_comma:
        return letter == '{' && go_to(place::in_element);
    case place::in_element:
    case place::behind_list:
        break;
    }
    return false;
}

/// Goes behind the element, or as far as the bytes reach. @return whether it ends in what is here
bool list_splitter::find_end()
{
    while (at_ < bytes_.size()) {
        // Between elements there is nothing that a scan would have to know of: it may begin anywhere behind.
        if (at_ >= scanned_end_)
            scan_more();
        const auto block_at = (at_ - scanned_begin_) / json_block_bytes;
        const auto block_begin = scanned_begin_ + block_at * json_block_bytes;
        const auto& block = masks_[block_at];
        // Most blocks cannot have the end in them.
        if (at_ == block_begin && block.closes < depth_ && block.stray == 0)
            depth_ = depth_ + block.opens - block.closes;
        else if (find_end_in(block, block_begin))
            return true;
        if (defect_)
            return false;
        at_ = std::min(block_begin + json_block_bytes, scanned_end_);
    }
    return false;
}

bool list_splitter::find_end_in(const json_masks& block, std::size_t block_begin)
{
    const auto to_come = ~std::uint64_t{0} << (at_ - block_begin);
    for (auto bits = (block.open | block.close | block.stray) & to_come; bits != 0; bits &= bits - 1) {
        const auto bit = bits & (~bits + 1);
        const auto where = block_begin + static_cast<std::size_t>(std::countr_zero(bits));
        if ((block.stray & bit) != 0) {
            at_ = where;
            const bool is_too_large = element_bytes() > most_element_bytes_;
            refuse(is_too_large ? list_defect::kind::too_large : list_defect::kind::malformed,
                   is_too_large ? taken() - element_bytes() : taken());
            return false;
        }
        if ((block.open & bit) != 0) {
            ++depth_;
        } else if (--depth_ == 0) {
            at_ = where + 1;
            return true;
        }
    }
    return false;
}

void list_splitter::scan_more()
{
    const auto rest = bytes_.substr(at_);
    const auto blocks = std::min(blocks_at_once, rest.size() / json_block_bytes);
    scanned_begin_ = at_;
    if (blocks > 0) {
        scan_json_blocks(how_, rest.data(), std::span(masks_).first(blocks), state_);
        scanned_end_ = at_ + blocks * json_block_bytes;
    } else {
        masks_[0] = scan_json_block(rest, state_);
        scanned_end_ = bytes_.size();
    }
}

std::string_view list_splitter::whole_element()
{
    place_ = place::behind_element;
    const auto end = bytes_.substr(begin_, at_ - begin_);
    if (partial_.empty() && bytes_.size() - at_ >= padding_bytes)
        return end;
    const auto length = partial_.size() + end.size();
    partial_.reserve(length + padding_bytes);
    partial_.append(end);
    partial_.append(padding_bytes, ' ');
    is_partial_handed_out_ = true;
    return std::string_view(partial_).substr(0, length);
}

void list_splitter::keep_rest()
{
    partial_.append(bytes_.substr(begin_));
    begin_ = at_; // all of it is kept
}

void list_splitter::refuse(list_defect::kind what, std::uint64_t offset)
{
    defect_ = {what, offset};
}

} // namespace agent::docker
