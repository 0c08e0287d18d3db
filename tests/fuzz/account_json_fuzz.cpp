#include "instrumented_service/accounts/account_json.hpp"

#include "instrumented_service/accounts/json_reader.hpp"
#include "tests/fuzz/fuzz_input.hpp"
#include "tests/fuzz/utf8.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <string>
#include <variant>

using namespace accounts;

namespace {

void require_sound(const wanted_account& wanted)
{
    fuzz::require(!wanted.id || is_valid_id(*wanted.id), "an ID is one");
    fuzz::require(!name_fault(wanted.name) && fuzz::is_utf8(wanted.name), "a name is one");
    const auto again = read_account(to_json({wanted.id.value_or("x"), wanted.name}), id_rule::required);
    fuzz::require(std::holds_alternative<wanted_account>(again), "what is written can be read");
    fuzz::require(std::get<wanted_account>(again).name == wanted.name, "and is the same");
}

void require_sound(const body_fault& fault)
{
    fuzz::require(fault.code == "invalid_json" || fault.code == "invalid_account", "a fault has a code");
    fuzz::require(!fault.message.empty() && fuzz::is_utf8(fault.message), "a fault is words");
    fuzz::require(fault.message.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos,
                  "a fault is one line");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const fuzz::input input(data, size);
    const auto text = input.rest();

    const auto read = read_json(text);
    boost::system::error_code error;
    const auto other = boost::json::parse(boost::json::string_view(text.data(), text.size()), error);
    if (const auto* value = std::get_if<boost::json::value>(&read)) {
        // As text: Boost.JSON 1.81 takes 0e66666666 for a number that is none, which equals nothing.
        fuzz::require(!error && boost::json::serialize(*value) == boost::json::serialize(other),
                      "what is read is what it says");
        fuzz::require(fuzz::is_utf8(text), "JSON is UTF-8");
    }

    for (const auto rule : {id_rule::optional, id_rule::required}) {
        const auto account = read_account(text, rule);
        if (const auto* wanted = std::get_if<wanted_account>(&account)) {
            fuzz::require(rule == id_rule::optional || wanted->id, "an ID that must be there is there");
            require_sound(*wanted);
        } else {
            require_sound(std::get<body_fault>(account));
        }
    }
    return 0;
}
