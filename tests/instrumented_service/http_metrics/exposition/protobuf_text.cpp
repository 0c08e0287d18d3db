#include "tests/instrumented_service/http_metrics/exposition/protobuf_text.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <map>
#include <stdexcept>

#include <protozero/pbf_reader.hpp>
#include <protozero/varint.hpp>

namespace http_metrics {
namespace {

enum class kind { text, number, count, zigzag, message };

struct field;
using message = std::map<protozero::pbf_tag_type, field>;

struct field {
    std::string name;
    kind type = kind::message;
    const message* nested = nullptr;
};

// client_model's metrics.proto, as far as it is written here.
const message label_pair{{1, {"name", kind::text}}, {2, {"value", kind::text}}};
const message timestamp{{1, {"seconds", kind::count}}, {2, {"nanos", kind::count}}};
const message exemplar_type{{1, {"label", kind::message, &label_pair}},
                            {2, {"value", kind::number}},
                            {3, {"timestamp", kind::message, &timestamp}}};
const message simple{{1, {"value", kind::number}}, {3, {"created_timestamp", kind::message, &timestamp}}};
const message quantile{{1, {"quantile", kind::number}}, {2, {"value", kind::number}}};
const message summary{{1, {"sample_count", kind::count}},
                      {2, {"sample_sum", kind::number}},
                      {3, {"quantile", kind::message, &quantile}},
                      {4, {"created_timestamp", kind::message, &timestamp}}};
const message bucket{{1, {"cumulative_count", kind::count}},
                     {2, {"upper_bound", kind::number}},
                     {3, {"exemplar", kind::message, &exemplar_type}}};
const message span{{1, {"offset", kind::zigzag}}, {2, {"length", kind::count}}};
const message histogram{{1, {"sample_count", kind::count}},
                        {2, {"sample_sum", kind::number}},
                        {3, {"bucket", kind::message, &bucket}},
                        {5, {"schema", kind::zigzag}},
                        {6, {"zero_threshold", kind::number}},
                        {7, {"zero_count", kind::count}},
                        {12, {"positive_span", kind::message, &span}},
                        {13, {"positive_delta", kind::zigzag}},
                        {15, {"created_timestamp", kind::message, &timestamp}}};
const message metric{{1, {"label", kind::message, &label_pair}}, {2, {"gauge", kind::message, &simple}},
                     {3, {"counter", kind::message, &simple}},   {4, {"summary", kind::message, &summary}},
                     {5, {"untyped", kind::message, &simple}},   {7, {"histogram", kind::message, &histogram}}};
const message metric_family{{1, {"name", kind::text}},
                            {2, {"help", kind::text}},
                            {3, {"type", kind::count}},
                            {4, {"metric", kind::message, &metric}},
                            {5, {"unit", kind::text}}};

std::string number_text(double value)
{
    std::string text(32, '\0');
    text.resize(
        static_cast<std::size_t>(std::to_chars(text.data(), text.data() + text.size(), value).ptr - text.data()));
    return text;
}

/// Messages of scalars stand on one line, others have one for each of their fields.
bool is_flat(const message& known)
{
    for (const auto& [number, each] : known)
        if (each.type == kind::message)
            return false;
    return true;
}

void print(std::string& to, protozero::pbf_reader from, const message& known, const std::string& line_start,
           std::string_view line_end)
{
    while (from.next()) {
        const auto& now = known.at(from.tag());
        to += line_start + now.name;
        switch (now.type) {
        case kind::text:
            to += ": '" + from.get_string() + "'";
            break;
        case kind::number:
            to += ": " + number_text(from.get_double());
            break;
        case kind::count:
            to += ": " + std::to_string(from.get_uint64());
            break;
        case kind::zigzag:
            to += ": " + std::to_string(from.get_sint64());
            break;
        case kind::message:
            if (is_flat(*now.nested)) {
                to += " {";
                print(to, from.get_message(), *now.nested, " ", "");
                to += " }";
            } else {
                to += " {\n";
                print(to, from.get_message(), *now.nested, line_start + "  ", "\n");
                to += line_start + "}";
            }
            break;
        }
        to += line_end;
    }
}

} // namespace

std::string protobuf_text(std::string_view messages)
{
    std::string text;
    while (!messages.empty()) {
        const auto* at = messages.data();
        const auto length = protozero::decode_varint(&at, messages.data() + messages.size());
        messages.remove_prefix(static_cast<std::size_t>(at - messages.data()));
        if (length > messages.size())
            throw std::runtime_error("a message ends too early");
        print(text, protozero::pbf_reader(messages.data(), static_cast<std::size_t>(length)), metric_family, "", "\n");
        messages.remove_prefix(static_cast<std::size_t>(length));
    }
    return text;
}

} // namespace http_metrics
