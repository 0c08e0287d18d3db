#include "agent/core/ip_address.hpp"

#include "sd_writer/check.hpp"
#include "sd_writer/json.hpp"
#include "tests/fuzz/fuzz_input.hpp"

#include <boost/asio/ip/address.hpp>

namespace {

bool is_scrapable(const boost::asio::ip::address& address)
{
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        return is_scrapable(boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6()));
    const bool is_link_local = address.is_v4()
                                   ? address.to_v4().to_bytes()[0] == 169 && address.to_v4().to_bytes()[1] == 254
                                   : address.to_v6().is_link_local();
    return !is_link_local && !address.is_loopback() && !address.is_multicast() && !address.is_unspecified();
}

} // namespace

/// An address as the engine tells it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const fuzz::input input(data, size);
    const auto found = agent::core::scrapable_address(input.rest());
    if (!found)
        return 0;
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(found->text, error);
    fuzz::require(!error && address.is_v6() == found->v6, "an address is one");
    fuzz::require(is_scrapable(address), "an address is one to be scraped");
    fuzz::require(input.rest().starts_with(found->text), "an address is as it was told");

    const auto target = agent::core::join_host_port(*found, 65535);
    std::string json;
    sd_writer::append_json(json, {{target}, {}});
    fuzz::require(!sd_writer::check_group(json).error, "Prometheus takes it as a target");
    fuzz::require(target.ends_with(found->v6 ? "]:65535" : ":65535"), "its port can be told from it");
    return 0;
}
