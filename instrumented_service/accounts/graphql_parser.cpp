#include "instrumented_service/accounts/graphql_parser.hpp"

#include "instrumented_service/accounts/graphql_lexer.hpp"

#include <string>
#include <utility>

namespace accounts::graphql {
namespace {

using kind = token::kind;

/// One function for each production of the grammar that is used here, named after it.
class parser {
public:
    explicit parser(std::string_view source) : lexer_(source) { advance(); }

    document read_document()
    {
        document whole;
        do
            read_definition(whole);
        while (next_.what != kind::end);
        return whole;
    }

private:
    /// Counts how deep selections and values are in each other, while it lives.
    class nesting {
    public:
        explicit nesting(parser& in) : in_(in)
        {
            if (++in_.depth_ > deepest_nesting)
                in_.refuse("nested deeper than " + std::to_string(deepest_nesting) + " levels");
        }
        nesting(const nesting&) = delete;
        nesting& operator=(const nesting&) = delete;
        ~nesting() { --in_.depth_; }

    private:
        parser& in_;
    };

    [[noreturn]] void refuse(const std::string& why) const { throw syntax_error(why, next_.where); }

    [[noreturn]] void expected(std::string_view what) const
    {
        refuse("expected " + std::string(what) + ", found " + found());
    }

    [[nodiscard]] std::string found() const
    {
        switch (next_.what) {
        case kind::end:
            return "the end";
        case kind::text:
            return "a string";
        default:
            return "\"" + next_.text.substr(0, 32) + "\"";
        }
    }

    token advance()
    {
        if (++tokens_ > most_tokens)
            refuse("more than " + std::to_string(most_tokens) + " tokens");
        return std::exchange(next_, lexer_.next());
    }

    [[nodiscard]] bool is(std::string_view punctuator) const
    {
        return next_.what == kind::punctuator && next_.text == punctuator;
    }

    [[nodiscard]] bool is_word(std::string_view word) const { return next_.what == kind::name && next_.text == word; }

    bool take_if(std::string_view punctuator)
    {
        if (!is(punctuator))
            return false;
        advance();
        return true;
    }

    void take(std::string_view punctuator)
    {
        if (!take_if(punctuator))
            expected("\"" + std::string(punctuator) + "\"");
    }

    std::string take_name()
    {
        if (next_.what != kind::name)
            expected("a name");
        return advance().text;
    }

    void read_definition(document& into)
    {
        if (is("{") || is_word("query") || is_word("mutation") || is_word("subscription"))
            into.operations.push_back(read_operation());
        else if (is_word("fragment"))
            into.fragments.push_back(read_fragment());
        else
            expected("an operation or a fragment");
    }

    operation read_operation()
    {
        operation one{"query", {}, {}, {}, {}, next_.where};
        if (!is("{")) {
            one.kind = take_name();
            if (next_.what == kind::name)
                one.name = take_name();
            if (is("("))
                one.variables = read_variables();
            one.directives = read_directives(false);
        }
        one.selections = read_selections();
        return one;
    }

    fragment read_fragment()
    {
        fragment one;
        one.where = advance().where;
        if (is_word("on"))
            expected("a fragment's name");
        one.name = take_name();
        one.condition = read_condition();
        one.directives = read_directives(false);
        one.selections = read_selections();
        return one;
    }

    std::string read_condition()
    {
        if (!is_word("on"))
            expected("\"on\"");
        advance();
        return take_name();
    }

    std::vector<variable_definition> read_variables()
    {
        std::vector<variable_definition> all;
        take("(");
        do
            all.push_back(read_variable());
        while (!take_if(")"));
        return all;
    }

    variable_definition read_variable()
    {
        variable_definition one;
        one.where = next_.where;
        take("$");
        one.name = take_name();
        take(":");
        one.type = read_type();
        one.non_null = take_if("!");
        if (take_if("="))
            one.otherwise = read_value(true);
        read_directives(true);
        return one;
    }

    std::string read_type()
    {
        if (!take_if("["))
            return take_name();
        const nesting deeper(*this);
        auto type = "[" + read_type();
        if (take_if("!"))
            type += '!';
        take("]");
        return type + "]";
    }

    std::vector<directive> read_directives(bool is_constant)
    {
        std::vector<directive> all;
        while (is("@")) {
            directive one;
            one.where = advance().where;
            one.name = take_name();
            one.arguments = read_arguments(is_constant);
            all.push_back(std::move(one));
        }
        return all;
    }

    std::vector<argument> read_arguments(bool is_constant)
    {
        std::vector<argument> all;
        if (!take_if("("))
            return all;
        do {
            argument one;
            one.where = next_.where;
            one.name = take_name();
            take(":");
            one.value = read_value(is_constant);
            all.push_back(std::move(one));
        } while (!take_if(")"));
        return all;
    }

    std::vector<selection> read_selections()
    {
        const nesting deeper(*this);
        std::vector<selection> all;
        take("{");
        do
            all.push_back(read_selection());
        while (!take_if("}"));
        return all;
    }

    selection read_selection()
    {
        selection one;
        one.where = next_.where;
        if (!is("..."))
            return read_field(std::move(one));
        advance();
        if (next_.what == kind::name && !is_word("on")) {
            one.what = selection::kind::spread;
            one.name = take_name();
            one.directives = read_directives(false);
            return one;
        }
        one.what = selection::kind::inline_fragment;
        if (is_word("on"))
            one.condition = read_condition();
        one.directives = read_directives(false);
        one.selections = read_selections();
        return one;
    }

    selection read_field(selection one)
    {
        one.name = take_name();
        if (take_if(":"))
            one.alias = std::exchange(one.name, take_name());
        one.arguments = read_arguments(false);
        one.directives = read_directives(false);
        one.has_selections = is("{");
        if (one.has_selections)
            one.selections = read_selections();
        return one;
    }

    value read_value(bool is_constant)
    {
        value one;
        one.where = next_.where;
        switch (next_.what) {
        case kind::integer:
            one.what = value::kind::integer;
            break;
        case kind::real:
            one.what = value::kind::real;
            break;
        case kind::text:
            one.what = value::kind::text;
            break;
        case kind::name:
            one.what = kind_of_word(next_.text);
            break;
        default:
            return read_compound(is_constant, std::move(one));
        }
        one.text = advance().text;
        return one;
    }

    static value::kind kind_of_word(std::string_view word)
    {
        if (word == "true" || word == "false")
            return value::kind::boolean;
        return word == "null" ? value::kind::null : value::kind::enumeration;
    }

    value read_compound(bool is_constant, value one)
    {
        if (is("$") && is_constant)
            refuse("a variable where only a constant may be");
        if (take_if("$")) {
            one.what = value::kind::variable;
            one.text = take_name();
            return one;
        }
        const nesting deeper(*this);
        if (take_if("[")) {
            one.what = value::kind::list;
            while (!take_if("]"))
                one.items.push_back(read_value(is_constant));
            return one;
        }
        if (!take_if("{"))
            expected("a value");
        one.what = value::kind::object;
        while (!take_if("}")) {
            auto key = take_name();
            take(":");
            one.items.push_back(read_value(is_constant));
            one.items.back().key = std::move(key);
        }
        return one;
    }

    lexer lexer_;
    token next_;
    std::size_t tokens_ = 0;
    unsigned depth_ = 0;
};

} // namespace

std::variant<document, error> parse(std::string_view source)
{
    try {
        return parser(source).read_document();
    } catch (const syntax_error& wrong) {
        return error{"Syntax error: " + std::string(wrong.what()), {wrong.where}, {}, {}};
    }
}

} // namespace accounts::graphql
