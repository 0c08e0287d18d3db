// What the model keeps its texts and lists in: small, and the same as what was put in.
#include "agent/core/address_list.hpp"
#include "agent/core/compact_list.hpp"
#include "agent/core/compact_text.hpp"
#include "agent/core/model.hpp"
#include "agent/core/shared_parts.hpp"
#include "tests/agent/core/swarm_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace agent::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string usual_id = "54e9hj86p5n4cz715joyk80pl";
const std::string container_id = "420c4bb056a32aea714176ef62a6cce6fe9bbbd1fd14dc0b1c24cb21789f838b";

TEST(Compact, ATaskIsSmall)
{
    // With its entry in a hashed set and its pointer in its service's list it is 200 bytes.
    EXPECT_LE(sizeof(task), 168U);
}

/// Texts as they come, and some that are nearly what is usual.
std::vector<std::string> odd_texts()
{
    auto upper = container_id;
    upper[5] = 'A';
    return {"",
            "a",
            usual_id,
            usual_id + "x",
            container_id,
            upper,
            container_id + "0",
            std::string("a\0b", 3),
            container_id.substr(1),
            std::string(300, 'z')};
}

template <class Text>
std::string text_of(const Text& value)
{
    return std::string(static_cast<std::string_view>(value));
}
std::string text_of(const container_id_text& value)
{
    return value.str();
}

template <class Text>
void expect_holds(const std::string& text)
{
    const Text held(text);
    EXPECT_EQ(text_of(held), text);
    EXPECT_EQ(held.empty(), text.empty());
    auto copy = held;
    EXPECT_TRUE(copy == held);
    auto moved = std::move(copy);
    EXPECT_EQ(text_of(moved), text);
    moved = Text("another");
    EXPECT_FALSE(moved == held);
    moved = held;
    EXPECT_EQ(text_of(moved), text);
    auto& self = moved;
    moved = self;
    EXPECT_EQ(text_of(moved), text);
}

TEST(Compact, HoldsAnyText)
{
    for (const auto& text : odd_texts()) {
        expect_holds<object_id>(text);
        expect_holds<container_id_text>(text);
        expect_holds<shared_text>(text);
    }
}

RC_GTEST_PROP(Compact, ComparesAsTextsDo, (const std::string& a, const std::string& b))
{
    RC_ASSERT((object_id(a) == object_id(b)) == (a == b));
    RC_ASSERT((object_id(a) < object_id(b)) == (a < b));
    RC_ASSERT((shared_text(a) < b) == (a < b));
    RC_ASSERT((container_id_text(a) == container_id_text(b)) == (a == b));
    RC_ASSERT(object_id(a) == a);
    RC_ASSERT(shared_text(b) == b);
}

TEST(Compact, HoldsAnyAddress)
{
    for (const std::string text :
         {"10.0.1.3/24", "0.0.0.0/0", "255.255.255.255/32", "10.0.1.3", "10.0.1.3/33", "10.0.1.03/24", "256.0.0.1/8",
          "10.0.1.3/24 ", "10.0.1/24", "fd00::3/64", "", "/", "1.2.3.4/", "1.2.3.4/08"}) {
        const address_list one{text};
        EXPECT_THAT(one, ElementsAre(text));
        EXPECT_THAT((address_list{text, "10.0.0.1/8"}), ElementsAre(text, "10.0.0.1/8"));
        EXPECT_THAT((address_list{"10.0.0.1/8", text}), ElementsAre("10.0.0.1/8", text));
    }
    EXPECT_THAT(address_list{}, IsEmpty());
    EXPECT_EQ((address_list{"10.0.1.3/24"}.only_ipv4()), 0x0A000103U);
    EXPECT_EQ((address_list{"10.0.1.3/24", "10.0.1.4/24"}.only_ipv4()), std::nullopt);
    EXPECT_EQ(ipv4_text(0x0A000103U), "10.0.1.3");
}

RC_GTEST_PROP(Compact, AddressesAreAsTheyWerePut, (const std::vector<std::string>& texts))
{
    auto list = address_list(texts);
    RC_ASSERT(list.size() == texts.size());
    RC_ASSERT(std::equal(list.begin(), list.end(), texts.begin(), texts.end()));
    const auto copy = list;
    RC_ASSERT(copy == list);
    list.push_back("10.0.0.1/8");
    RC_ASSERT(!(copy == list));
    list = copy;
    RC_ASSERT(copy == list);
}

RC_GTEST_PROP(Compact, ListsAreAsTheyWerePut, (const std::vector<int>& values))
{
    const short_list<int, 2> some(values);
    const rare_list<int> others(values);
    RC_ASSERT(std::equal(some.begin(), some.end(), values.begin(), values.end()));
    RC_ASSERT(std::equal(others.begin(), others.end(), values.begin(), values.end()));
    auto copy = some;
    auto moved = std::move(copy);
    RC_ASSERT(moved == some);
    moved.push_back(1);
    RC_ASSERT(moved.size() == values.size() + 1 && moved.back() == 1);
    moved.clear();
    RC_ASSERT(moved.empty());
}

task placed_task(const std::string& id)
{
    auto made = task_of(service_named("shop"), id, {on("ingress", {"10.0.0.3/24"}), on("back", {"10.0.1.3/24"})});
    made.container_labels = {{"a", "b"}};
    return made;
}

TEST(SharedParts, GivesEqualPartsOnce)
{
    shared_parts parts;
    auto one = placed_task("t1");
    auto other = placed_task("t2");
    EXPECT_FALSE(one.service_id.is_same_as(other.service_id));
    parts.share(one);
    parts.share(other);
    EXPECT_TRUE(one.service_id.is_same_as(other.service_id));
    EXPECT_TRUE(one.node_id.is_same_as(other.node_id));
    EXPECT_TRUE(one.attachments[1].network_id.is_same_as(other.attachments[1].network_id));
    EXPECT_TRUE(one.container_labels.is_same_as(other.container_labels));
    EXPECT_EQ(one.service_id, "id-shop");
    EXPECT_EQ(one.container_labels, (shared_labels{{"a", "b"}}));
}

TEST(SharedParts, ForgetsWhatNothingHasAnyMore)
{
    shared_parts parts;
    {
        auto one = placed_task("t1");
        parts.share(one);
        parts.sweep();
        EXPECT_EQ(parts.size(), 5U); // a service, a node, two networks, labels
    }
    parts.sweep();
    EXPECT_EQ(parts.size(), 0U);
}

} // namespace
} // namespace agent::core
