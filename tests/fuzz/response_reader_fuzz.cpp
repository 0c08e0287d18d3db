#include "proto_http/response_reader.hpp"

#include "proto_http/errc.hpp"
#include "tests/fuzz/fuzz_input.hpp"

#include <algorithm>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>

namespace {

using proto_http::response_reader;

struct limits {
    std::size_t head_bytes = 16 * 1024;
    std::size_t body_bytes = 64 * 1024;
    bool to_head = false;
};

/// One response as far as it came.
struct outcome {
    proto_http::error_code error;
    unsigned status = 0;
    proto_http::field_list fields;
    std::string body;
    bool is_cut = false;  ///< there was more of the body than it may have
    bool is_done = false; ///< it came to its end
    bool keep_alive = false;

    friend bool operator==(const outcome&, const outcome&) = default;
};

/// A client that hears what a server says unasked, piece by piece.
class listener {
public:
    explicit listener(const limits& bounds) : bounds_(bounds) { begin(); }

    /// @return whether the connection is of use any longer
    bool hear(std::string_view piece)
    {
        while (!piece.empty()) {
            const auto room = reader_.prepare();
            fuzz::require(!room.empty(), "there is room for more");
            const auto count = std::min(room.size(), piece.size());
            std::copy_n(piece.begin(), count, room.begin());
            reader_.commit(count);
            piece.remove_prefix(count);
            if (!advance())
                return false;
        }
        return true;
    }

    /// The server hangs up. @return the responses, the last of which may be a part of one
    std::vector<outcome> hang_up()
    {
        if (in_body_ && !now_.error && !now_.is_cut)
            now_.is_done = framing_.close();
        if (now_ != outcome{})
            seen_.push_back(std::move(now_));
        return std::move(seen_);
    }

private:
    void begin()
    {
        now_ = {};
        in_body_ = false;
        reader_.expect_head(bounds_.head_bytes, bounds_.to_head);
    }

    bool advance()
    {
        while (true) {
            if (!in_body_ && !take_head())
                return !now_.error;
            if (!take_body())
                return !now_.error && !now_.is_cut;
            const bool goes_on = now_.keep_alive;
            seen_.push_back(std::move(now_));
            begin();
            if (!goes_on)
                return false;
        }
    }

    bool take_head()
    {
        auto start = reader_.take_head();
        if (!start)
            now_.error = start.error();
        in_body_ = start && *start;
        if (!in_body_)
            return false;
        now_.status = (*start)->head.status;
        now_.fields = std::move((*start)->head.fields);
        now_.keep_alive = (*start)->keep_alive;
        framing_ = (*start)->body;
        return true;
    }

    bool take_body()
    {
        const auto appended = reader_.append(now_.body, framing_, bounds_.body_bytes);
        if (!appended)
            now_.error = appended.error();
        now_.is_cut = appended && *appended == response_reader::verdict::too_much;
        now_.is_done = framing_.is_done() && !now_.is_cut;
        return appended && now_.is_done;
    }

    limits bounds_;
    response_reader reader_;
    proto_http::body_decoder framing_ = proto_http::body_decoder::nothing();
    bool in_body_ = false;
    outcome now_;
    std::vector<outcome> seen_;
};

std::vector<outcome> read(const fuzz::piece_list& pieces, const limits& bounds)
{
    listener client(bounds);
    for (const auto piece : pieces)
        if (!client.hear(piece))
            break;
    return client.hang_up();
}

std::ptrdiff_t count_fields(const outcome& response, std::string_view name)
{
    return std::count_if(response.fields.begin(), response.fields.end(),
                         [name](const auto& field) { return proto_http::equal_ignoring_case(field.first, name); });
}

void require_sound(const outcome& response, const limits& bounds)
{
    using proto_http::errc;
    const auto& why = response.error;
    fuzz::require(!why || why == errc::bad_message || why == errc::head_too_large || why == errc::unexpected_tls,
                  "an error says what is wrong");
    fuzz::require(response.body.size() <= bounds.body_bytes, "the body is within its limit");
    fuzz::require(!response.is_cut || response.body.size() == bounds.body_bytes, "only what is too much is cut off");
    if (response.status == 0)
        return;
    fuzz::require(response.status >= 200 && response.status <= 999, "interim responses are passed over");
    std::size_t head = 0;
    for (const auto& [name, value] : response.fields) {
        head += name.size() + value.size();
        fuzz::require(!name.empty() && name.find_first_of(" \t\r\n:") == std::string::npos, "a field has a name");
        fuzz::require(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos, "a value is one line");
    }
    fuzz::require(head <= bounds.head_bytes, "the head is within its limit");
    fuzz::require(count_fields(response, "transfer-encoding") == 0 || count_fields(response, "content-length") == 0,
                  "a body has one framing");
    fuzz::require(response.body.empty() || !bounds.to_head, "what answers HEAD has no body");
}

/// As a server would send it.
std::string as_sent(const outcome& response, const limits& bounds)
{
    std::ostringstream out;
    out << "HTTP/1.1 " << response.status << " \r\n";
    for (const auto& [name, value] : response.fields)
        out << name << ':' << value << "\r\n";
    out << "\r\n";
    if (count_fields(response, "transfer-encoding") == 0 || bounds.to_head || response.status == 204 ||
        response.status == 304)
        out << response.body;
    else if (response.body.empty())
        out << "0\r\n\r\n";
    else
        out << std::hex << response.body.size() << "\r\n" << response.body << "\r\n0\r\n\r\n";
    return out.str();
}

limits limits_of(std::uint8_t choice)
{
    limits bounds;
    if ((choice & 1U) != 0)
        bounds.head_bytes = 96;
    if ((choice & 2U) != 0)
        bounds.body_bytes = 8;
    bounds.to_head = (choice & 4U) != 0;
    return bounds;
}

} // namespace

/// Which limits, four cuts, the bytes of a connection.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    fuzz::input input(data, size);
    const auto bounds = limits_of(input.byte());
    const auto cut = fuzz::cuts::from(input);
    const auto bytes = input.rest();

    const auto seen = read({bytes}, bounds);
    fuzz::require(read(cut(bytes), bounds) == seen, "cuts make no difference");
    fuzz::require(read(fuzz::cuts::at_every_byte()(bytes), bounds) == seen, "single bytes make no difference");
    for (const auto& each : seen) {
        require_sound(each, bounds);
        if (each.error || !each.is_done)
            continue;
        auto again = read({as_sent(each, bounds)}, limits{.to_head = bounds.to_head});
        fuzz::require(again.size() == 1, "what was understood is one response");
        again.front().keep_alive = each.keep_alive; // which the version decides, too
        fuzz::require(again.front() == each, "and means the same when it is sent on");
    }
    return 0;
}
