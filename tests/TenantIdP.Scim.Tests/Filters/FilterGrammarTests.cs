using TenantIdP.Scim.Filters;
using Xunit;

namespace TenantIdP.Scim.Tests.Filters;

/// <summary>RFC 7644 figure 1, and what is printed of it.</summary>
public sealed class FilterGrammarTests
{
    [Theory]
    [InlineData("userName eq \"bjensen\"", "userName eq \"bjensen\"")]
    [InlineData("USERNAME EQ \"bjensen\"", "userName eq \"bjensen\"")]
    [InlineData("name.familyName co \"O'Malley\"", "name.familyName co \"O'Malley\"")]
    [InlineData("urn:ietf:params:scim:schemas:core:2.0:User:userName sw \"J\"", "userName sw \"J\"")]
    [InlineData("URN:IETF:params:scim:schemas:CORE:2.0:user:username sw \"J\"", "userName sw \"J\"")]
    [InlineData("title pr", "title pr")]
    [InlineData("meta.lastModified gt \"2011-05-13T04:42:34Z\"", "meta.lastModified gt \"2011-05-13T04:42:34.000Z\"")]
    [InlineData("title pr and userType eq \"Employee\"", "title pr and userType eq \"Employee\"")]
    [InlineData("title pr or userType eq \"Intern\"", "title pr or userType eq \"Intern\"")]
    [InlineData("schemas eq \"urn:x\"", "schemas eq \"urn:x\"")]
    [InlineData("userType eq \"Employee\" and (emails co \"example.com\" or emails.value co \"example.org\")", "userType eq \"Employee\" and (emails.value co \"example.com\" or emails.value co \"example.org\")")]
    [InlineData("userType ne \"Employee\" and not (emails co \"example.com\")", "userType ne \"Employee\" and not (emails.value co \"example.com\")")]
    [InlineData("userType eq \"Employee\" and emails[type eq \"work\" and value co \"@example.com\"]", "userType eq \"Employee\" and emails[type eq \"work\" and value co \"@example.com\"]")]
    [InlineData("emails[type eq \"work\"] or ims[type eq \"xmpp\" and value co \"@foo.com\"]", "emails[type eq \"work\"] or ims[type eq \"xmpp\" and value co \"@foo.com\"]")]
    [InlineData("title pr or title pr and nickName pr", "title pr or title pr and nickName pr")]
    [InlineData("(title pr or title pr) and nickName pr", "(title pr or title pr) and nickName pr")]
    [InlineData("((title pr))", "title pr")]
    [InlineData("title pr and (nickName pr and locale pr)", "title pr and nickName pr and locale pr")]
    [InlineData("not(title pr)and(nickName pr)", "not (title pr) and nickName pr")]
    [InlineData("  title   pr  ", "title pr")]
    [InlineData("active eq true", "active eq true")]
    [InlineData("active eq True", "active eq true")]
    [InlineData("active ne \"False\"", "active ne false")]
    [InlineData("title eq null", "title eq null")]
    [InlineData("title eq \"a\\\"b\\\\c\\u0041\\n\"", "title eq \"a\\\"b\\\\cA\\u000a\"")]
    [InlineData("emails[type eq \"work\"].value eq \"a\"", "emails[type eq \"work\" and value eq \"a\"]")]
    [InlineData("emails[type eq \"work\"].value pr and active eq true", "emails[type eq \"work\" and value pr] and active eq true")]
    [InlineData("id eq \"1\" and urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager eq \"2\"", "id eq \"1\" and urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq \"2\"")]
    [InlineData("urn:tenantidp:params:scim:schemas:extension:custom:2.0:User:grade ge 1.2e1", "urn:tenantidp:params:scim:schemas:extension:custom:2.0:User:grade ge 12")]
    [InlineData("urn:tenantidp:params:scim:schemas:extension:custom:2.0:User:share lt -0.5", "urn:tenantidp:params:scim:schemas:extension:custom:2.0:User:share lt -0.5")]
    public void A_filter_is_read_and_printed(string text, string printed)
    {
        var filter = Resources.Filter(text);

        Assert.Equal(printed, filter.ToString());
        Assert.Equal(printed, Resources.Filter(printed).ToString());
    }

    [Theory]
    [InlineData("", 1, "missing")]
    [InlineData("   ", 4, "missing")]
    [InlineData("userName", 9, "operator")]
    [InlineData("userName eq", 12, "value")]
    [InlineData("userName eq ", 13, "value")]
    [InlineData("userName eq O", 13, "double quotes")]
    [InlineData("userName eq 'O'", 13, "double quotes")]
    [InlineData("userName eq \"O", 13, "not closed")]
    [InlineData("userName eq \"O\\", 13, "JSON")]
    [InlineData("userName eq \"\\x\"", 13, "JSON")]
    [InlineData("userName eq \"\\u12\"", 13, "JSON")]
    [InlineData("userName eq \"\\ud800\"", 13, "no value can have")]
    [InlineData("userName eq \"\\u0000\"", 13, "no value can have")]
    [InlineData("userName is \"O\"", 10, "not an operator")]
    [InlineData("userName eq\"O\"", 12, "blank")]
    [InlineData("userName eq \"O\" ", 0, null)]
    [InlineData("userName eq \"O\" x", 17, "the end")]
    [InlineData("userName eq \"O\" and", 17, "the end")]
    [InlineData("userName eq \"O\" and ", 21, "missing")]
    [InlineData("userName eq \"O\" andtitle pr", 17, "the end")]
    [InlineData("userName eq \"O\"and title pr", 0, null)]
    [InlineData("and title pr", 1, "no attribute")]
    [InlineData("(title pr", 10, ") is missing")]
    [InlineData("title pr)", 9, "the end")]
    [InlineData("not title pr", 1, "no attribute")]
    [InlineData("not (title pr", 14, ") is missing")]
    [InlineData("emails[type eq \"work\"", 22, "] is missing")]
    [InlineData("emails[]", 8, "name of an attribute")]
    [InlineData("emails[emails[type pr]]", 8, "no attribute")]
    [InlineData("emails[value[type pr]]", 8, "Brackets inside")]
    [InlineData("userName[value pr]", 1, "no values")]
    [InlineData("emails[userName pr]", 8, "no attribute")]
    [InlineData("emails[type eq \"work\"].foo pr", 24, "no attribute")]
    [InlineData("foo eq \"x\"", 1, "no attribute")]
    [InlineData("name.foo eq \"x\"", 1, "no attribute")]
    [InlineData("urn:x:User:userName eq \"x\"", 1, "no attribute")]
    [InlineData("urn:ietf:params:scim:schemas:core:2.0:User eq \"x\"", 1, "no attribute")]
    [InlineData("name eq \"x\"", 1, "complex")]
    [InlineData("addresses eq \"x\"", 1, "complex")]
    [InlineData("active gt true", 8, "can't be asked")]
    [InlineData("active co \"t\"", 8, "can't be asked")]
    [InlineData("active eq \"yes\"", 11, "Boolean")]
    [InlineData("active eq 1", 11, "Boolean")]
    [InlineData("userName eq 1", 13, "String")]
    [InlineData("userName eq true", 13, "String")]
    [InlineData("title gt null", 10, "null goes with")]
    [InlineData("x509Certificates.value gt \"AA==\"", 24, "can't be asked")]
    [InlineData("meta.created co \"2011\"", 14, "can't be asked")]
    [InlineData("meta.created gt \"yesterday\"", 17, "DateTime")]
    [InlineData("meta.created gt 2011", 17, "DateTime")]
    [InlineData("urn:tenantidp:params:scim:schemas:extension:custom:2.0:User:grade eq \"1\"", 70, "Integer")]
    [InlineData("urn:tenantidp:params:scim:schemas:extension:custom:2.0:User:grade eq 1.", 70, "number")]
    [InlineData("urn:tenantidp:params:scim:schemas:extension:custom:2.0:User:grade eq 1e999", 70, "number")]
    [InlineData("urn:tenantidp:params:scim:schemas:extension:custom:2.0:User:grade eq -", 70, "number")]
    public void What_is_no_filter_is_refused_with_its_position(string text, int position, string? why)
    {
        var parsed = FilterParser.Parse(text, Resources.User);

        if (why is null)
        {
            Assert.True(parsed.IsOk, parsed.Error?.Detail);
            return;
        }

        Assert.False(parsed.IsOk, text);
        Assert.Equal((400, "invalidFilter"), (parsed.Error.Status, parsed.Error.ScimType));
        Assert.StartsWith($"The filter is not valid at character {position}: ", parsed.Error.Detail, StringComparison.Ordinal);
        Assert.Contains(why, parsed.Error.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Attack", "E7")]
    [InlineData("password eq \"x\"")]
    [InlineData("password pr")]
    [InlineData("PASSWORD sw \"x\"")]
    [InlineData("urn:ietf:params:scim:schemas:core:2.0:User:password pr")]
    [InlineData("not (password eq \"x\")")]
    [InlineData("userName eq \"x\" or password sw \"x\"")]
    public void A_password_is_never_searched_for(string text)
    {
        var parsed = FilterParser.Parse(text, Resources.User);

        Assert.Equal("invalidFilter", parsed.Error?.ScimType);
        Assert.Contains("password can't be searched for", parsed.Error?.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void An_error_repeats_no_more_of_the_request_than_a_few_words()
    {
        var parsed = FilterParser.Parse(new string('x', 3000) + " eq 1", Resources.User);

        Assert.InRange(parsed.Error!.Detail.Length, 1, 200);
    }
}
